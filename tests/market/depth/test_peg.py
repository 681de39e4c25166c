"""A peg band: where it holds a price, for how long, and what it never does."""

from __future__ import annotations

import math

import pytest

from analyzer.market.depth import ConstantProduct, Exponential, NoImpact, OrderBook, PegBand, scaled

OWN = Exponential(1_000.0)
BAND = PegBand(OWN, 0.01, 400.0)
MET = -1_000.0 * math.log(0.99)
"""Sales after which the market's own price is one percent down: 10.05."""


def test_within_the_band_a_price_is_the_markets_own() -> None:
    assert BAND.price_ratio(MET * 0.9) == OWN.price_ratio(MET * 0.9)
    assert BAND.price_ratio(-9.0) == OWN.price_ratio(-9.0)


def test_at_its_edge_a_price_stays_while_the_capacity_lasts_and_then_goes_on() -> None:
    assert BAND.price_ratio(MET + 1) == 0.99
    assert BAND.price_ratio(MET + 399) == 0.99
    assert BAND.price_ratio(MET + 500) == pytest.approx(OWN.price_ratio(MET + 100), rel=1e-12)
    bought = 1_000.0 * math.log(1.01)
    assert BAND.price_ratio(-bought - 200) == 1.01
    assert BAND.price_ratio(-bought - 450) == pytest.approx(OWN.price_ratio(-bought - 50))


def test_a_sale_through_the_band_is_paid_part_by_part() -> None:
    through = MET + 400 + 50
    paid = 1_000 * (1 - 0.99) + 400 * 0.99 + 1_000 * 0.99 * (1 - math.exp(-0.05))
    assert BAND.average_ratio(0, through) * through == pytest.approx(paid, rel=1e-9)


def test_a_band_bears_its_capacity_more_and_none_where_it_is_never_met() -> None:
    assert BAND.most_sellable == pytest.approx(OWN.most_sellable + 400)
    assert BAND.most_buyable == pytest.approx(OWN.most_buyable + 400)
    flat = PegBand(NoImpact(), 0.01, 5.0)
    assert (flat.most_sellable, flat.price_ratio(1e12)) == (math.inf, 1.0)
    near = OrderBook(((0.999, 100.0),), ((1.001, 100.0),))
    assert PegBand(near, 0.005, 7.0).most_sellable == pytest.approx(100.0)


def test_a_scenario_that_thins_depth_thins_the_band_too() -> None:
    thin = scaled(BAND, 0.1)
    assert thin.price_ratio((MET + 399) * 0.1) == 0.99
    assert thin.most_sellable == pytest.approx(0.1 * BAND.most_sellable)


def test_a_band_says_so_in_its_source_and_keeps_the_name_of_its_curve() -> None:
    band = PegBand(ConstantProduct(5.0, "a desk"), 0.0025, 3e6)
    assert band.name == "constant-product"
    assert band.source == "a desk, minted and redeemed within 0.25 % for 3e+06 USD a day"


@pytest.mark.parametrize(
    ("within", "capacity", "words"),
    [
        (0.0, 1.0, "peg_within has to be a number above zero"),
        (1.0, 1.0, "peg_within has to be below 1"),
        (0.1, math.inf, "peg_capacity_usd_per_day has to be a number above zero"),
    ],
)
def test_what_is_no_band_is_refused(within: float, capacity: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PegBand(OWN, within, capacity)
