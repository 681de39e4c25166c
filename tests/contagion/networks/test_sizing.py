from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fire_sale_books import book_of
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.sizing import largest_trades, within_distance
from analyzer.contagion.reverse.rays import uniform_ray
from analyzer.contagion.reverse.smallest import distances


def test_ten_percent_of_initial_margin_is_tenfold() -> None:
    found = largest_trades([100.0], [0.0], initial=0.1)
    assert (found.bought.tolist(), found.sold.tolist()) == ([1000.0], [1000.0])
    paid = largest_trades([100.0], [0.0], initial=0.1, fee=0.025, buffer=50)
    assert paid.bought.tolist() == [400.0]


def test_a_trade_against_the_position_adds_capacity() -> None:
    # Long 500 with 100 free: selling 500 frees 50 more, then 1,500 short.
    found = largest_trades([100.0], [500.0], initial=0.1)
    assert found.bought.tolist() == [1000.0]
    assert found.sold.tolist() == [2000.0]


def test_who_lacks_initial_margin_may_only_trade_back() -> None:
    # 20 lacking, long 500: selling all frees 50, and 30 carry 300 the other way.
    found = largest_trades([-20.0], [500.0], initial=0.1)
    assert (found.bought.tolist(), found.sold.tolist()) == ([0.0], [800.0])
    assert largest_trades([-60.0], [500.0], initial=0.1).sold.tolist() == [0.0]


def test_a_fee_above_the_requirement_ends_the_way_before_the_position_is_closed() -> None:
    found = largest_trades([1.0], [500.0], initial=0.01, fee=0.02)
    assert found.sold.tolist() == pytest.approx([100.0])


@given(
    st.integers(-300, 300), st.integers(-900, 900), st.sampled_from((0.05, 0.1, 0.25)),
    st.sampled_from((0.0, 0.001, 0.2)), st.sampled_from((0.0, 25.0)),
)  # fmt: skip
def test_the_largest_trade_keeps_the_buffer_and_a_larger_one_does_not(
    free: int, held: int, initial: float, fee: float, buffer: float
) -> None:
    found = largest_trades([free], [held], initial=initial, fee=fee, buffer=buffer)

    def left(y: float) -> float:
        return free - fee * abs(y) - initial * (abs(held + y) - abs(held)) - buffer

    for sign, size in ((1, found.bought[0]), (-1, found.sold[0])):
        assert left(sign * size) >= -1e-9 or size == 0
        for further in (1.001, 1.5, 4.0):
            assert left(sign * (size * further + 1e-6)) < 0


def test_the_distance_after_the_largest_trade_is_the_one_asked_for() -> None:
    equity, rate, away = 100.0, 0.05, 0.2
    found = within_distance([equity], [0.0], maintenance=rate, away=away)
    for size, name in ((found.bought[0], "liquidation_down"), (-found.sold[0], "liquidation_up")):
        book = book_of([[size]], [equity - size], [1.0], [rate])
        level = getattr(distances(book, uniform_ray(book.factors)), name)[0]
        assert abs(level) == pytest.approx(away, rel=1e-12)
    held = within_distance([equity], [150.0], maintenance=rate, away=away)
    assert held.bought[0] == pytest.approx(found.bought[0] - 150)
    assert held.sold[0] == pytest.approx(found.sold[0] + 150)


def test_without_equity_nothing_may_be_added_only_closed() -> None:
    found = within_distance([-5.0], [150.0], maintenance=0.05, away=0.1)
    assert (found.bought.tolist(), found.sold.tolist()) == ([0.0], [150.0])


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"initial": -0.1}, "initial must be"),
        ({"fee": -0.1}, "fee must be"),
        ({"free": [np.nan]}, "free"),
        ({"held": [[1.0]]}, "one dimension"),
    ],
)
def test_what_is_no_account_is_refused(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        largest_trades(**({"free": [1.0], "held": [0.0], "initial": 0.1} | changed))
    with pytest.raises(ValueError, match="away must not be above 1"):
        within_distance([1.0], [0.0], maintenance=0.1, away=1.5)
