"""An order book, walked by hand."""

from __future__ import annotations

import math

import pytest

from analyzer.market.depth import MAX_RATIO, MIN_RATIO, OrderBook

BOOK = OrderBook(bids=((0.99, 100.0), (0.95, 300.0)), asks=((1.02, 50.0), (1.1, 150.0)))


def test_a_sale_takes_the_bids_one_after_another() -> None:
    assert [BOOK.price_ratio(v) for v in (0, 60, 100, 101, 400)] == [1, 0.99, 0.99, 0.95, 0.95]
    assert BOOK.average_ratio(0, 100) == pytest.approx(0.99)
    assert BOOK.average_ratio(0, 200) == pytest.approx((100 * 0.99 + 100 * 0.95) / 200)
    assert BOOK.average_ratio(50, 150) == pytest.approx((0.99 + 0.95) / 2)


def test_a_purchase_takes_the_asks() -> None:
    assert [BOOK.price_ratio(-v) for v in (50, 51, 200)] == [1.02, 1.1, 1.1]
    assert BOOK.average_ratio(-100, 0) == pytest.approx((1.02 + 1.1) / 2)
    assert BOOK.average_ratio(-50, 100) == pytest.approx((50 * 1.02 + 100 * 0.99) / 150)


def test_past_the_last_order_the_price_goes_on_with_the_books_own_depth() -> None:
    depth = 400 / -math.log(0.95)
    assert BOOK.price_ratio(400 + depth) == pytest.approx(0.95 * math.exp(-1))
    assert (BOOK.exhausted(400), BOOK.exhausted(401)) == (False, True)
    assert (BOOK.exhausted(-200), BOOK.exhausted(-201)) == (False, True)
    tail = BOOK.average_ratio(400, 400 + depth)
    assert tail == pytest.approx(0.95 * (1 - math.exp(-1)))
    assert BOOK.price_ratio(1e12) == pytest.approx(MIN_RATIO)
    assert BOOK.price_ratio(-1e12) == pytest.approx(MAX_RATIO)
    assert BOOK.average_ratio(0, 1e12) < 1e-6


def test_a_side_without_orders_has_the_depth_of_the_other_and_is_exhausted_at_once() -> None:
    only_bids = OrderBook(bids=((0.9, 100.0),), asks=())
    assert only_bids.exhausted(-1)
    depth = 100 / -math.log(0.9)
    assert only_bids.price_ratio(-depth) == pytest.approx(math.e)


@pytest.mark.parametrize(
    ("bids", "asks", "complaint"),
    [
        ((), (), "at least one bid or ask"),
        (((1.01, 1.0),), (), "bids have to fall from 1, but 1.01 follows 1"),
        (((0.9, 1.0), (0.95, 1.0)), (), "bids have to fall from 1, but 0.95 follows 0.9"),
        ((), ((0.99, 1.0),), "asks have to rise from 1, but 0.99 follows 1"),
        (((0.9, 0.0),), (), "the size of a step has to be a number above zero"),
        (((-0.9, 1.0),), (), "the ratio of a step has to be a number above zero"),
    ],
)
def test_what_is_no_book_is_refused(
    bids: tuple[tuple[float, float], ...], asks: tuple[tuple[float, float], ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        OrderBook(bids, asks)
