"""The markets of a cascade: rows of every pair, and of what nobody had to trade."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from assessed_house import assessed_house, falls_to, r15_house

from analyzer.findings.markets import MarketRow, market_rows
from analyzer.market.depth import (
    ConcentratedPool,
    ConstantProduct,
    ImpactCurve,
    Linear,
    NoImpact,
    OrderBook,
    Segment,
    StablePool,
)
from analyzer.market.depth.default import default_curve

E18 = 10**18


def test_case_r15_sells_600_of_x_at_the_blocks_100() -> None:
    one = assessed_house()
    (row,) = market_rows(one)
    curve = one.curves["X"]
    assert isinstance(curve, Linear)
    assert (row.factor, row.against, row.curve) == ("X", "USD", "linear")
    assert (row.sold_e18, row.bought_e18) == (60_000 * E18, 0)
    assert (row.unsold_e18, row.unbought_e18) == (0, 0)
    assert row.depth_usd == pytest.approx(0.1 * curve.usd_per_unit_ratio)
    assert (row.price_shocked, row.price_after) == pytest.approx(
        (0.92, 0.92 * (1 - 60_000 * 0.03 / 92**2))
    )


def test_a_market_that_nobody_traded_in_is_told_with_the_depth_of_the_scenario() -> None:
    half = replace(falls_to(Fraction(101, 100)), depth_multiplier=Fraction(1, 2))
    (row,) = market_rows(assessed_house(r15_house(), half, {"X": Linear(1e6, "a desk")}))
    assert row == MarketRow(
        "X", "USD", pytest.approx(5e4), "linear", "a desk", 0, 0, 0, 0, 1.01, 1.01
    )
    (flat,) = market_rows(assessed_house(r15_house(), half, {"X": NoImpact()}))
    assert flat.depth_usd is None


def test_what_no_market_bore_is_said_once() -> None:
    book = OrderBook(bids=((0.99, 7_000.0),), asks=((1.01, 1.0),))
    (row,) = market_rows(assessed_house(curves={"X": book}))
    assert row.sold_e18 == pytest.approx(7_000 * E18)
    assert row.unsold_e18 > 0
    assert (row.sold_e18 + row.unsold_e18) % (10_000 * E18) == 0


@pytest.mark.parametrize(
    ("curve", "name"),
    [
        (ConstantProduct(1e6, "a pool"), "constant-product"),
        (ConcentratedPool((Segment(0.5, 2.0, 1e6),), source="a pool"), "concentrated-pool"),
        (OrderBook(((0.99, 3e5), (0.8, 3e5)), ((1.01, 3e5), (1.2, 3e5)), "a book"), "order-book"),
        (StablePool(100.0, (1e5, 1e5), source="a pool"), "stableswap"),
        (default_curve("ETH"), "cliff"),
    ],
)
def test_every_kind_of_curve_gives_the_same_numbers(curve: ImpactCurve, name: str) -> None:
    """The depth that is told is where the curve itself is ten percent down."""
    (row,) = market_rows(assessed_house(curves={"X": curve}))
    assert row.curve == curve.name == name
    assert row.source
    assert row.sold_e18 > 0
    assert row.depth_usd is not None
    assert curve.price_ratio(row.depth_usd * 0.999) >= 0.9 - 1e-9
    assert curve.price_ratio(row.depth_usd * 1.001) <= 0.9 + 1e-3
    assert row.price_shocked == 0.92
    sold = (row.sold_e18 - row.bought_e18) / E18
    assert row.price_after == pytest.approx(0.92 * curve.price_ratio(sold))
