"""Shocks in words: `ETH=-30%,BTC=-20%`, `JELLY=x4.5`, `@alt=-58%`, `*=-10%`.

`-30%` is a move, `x0.7` a multiple; both are read as exact decimals. A bare number is refused,
because `0.7` could mean either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from analyzer.contagion.scenario.types import ALL, CLASS_KEYS, Scenario, Step
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, shown

_PERCENT = re.compile(r"([+-]?)(\d+(?:\.\d+)?|\.\d+)\s*%", re.ASCII)
MOST_SIGNS = 24
"""Of a move: no price multiplies by more than that many digits."""
_TIMES = re.compile(r"x\s*(\d+(?:\.\d+)?|\.\d+)", re.ASCII)


def parse_percent(text: str, *, what: str) -> Fraction:
    """`-30%` -> 7/10, `+400%` -> 5, `x0.7` -> 7/10: the multiple of the price.

    Raises: InputError naming `what` for any other text, for one of more than `MOST_SIGNS` signs,
    and for a price of zero or less.
    """
    if len(text) > MOST_SIGNS:
        raise InputError(f"{what} has to be a move of at most {MOST_SIGNS} signs: {shown(text)}")
    percent, times = _PERCENT.fullmatch(text.strip()), _TIMES.fullmatch(text.strip())
    if percent:
        sign = -1 if percent[1] == "-" else 1
        value = 1 + sign * Fraction(percent[2]) / 100
    elif times:
        value = Fraction(times[1])
    else:
        raise InputError(
            f"{what} has to be a move like -30% or a multiple like x0.7, not {shown(text)}"
        )
    if value <= 0:
        raise InputError(f"{what}: {text} leaves no price (a fall has to be less than 100%)")
    return value


def parse_shock(text: str) -> Scenario:
    """The scenario of one step that a command line names: `ETH=-30%,BTC=-20%`.

    Raises: InputError naming the part that is wrong, or named twice.
    """
    shocks: dict[str, Fraction] = {}
    for part in text.split(","):
        name, equals, move = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise InputError(f"a shock is FACTOR=MOVE, like ETH=-30%, not {shown(part.strip())}")
        check_key(name, what="the shock")
        if name in shocks:
            raise InputError(f"the shock names {name} twice")
        shocks[name] = parse_percent(move, what=f"the shock of {name}")
    title = shock_title(shocks)
    return Scenario(
        name="shock", title=title, source="the command line", steps=(Step(shocks),), verified=True
    )


def shock_title(shocks: Mapping[str, Fraction]) -> str:
    """Shocks as a title: `ETH -30 %, BTC -20 %`."""
    return ", ".join(f"{name} {signed_percent(value)}" for name, value in shocks.items())


def check_key(name: str, *, what: str) -> None:
    """Sees that a key is one line of text, and one that starts with `@` a class. Raises: InputError
    listing them."""
    if not is_line(name):
        raise InputError(f"{what} names {shown(name)}, which is no line of text")
    if name.startswith("@") and name not in CLASS_KEYS:
        known = ", ".join(sorted(CLASS_KEYS))
        raise InputError(f"{what} names {name}, which is no class (known: {known}; {ALL} for all)")


def signed_percent(value: Fraction) -> str:
    """A multiple as a move in percent, exact where that takes at most four decimals: `-30 %`."""
    move = (value - 1) * 100
    return f"{float(move):+.4f}".rstrip("0").rstrip(".") + " %"
