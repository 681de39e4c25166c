"""The bots of the live tests know the chain and a depth file, and nothing of what is predicted."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import pytest
from depth_money import Money, Thing

FOLDER = Path(__file__).parents[1] / "support" / "bots"


def imported(text: str) -> set[str]:
    """The packages that a module's text imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides what is imported"
            found.add((node.module or "").partition(".")[0])
    return found


def test_no_bot_imports_anything_of_the_analyzer_or_of_what_else_tests_share() -> None:
    modules = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    assert len(modules) >= 4
    shared = {path.stem for path in FOLDER.parent.glob("*/*.py")} - modules.keys()
    for name, text in modules.items():
        assert not imported(text) & {"analyzer", *shared}, name
        assert "importlib" not in text, name
        assert "__import__" not in text, name


def test_an_import_is_seen_wherever_it_stands() -> None:
    assert imported("def f():\n    from analyzer.contagion import run") == {"analyzer"}
    assert imported("import os, analyzer.market as m") == {"os", "analyzer"}


def money(**depths: int | None) -> Money:
    """Things at 100 dollars each, that fell to 50."""
    known = {name: None if d is None else Fraction(d) for name, d in depths.items()}
    known["stETH/ETH"] = None
    things = {name: Thing(name, 10, Fraction(100), Fraction(50)) for name in known}
    return Money(known, things)


def test_100_into_1000_are_sold_a_part_in_eleven_below_the_price() -> None:
    bot = money(ETH=1_000, USD=None)
    # ten raw units are one; one is 100 dollars at the first price, and fetches 50 less a part in 11
    assert bot.worth({"ETH": 10}) == Fraction(50) * Fraction(10, 11)
    bot.trade({"ETH": 10})
    assert bot.price("ETH") == 50 * Fraction(10, 11) ** 2
    assert bot.worth({"ETH": -10}) == -Fraction(50) * Fraction(10, 11)


def test_more_than_there_is_cannot_be_bought_and_more_than_is_taken_fetches_nothing() -> None:
    bot = money(ETH=1_000, USD=None)
    assert bot.worth({"ETH": -100}) is None
    assert bot.worth({"ETH": 10**9}) == 0


def test_a_staking_token_meets_the_pool_of_its_base_unless_it_is_sold_for_that() -> None:
    bot = money(ETH=1_000, USD=None)
    assert bot.worth({"stETH/ETH": 10, "ETH": -10}) == 0
    assert bot.worth({"stETH/ETH": 20, "ETH": -10}) == 50 * Fraction(10, 11)
    assert bot.worth({"stETH/ETH": 10}) == Fraction(50) * Fraction(10, 11)
    with pytest.raises(AssertionError):
        bot.worth({"ETH": 1, "USD": 1})
