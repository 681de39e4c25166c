"""Scenario files: everything that one may say, and what each mistake is told as."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from analyzer.contagion.scenario import (
    AT_ANY_LOSS,
    Auctions,
    Liquidators,
    MarginSpiral,
    Scenario,
    Step,
    depth_multiplier,
    load_scenario,
)
from analyzer.contagion.scenario import file as scenario_file
from analyzer.model.errors import InputError

HEAD = 'title = "t"\nsource = "s"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_everything_that_a_file_may_say_is_read_exactly(tmp_path: Path) -> None:
    text = (
        HEAD
        + """
venue = "v"
unverified = ["u"]
notes = ["n", "m"]
depth = 0.02
market_factor = "ETH"
stale = ["BTC"]
withdraw = true
default_owners = ["7", "9"]
[betas]
BTC = 0.1
[margin_spiral]
shock = 2
cap = 1.3
fixed_thresholds = true
[[step]]
shocks = {ETH = "-0.1%"}
prices = {0xaa = 1234.567890123456789012}
liquidators = 0.25
rounds = 10
[[step]]
shocks = {"@alt" = "x0.3"}
"""
    )
    assert load_scenario(written(tmp_path, text)) == Scenario(
        name="mine",
        title="t",
        source="s",
        steps=(
            Step(
                {"ETH": Fraction(999, 1000)},
                {"0xaa": 1234567890123456789012},
                Fraction(1, 4),
                10,
            ),
            Step({"@alt": Fraction(3, 10)}),
        ),
        venue="v",
        verified=False,
        unverified=("u",),
        notes=("n", "m"),
        depth_multiplier=Fraction(1, 50),
        betas={"BTC": Fraction(1, 10)},
        market_factor="ETH",
        stale=frozenset({"BTC"}),
        withdraw=True,
        default_owners=("7", "9"),
        margin_spiral=MarginSpiral(shock=Fraction(2), cap=Fraction(13, 10), fixed_thresholds=True),
    )


def test_who_liquidates_and_on_which_terms(tmp_path: Path) -> None:
    text = HEAD + "[liquidators]\ngas_usd = 2\nauctions = 'now'\n"
    terms = load_scenario(written(tmp_path, text)).liquidators
    assert terms == Liquidators(gas_usd=Fraction(2), auctions=Auctions.NOW)
    plain = load_scenario(written(tmp_path, HEAD)).liquidators
    assert (plain.auctions, plain.gas_usd) == (Auctions.FIRST_PAYING, 5)
    assert load_scenario(written(tmp_path, HEAD + "liquidators = 'at any loss'")).liquidators == (
        AT_ANY_LOSS
    )


def test_the_least_that_a_file_says_is_a_title_and_a_source(tmp_path: Path) -> None:
    found = load_scenario(written(tmp_path, HEAD))
    assert found == Scenario("mine", "t", "s", (Step(),), verified=True)
    assert load_scenario(written(tmp_path, HEAD + "default_owners = 2")).default_owners == 2


def test_depth_is_multiplied_by_factor_then_by_class_then_for_all(tmp_path: Path) -> None:
    text = HEAD + "[depth]\n'*' = 0.5\n'@large-other' = 0.02\nLINK = 0.05\n"
    scenario = load_scenario(written(tmp_path, text))
    named = ("LINK", "SOL", "ETH", "stETH/ETH")
    found = [depth_multiplier(scenario, factor) for factor in named]
    assert found == [Fraction(1, 20), Fraction(1, 50), Fraction(1, 2), Fraction(1, 2)]
    plain = load_scenario(written(tmp_path, HEAD + "[depth]\n'@eth' = 3\n"))
    assert [depth_multiplier(plain, factor) for factor in ("ETH", "BTC")] == [3, 1]


def test_the_example_in_the_docstring_is_read(tmp_path: Path) -> None:
    doc = scenario_file.__doc__ or ""
    sample = "\n".join(line[4:] for line in doc.splitlines() if line.startswith("    "))
    with pytest.raises(InputError, match=r"either \[shocks\] or \[\[step\]\], not both"):
        load_scenario(written(tmp_path, sample))
    only_shocks = load_scenario(written(tmp_path, sample.split("[[step]]")[0]))
    assert only_shocks.steps[0].shocks["CRV"] == Fraction(142, 125)
    without = sample.split("[shocks]")[0] + "[betas]" + sample.split("[betas]")[1]
    assert load_scenario(written(tmp_path, without)).steps[0].rounds_limit == 10


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("source = 's'", "mine.toml needs the key title"),
        ("title = 't'", "mine.toml needs the key source"),
        ("title = ''\nsource = 's'", "mine.toml.title has to be a text, it is ''"),
        (
            HEAD + "[liquidators]\nauctions = 'later'",
            'liquidators.auctions has to be "first that pays" or "now"',
        ),
        (
            HEAD + "[liquidators]\nmode = 'at any loss'\nauctions = 'now'",
            "who works at any loss asks for neither gas nor return, nor waits",
        ),
        (HEAD + "colour = 1", "mine.toml: there is no key colour (known: betas, default_owners"),
        (HEAD + "[depth]\nETH = 0", "mine.toml: depth.ETH has to be above zero, it is 0"),
        (HEAD + "[depth]\n'@alt' = 1", "mine.toml: depth: @alt is no class of depth (known: @btc"),
        (HEAD + "depth = 0", "mine.toml.depth has to be above zero, it is 0"),
        (HEAD + "depth = '2%'", "mine.toml.depth has to be a number, it is '2%'"),
        (HEAD + "depth = nan", "mine.toml.depth has to be a number, it is NaN"),
        (HEAD + "depth = true", "mine.toml.depth has to be a number, it is True"),
        (HEAD + "withdraw = 1", "mine.toml.withdraw has to be true or false, it is 1"),
        (HEAD + "stale = 'ETH'", "mine.toml.stale has to be a list of texts, it is 'ETH'"),
        (HEAD + "default_owners = -1", "mine.toml.default_owners has to be a whole number"),
        (HEAD + "default_owners = [1]", "mine.toml.default_owners has to be a list of texts"),
        (HEAD + "shocks = 5", "mine.toml.shocks has to be a table [shocks], it is 5"),
        (HEAD + "step = 5", "mine.toml.step has to be tables [[step]], it is 5"),
        (HEAD + "[shocks]\nETH = -0.3", 'shocks.ETH has to be a text like "-30%" or "x0.7", it'),
        (HEAD + "[shocks]\nETH = '-30'", "shocks.ETH has to be a move like -30% or a multiple"),
        (HEAD + "[shocks]\nETH = '-100%'", "mine.toml: shocks.ETH: -100% leaves no price"),
        (HEAD + "[shocks]\n'@x' = '-1%'", "mine.toml: shocks names @x, which is no class"),
        (HEAD + "[betas]\nBTC = 1", "betas need the key market_factor"),
        (HEAD + "market_factor = 'ETH'\n[betas]\nBTC = 'x'", "betas.BTC has to be a number"),
        (
            HEAD + "[[step]]\nliquidators = 1.5",
            "step 1.liquidators has to be from 0 to 1, it is 1.5",
        ),
        (HEAD + "[[step]]\n[[step]]\nrounds = -2", "step 2.rounds has to be a whole number"),
        (HEAD + "[[step]]\nprices = {a = 0}", "step 1: prices.a has to be above zero, it is 0"),
        (
            HEAD + "[[step]]\nprices = {a = 1.0000000000000000001}",
            "step 1: prices.a has more than 18 decimals",
        ),
        (HEAD + "[[step]]\nwait = 2", "step 1: there is no key wait (known: liquidators, prices"),
        (HEAD + "[margin_spiral]\ncap = 0.5", "margin_spiral.cap has to be at least 1"),
        (HEAD + "[margin_spiral]\ndecay = 1.1", "margin_spiral.decay has to be at most 1"),
        (HEAD + "[margin_spiral]\nz = 1", "mine.toml: margin_spiral: there is no key z"),
        ("no toml", "mine.toml is no scenario file"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(InputError) as error:
        load_scenario(written(tmp_path, text))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_name_that_is_none_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no scenario 'uniform_25'.*shipped: .*uniform_20"):
        load_scenario("uniform_25")
    with pytest.raises(InputError, match="there is no scenario file"):
        load_scenario(str(tmp_path / "none.toml"))
