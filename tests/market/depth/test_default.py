"""The stated defaults, against the quotes that they say they rest on, and those they do not."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from depth_fit import (
    LARGE_FROM,
    TOKENS,
    Median,
    buckets,
    medians,
    others,
    predicted,
    read_quotes,
    turnover,
    within_two,
)
from depth_fit import quoted as quoted_words

from analyzer.market.depth import Cliff
from analyzer.market.depth.classes import DEPTH_CLASSES, depth_class, thinness
from analyzer.market.depth.default import default_curve, default_quote, defaults
from analyzer.market.depth.quote import quote


@pytest.fixture(scope="module")
def quoted(shared: Path) -> list[Median]:
    """The medians of every bucket."""
    return buckets(read_quotes(shared))


def off(found: list[Median]) -> list[float]:
    """Loss by default over the loss quoted."""
    return [quote(*one.pair, one.usd) / one.lost for one in found]


def test_four_in_five_buckets_that_were_fitted_are_within_a_factor_of_two(
    quoted: list[Median],
) -> None:
    assert len(quoted) == 110
    assert within_two(off(quoted)) >= 0.8 * 110
    assert within_two(off(quoted)) == defaults().validation.fitted_within_two


def test_three_in_five_are_on_pairs_left_out_as_the_table_says() -> None:
    said = defaults().validation
    assert said.buckets == 110
    assert 0.6 * said.buckets <= said.within_two <= said.fitted_within_two
    assert said.sentence.startswith(
        f"on pairs left out of the fit {said.within_two} of 110 buckets"
    )


def test_every_sale_of_a_calm_market_within_the_depth_of_its_cliff_loses_less_than_the_cliff(
    shared: Path,
) -> None:
    # the quotes of sales that a pair of large tokens bears, all of them and not their medians
    quotes = read_quotes(shared)
    for pair in (("WETH", "USDC"), ("WETH", "USDT"), ("WBTC", "WETH"), ("USDC", "wstETH")):
        wrong = [lost - quote(*pair, usd) for usd, lost in quotes[pair] if 1e6 < usd < 50e6]
        assert max(map(abs, wrong)) < 0.04, pair


def test_the_cliff_of_a_thin_side_shows_whichever_side_it_is_on() -> None:
    for thin in ("TUSD", "USDP"):
        for thick in ("WETH", "WBTC", "wstETH", "USDC"):
            assert quote(thin, thick, 50e6) > 0.8
            assert quote(thick, thin, 50e6) > 0.8
    assert quote("WETH", "USDC", 50e6) < 0.05


def test_a_large_staking_token_slips_by_parts_of_a_percent_against_what_it_stakes() -> None:
    # quoted for wstETH to WETH of 10 to 50 M USD: 0.024 %
    assert 0.00005 < quote("wstETH", "WETH", 22e6) < 0.0005
    assert quote("WETH", "wstETH", 140e6) < 0.001


def test_both_ways_of_a_pair_lose_alike_but_where_the_thin_side_is_minted() -> None:
    names = [name for name, *_ in TOKENS.values()]
    for one, other in permutations(names, 2):
        if not {one, other} & {"wstETH", "sfrxETH"}:
            assert quote(one, other, 3e6) == pytest.approx(quote(other, one, 3e6), rel=1e-6)
    assert quote("sfrxETH", "WETH", 100e6) > 0.5
    assert quote("WETH", "sfrxETH", 100e6) < 0.02


def named_rows() -> list[tuple[tuple[str, str], Cliff]]:
    """The table, its rows named as the fit names them."""
    rows = defaults().rows.items()
    return [((thin, "*" if thick == "anything" else thick), curve) for (thin, thick), curve in rows]


def test_the_fit_and_the_table_speak_of_one_curve(quoted: list[Median]) -> None:
    import numpy as np

    rows = {pair: np.log([curve.one_percent_usd, curve.holds_usd]) for pair, curve in named_rows()}
    for one in quoted:
        expected = float(predicted(one.pair, np.array([one.usd]), rows)[0])
        # past its cliff a market ends where its price is a tenth, which the fit does not know
        near = 1e-6 if expected < 0.2 else 0.02
        assert quote(*one.pair, one.usd) == pytest.approx(expected, rel=near, abs=1e-12)


def test_every_default_is_told_with_the_quotes_behind_it(shared: Path) -> None:
    quotes, said = read_quotes(shared), defaults().quotes
    assert said.keys() == defaults().rows.keys()
    ether = quoted_words(quotes, ("eth", "large-stable"))
    for (thin, thick), words in said.items():
        if thin in ("large-other", "small-other", "unlisted"):
            share = defaults().rows[thin, thick].one_percent_usd
            share /= defaults().rows["eth", "large-stable"].one_percent_usd
            assert words == f"none of its own; {share:.3g} times the depth of ETH, of which {ether}"
        else:
            assert words == quoted_words(quotes, (thin, "*" if thick == "anything" else thick))


@pytest.mark.parametrize(
    ("thin", "against", "words"),
    [
        ("ETH", "large-stable", "126 1inch quotes of 2023-11-20 for 1 to 10 M USD lose 0.25 %"),
        ("ETH", "DAI", "126 1inch quotes"),
        ("stETH/ETH", "eth", "63 1inch quotes"),
        ("LBTC/BTC", "BTC", "71 1inch quotes"),
        ("OP", "anything", "none of its own; 0.0562 times the depth of ETH, of which 126 1inch"),
        ("OP", "USD", "none of its own; 0.0562 times"),
    ],
)
def test_the_quotes_of_a_pair_are_those_of_its_classes(thin: str, against: str, words: str) -> None:
    assert default_quote(thin, against).startswith(words)


def test_coins_without_quotes_have_those_of_eth_in_proportion_to_their_turnover(
    shared: Path,
) -> None:
    import numpy as np

    rows = {
        pair: np.log([curve.one_percent_usd, curve.holds_usd])
        for pair, curve in defaults().rows.items()
    }
    for kind, (one_percent, holds) in others(shared, rows).items():
        curve = defaults().rows[kind, "anything"]
        assert curve.one_percent_usd == pytest.approx(one_percent, rel=0.01)
        assert curve.holds_usd == pytest.approx(holds, rel=0.01)


def test_a_coin_is_large_where_its_turnover_says_so(shared: Path) -> None:
    renamed = {"MATIC": "POL"}
    for coin, size in turnover(shared).items():
        if coin not in ("BTC", "ETH"):
            expected = "large-other" if size > LARGE_FROM else "small-other"
            assert depth_class(renamed.get(coin, coin)) == expected, coin


def test_medians_need_five_quotes_and_buckets_an_impact_that_can_be_seen() -> None:
    four = {("A", "B"): [(2e5, 0.1)] * 4}
    assert medians(four, [(1e5, 1e6)]) == []
    five = {("A", "B"): [(2e5, 0.1)] * 4 + [(3e5, 0.2)]}
    assert medians(five, [(1e5, 1e6)]) == [Median(("A", "B"), 2e5, 0.1, 5)]
    assert buckets({("A", "B"): [(2e5, 0.0001)] * 9}) == []


@pytest.mark.parametrize(
    ("factor", "kind", "words"),
    [
        ("ETH", "eth", "default for eth against large-stable: aggregator quotes of 2023-11-20"),
        ("BTC", "btc", "default for btc against large-stable: aggregator"),
        ("DAI", "large-stable", "default for large-stable against large-stable: aggregator"),
        ("GHO", "small-stable", "default for small-stable against large-stable: aggregator"),
        ("stETH/ETH", "staking", "default for staking against eth: aggregator"),
        ("LBTC/BTC", "small-staking", "default for small-staking against eth: aggregator"),
        ("LINK", "large-other", "default for large-other against anything: turnover"),
        ("UNI", "small-other", "default for small-other against anything: turnover"),
        ("wat", "unlisted", "default for unlisted against anything: turnover"),
    ],
)
def test_a_default_says_that_it_is_one_and_what_it_rests_on(
    factor: str, kind: str, words: str
) -> None:
    assert depth_class(factor) == kind
    assert default_curve(factor).source.startswith(words)


def test_of_any_two_things_one_is_thinner() -> None:
    names = ["USD", "USDC", "DAI", "ETH", "BTC", "stETH/ETH", "rETH/ETH", "SOL", "OP", "FRAX",
             "LUSD", "CRV", "wat", "watt"]  # fmt: skip
    assert sorted(set(names), key=thinness) == names
    assert len({thinness(name) for name in names}) == len(names)
    assert {depth_class(name) for name in names} == set(DEPTH_CLASSES)


@pytest.mark.parametrize("usd", [0.0, -1.0, float("nan"), float("inf")])
def test_a_sale_of_nothing_has_no_quote(usd: float) -> None:
    with pytest.raises(ValueError, match="a number of USD above zero"):
        quote("ETH", "USDC", usd)
