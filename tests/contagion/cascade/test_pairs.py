"""Pairs: who is matched with whom, what moves, and what no market bears."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.cascade.pairs import PairBooks, Want, matched
from analyzer.market.depth import ConstantProduct, ImpactCurve, NoImpact, OrderBook
from analyzer.market.depth.route import Market

E18 = 10**18


def want(factor: str, dollars: float, worth: float | None = None) -> Want:
    """A sale of so many dollars; worth: at the price before any forced trade, the same."""
    return Want(factor, int(dollars * E18), int((dollars if worth is None else worth) * E18))


def books(multiplier: float = 1.0, **curves: ImpactCurve) -> PairBooks:
    """Books of a market where only these factors move."""
    return PairBooks(Market(curves, assumed=False), lambda _: Fraction(multiplier))


def pairs(*pools: tuple[str, str, float]) -> PairBooks:
    """Books of constant products: (thin, other, depth in USD)."""
    known = {(thin, thick): ConstantProduct(depth) for thin, thick, depth in pools}
    return PairBooks(Market({}, known, assumed=False), lambda _: Fraction(1))


def test_sales_are_matched_with_purchases_of_the_same_worth_and_the_rest_with_the_unit() -> None:
    parts = [
        (part.want.factor, part.want.worth_e18 / E18, part.other)
        for part in matched([want("ETH", 10), want("BTC", 4), want("DAI", -9), want("GHO", -1)])
    ]
    assert parts == [
        ("BTC", 4, "DAI"),
        ("DAI", -4, "BTC"),
        ("ETH", 5, "DAI"),
        ("DAI", -5, "ETH"),
        ("ETH", 1, "GHO"),
        ("GHO", -1, "ETH"),
        ("ETH", 4, "USD"),
    ]


@given(st.lists(st.integers(-(10**30), 10**30).filter(bool), min_size=1, max_size=6))
def test_nothing_is_lost_in_matching(worths: list[int]) -> None:
    wants = [Want(f"F{i}", worth * 3 // 2, worth) for i, worth in enumerate(worths)]
    parts = [part.want for part in matched(wants)]
    assert sum(part.worth_e18 for part in parts) == sum(worths)
    for one in wants:
        mine = [part for part in parts if part.factor == one.factor]
        assert sum(part.volume_e18 for part in mine) == one.volume_e18


def test_a_pair_moves_its_thin_side_and_the_other_stands() -> None:
    market = pairs(("LINK", "ETH", 1_000.0))
    trade = market.quote([want("LINK", 100), want("ETH", -100)])
    assert trade.volumes_e18 == {("LINK", "ETH"): 100 * E18}
    assert trade.proceeds_e18 == pytest.approx(-100 / 11 * E18, rel=1e-12)
    market.book(trade)
    assert float(market.own_impact("LINK")) == pytest.approx((10 / 11) ** 2)
    assert market.own_impact("ETH") == 1
    assert market.moved() == ["LINK"]


def test_buying_the_thin_side_lifts_it() -> None:
    market = pairs(("LINK", "ETH", 1_000.0))
    trade = market.quote([want("ETH", 100), want("LINK", -100)])
    assert trade.volumes_e18 == {("LINK", "ETH"): -100 * E18}
    assert trade.proceeds_e18 == pytest.approx((100 - 100 * 1_000 / 900) * E18, rel=1e-12)
    assert trade.traded_e18 == {"LINK": -100 * E18}


def test_a_quote_changes_nothing() -> None:
    market = pairs(("LINK", "ETH", 1_000.0))
    first = market.quote([want("LINK", 100)])
    assert market.quote([want("LINK", 100)]) == first
    assert market.moved() == []


def test_a_price_is_the_product_of_its_pairs_and_a_sale_in_one_meets_what_others_did() -> None:
    market = pairs(("LINK", "ETH", 1_000.0), ("LINK", "DAI", 500.0))
    market.book(market.quote([want("LINK", 100), want("ETH", -100)]))
    trade = market.quote([want("LINK", 50), want("DAI", -50)])
    # 50 into 500 fetches 1/11 less, of a price that is 100/121 of itself by the other pair
    assert trade.proceeds_e18 / E18 == pytest.approx(50 * 10 / 11 * 100 / 121 - 50, rel=1e-9)
    market.book(trade)
    assert float(market.own_impact("LINK")) == pytest.approx((10 / 11) ** 4)


@given(st.lists(st.sampled_from(["ETH", "DAI"]), min_size=2, max_size=8))
def test_a_price_does_not_depend_on_the_order_of_sales(order: list[str]) -> None:
    def after(targets: list[str]) -> tuple[Fraction, dict[str, int]]:
        market = pairs(("LINK", "ETH", 1_000.0), ("LINK", "DAI", 500.0))
        sold: dict[str, int] = {}
        for target in targets:
            trade = market.quote([want("LINK", 10), want(target, -10)])
            market.book(trade)
            sold[target] = sold.get(target, 0) + 10
        return market.own_impact("LINK"), sold

    assert after(order) == after(sorted(order))


def test_a_staking_token_is_sold_through_what_it_stakes() -> None:
    market = books(**{"stETH/ETH": ConstantProduct(2_000.0), "ETH": ConstantProduct(1_000.0)})
    trade = market.quote([want("stETH/ETH", 100)])
    assert trade.volumes_e18 == {("stETH/ETH", "ETH"): 100 * E18, ("ETH", "USD"): 100 * E18}
    assert trade.proceeds_e18 / E18 == pytest.approx(100 * 2_000 / 2_100 * 10 / 11, rel=1e-12)
    market.book(trade)
    eth = market.quote([want("ETH", 0.001)])
    assert eth.proceeds_e18 / E18 == pytest.approx(0.001 * 100 / 121, rel=1e-4)


def test_what_a_market_does_not_bear_stays_unsold_or_unbought() -> None:
    book = OrderBook(bids=((0.9, 60.0),), asks=((1.1, 40.0),))
    market = books(LINK=book)
    sale = market.quote([want("LINK", 100)])
    assert (sale.proceeds_e18, sale.left_e18) == (
        pytest.approx(54 * E18, rel=1e-12), {"LINK": pytest.approx(40 * E18)},
    )  # fmt: skip
    purchase = market.quote([want("LINK", -100)])
    assert purchase.left_e18 == {"LINK": pytest.approx(-60 * E18)}
    assert purchase.proceeds_e18 == pytest.approx(-44 * E18)
    market.book(sale)
    assert market.left_e18 == {"LINK": pytest.approx(40 * E18)}
    assert market.quote([want("LINK", 1)]).proceeds_e18 == pytest.approx(0, abs=1e6)


def test_whoever_keeps_the_rest_counts_it_at_the_last_price() -> None:
    market = books(LINK=OrderBook(bids=((0.9, 60.0),), asks=((1.1, 40.0),)))
    kept = market.quote([want("LINK", 61)], last_price=True)
    assert kept.proceeds_e18 == pytest.approx(61 * 0.9 * E18, rel=1e-2)
    assert kept.left_e18 == {"LINK": pytest.approx(1 * E18)}


def test_a_scenario_multiplies_the_depth_of_the_side_that_moves() -> None:
    whole, half = books(LINK=ConstantProduct(1_000.0)), books(0.5, LINK=ConstantProduct(1_000.0))
    assert half.quote([want("LINK", 50)]).proceeds_e18 * 2 == pytest.approx(
        whole.quote([want("LINK", 100)]).proceeds_e18, rel=1e-12
    )


def test_what_is_traded_for_itself_or_at_one_price_moves_nothing() -> None:
    market = books(LINK=NoImpact())
    assert market.quote([want("LINK", 100), want("DAI", -90)]).proceeds_e18 == 10 * E18
    assert market.quote([]).proceeds_e18 == 0


def test_worth_follows_the_shock_and_volume_does_not() -> None:
    market = books(LINK=ConstantProduct(1_000.0))
    trade = market.quote([want("LINK", 100, worth=40)])
    assert trade.volumes_e18 == {("LINK", "USD"): 100 * E18}
    assert trade.proceeds_e18 == pytest.approx(40 * 10 / 11 * E18, rel=1e-12)
