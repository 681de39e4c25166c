"""A pool's curve: fee, gaps, the end of the liquidity, and what a pool has to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.market.depth import (
    MAX_RATIO,
    MIN_RATIO,
    ConcentratedPool,
    ConstantProduct,
    Segment,
)

EVERYWHERE = Segment(1e-6, 1e6, 1_000.0)


@given(v=st.floats(-900, 5_000))
def test_one_range_over_everything_is_a_constant_product(v: float) -> None:
    # Uniswap V2 is V3 with one range: L sqrt(P) is the reserve's value on either side.
    pool, product = ConcentratedPool((EVERYWHERE,)), ConstantProduct(1_000.0)
    assert pool.price_ratio(v) == pytest.approx(product.price_ratio(v), rel=1e-9)
    assert pool.average_ratio(0, v) == pytest.approx(product.average_ratio(0, v), rel=1e-9)


def test_the_fee_moves_no_price_and_is_paid_by_whoever_trades() -> None:
    free, charged = ConcentratedPool((EVERYWHERE,)), ConcentratedPool((EVERYWHERE,), fee=0.01)
    # Of 200 sold 198 move the price, and only they are paid.
    assert charged.price_ratio(200) == free.price_ratio(198)
    assert charged.average_ratio(0, 200) * 200 == pytest.approx(free.average_ratio(0, 198) * 198)
    # 200 bought come out whole; the buyer pays the fee on top.
    assert charged.price_ratio(-200) == free.price_ratio(-200)
    assert charged.average_ratio(-200, 0) == pytest.approx(free.average_ratio(-200, 0) / 0.99)
    # The next unit sold or bought is charged too.
    assert charged.average_ratio(0, 0) == pytest.approx(0.99)
    assert charged.average_ratio(-1e-9, -1e-9) == pytest.approx(1 / 0.99)


def test_the_price_jumps_across_a_gap() -> None:
    pool = ConcentratedPool(
        (Segment(0.5, 0.8, 100.0), Segment(0.8, 0.9, 0.0), Segment(0.9, 1.1, 1_000.0))
    )
    in_range = 1_000 * (1 / 0.9 - 1)
    assert pool.price_ratio(in_range) == pytest.approx(0.81)
    assert pool.price_ratio(in_range + 1e-6) == pytest.approx(0.64, rel=1e-6)


def test_where_the_liquidity_ends_nobody_buys_and_the_curve_says_so() -> None:
    pool = ConcentratedPool((Segment(0.5, 1.5, 100.0),))
    held = 100 * (1 / 0.5 - 1)
    assert (pool.exhausted(held), pool.exhausted(held + 1)) == (False, True)
    assert pool.price_ratio(held + 1) == MIN_RATIO
    assert pool.average_ratio(0, 2 * held) == pytest.approx(0.5 / 2, rel=1e-6)
    assert pool.price_ratio(-1_000) == MAX_RATIO
    at_the_edge = ConcentratedPool((Segment(0.5, 1.0, 100.0),))
    assert at_the_edge.exhausted(-1e-9)


@pytest.mark.parametrize(
    ("segments", "complaint"),
    [
        ((), "have to hold its price"),
        ((Segment(1.1, 2.0, 1.0),), "have to hold its price"),
        ((Segment(0.5, 0.9, 1.0), Segment(0.95, 2.0, 1.0)), "the liquidity is not known"),
        ((Segment(0.5, 2.0, -1.0),), "no stretch of liquidity"),
        ((Segment(0.0, 2.0, 1.0),), "the lower end of a segment has to be"),
    ],
)
def test_what_is_no_pool_is_refused(segments: tuple[Segment, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ConcentratedPool(segments)


def test_a_fee_of_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="fee has to be"):
        ConcentratedPool((EVERYWHERE,), fee=1.0)
