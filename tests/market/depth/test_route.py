"""Which pairs a sale goes through, and which side of each moves."""

from __future__ import annotations

import pytest

from analyzer.market.depth import ConstantProduct, Exponential, NoImpact
from analyzer.market.depth.quote import bought_usd, proceeds_usd, quote
from analyzer.market.depth.route import Leg, Market


def steps(market: Market, source: str, target: str) -> list[tuple[tuple[str, str], bool]]:
    """The pairs of a route, and whether their thin side is sold."""
    return [(leg.pair, leg.sold) for leg in market.legs(source, target)]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("ETH", "ETH", []),
        ("ETH", "USDC", [(("ETH", "large-stable"), True)]),
        ("DAI", "ETH", [(("ETH", "large-stable"), False)]),
        ("BTC", "ETH", [(("BTC", "eth"), True)]),
        ("USDC", "USDT", [(("USDT", "large-stable"), False)]),
        ("TUSD", "BTC", [(("TUSD", "anything"), True)]),
        ("TUSD", "FRAX", [(("TUSD", "small-stable"), True)]),
        ("stETH/ETH", "ETH", [(("stETH/ETH", "eth"), True)]),
        ("stETH/ETH", "DAI", [(("stETH/ETH", "eth"), True), (("ETH", "large-stable"), True)]),
        ("BTC", "rETH/ETH", [(("BTC", "eth"), True), (("rETH/ETH", "eth"), False)]),
        (
            "stETH/ETH",
            "rETH/ETH",
            [(("stETH/ETH", "eth"), True), (("rETH/ETH", "eth"), False)],
        ),
        ("sAVAX/AVAX", "AVAX", [(("sAVAX/AVAX", "eth"), True)]),
        ("LINK", "USD", [(("LINK", "anything"), True)]),
    ],
)
def test_the_way_by_default(
    source: str, target: str, expected: list[tuple[tuple[str, str], bool]]
) -> None:
    assert steps(Market(), source, target) == expected


def test_a_side_with_a_curve_of_its_own_trades_against_the_unit_of_account() -> None:
    eth = ConstantProduct(1e9)
    market = Market({"ETH": eth})
    first, second = market.legs("ETH", "LINK")
    assert first == Leg(("ETH", "USD"), True, eth)
    assert (second.pair, second.sold) == (("LINK", "anything"), False)
    assert steps(market, "stETH/ETH", "ETH") == [(("stETH/ETH", "eth"), True)]
    assert steps(market, "stETH/ETH", "USDC") == [
        (("stETH/ETH", "eth"), True),
        (("ETH", "USD"), True),
        (("USDC", "large-stable"), False),
    ]


def test_a_curve_of_a_ratio_is_against_its_base() -> None:
    own = Exponential(5e6)
    assert Market({"rETH/ETH": own}).legs("rETH/ETH", "USDC")[0].curve is own


def test_a_pair_that_is_given_wins_over_both_sides_and_over_the_base() -> None:
    own = Exponential(5e6)
    market = Market({"ETH": NoImpact()}, {("stETH/ETH", "USDC"): own})
    assert market.legs("stETH/ETH", "USDC") == (Leg(("stETH/ETH", "USDC"), True, own),)
    assert market.legs("USDC", "stETH/ETH") == (Leg(("stETH/ETH", "USDC"), False, own),)


def test_what_nothing_is_known_of_does_not_move() -> None:
    [leg] = Market(unknown=frozenset({"CRV"})).legs("CRV", "USD")
    assert (leg.curve.name, leg.curve.source) == ("none", "not known: does not move")
    [leg] = Market(assumed=False).legs("CRV", "ETH")
    assert leg.curve.name == "none"


def test_a_quote_is_the_average_along_the_way_on_either_side() -> None:
    market = Market({"X": ConstantProduct(1_000.0)}, assumed=False)
    # x y = k with 1,000 on each side: what goes in comes out less q / (x + q)
    assert quote("X", "USD", 100.0, market) == pytest.approx(1 / 11, rel=1e-12)
    assert quote("USD", "X", 100.0, market) == pytest.approx(1 / 11, rel=1e-9)
    there_and_on = Market({"X": ConstantProduct(1_000.0), "Y": ConstantProduct(500.0)})
    assert quote("X", "Y", 100.0, there_and_on) == pytest.approx(
        1 - 500 * (1000 / 11) / (500 + 1000 / 11) / 100, rel=1e-9
    )


def test_what_a_market_cannot_bear_stays_unsold_or_unbought() -> None:
    curve = Exponential(1.0)
    assert proceeds_usd(curve, 1e6) == pytest.approx(0.9, rel=1e-6)  # 1 - LAST_SOLD
    assert bought_usd(curve, 1e30) == pytest.approx(curve.most_buyable, rel=1e-12)
    assert bought_usd(NoImpact(), 7.0) == 7.0
