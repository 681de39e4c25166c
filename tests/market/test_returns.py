"""Returns over the same stretches of time, and volatility, against numpy, pandas and by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyzer.market import volatility
from analyzer.market.history import on_grid
from analyzer.market.returns import returns_of
from analyzer.model.errors import InputError

returns_matrix = arrays(
    np.float64, st.tuples(st.integers(2, 30), st.integers(1, 5)), elements=st.floats(-0.5, 0.5)
)


def history(step: int = 86_400, **prices: list[float | None]):  # type: ignore[no-untyped-def]
    """A history with a price a step; None = no print."""
    series = {}
    for name, values in prices.items():
        known = [(n * step, value) for n, value in enumerate(values) if value is not None]
        series[name] = (
            np.array([t for t, _ in known], dtype=np.int64),
            np.array([p for _, p in known]),
        )
    return on_grid(series, step)


def test_returns_are_logarithms_or_shares() -> None:
    prices = history(ETH=[100.0, 110.0, 99.0], BTC=[1.0, 1.0, 2.0])
    logs, simple = returns_of(prices), returns_of(prices, "simple")
    np.testing.assert_allclose(logs.column("ETH"), [math.log(1.1), math.log(0.9)], rtol=1e-14)
    np.testing.assert_allclose(simple.values, [[0.1, 0.0], [-0.1, 1.0]], atol=1e-15)
    assert (logs.times.tolist(), logs.skipped) == ([86_400, 172_800], 0)
    np.testing.assert_allclose(np.exp(logs.values) - 1, simple.values, atol=1e-14)


def test_a_return_over_a_gap_is_left_out_for_all_and_counted() -> None:
    prices = history(ETH=[1.0, 2.0, None, 4.0, 5.0, 6.0], BTC=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    found = returns_of(prices, "simple")
    assert found.times.tolist() == [86_400, 4 * 86_400, 5 * 86_400]
    assert found.skipped == 2
    np.testing.assert_allclose(found.column("ETH"), [1.0, 0.25, 0.2])


def test_two_returns_in_common_are_needed() -> None:
    with pytest.raises(InputError, match=r"1 returns over 86400 s .* BTC, ETH.*; gaps: BTC"):
        returns_of(history(BTC=[1.0, 1.0, None, None], ETH=[1.0, 2.0, 3.0, 4.0]))


def test_a_factor_without_returns_is_named() -> None:
    with pytest.raises(InputError, match=r"no returns of SOL \(there are of ETH\)"):
        returns_of(history(ETH=[1.0, 2.0, 3.0])).column("SOL")


def test_hours_make_days_by_the_square_root_of_time() -> None:
    found = returns_of(history(step=3_600, ETH=[1.0, 2.0, 3.0]))
    assert found.per_day() == 24
    assert volatility.daily(np.array([0.01]), 3_600)[0] == pytest.approx(0.01 * math.sqrt(24))


@given(returns_matrix, st.floats(0, 0.99))
def test_ewma_volatility_is_that_of_pandas(values: np.ndarray, decay: float) -> None:
    squares = pd.DataFrame(values**2)
    # A decay of 0 has no weight for the past: pandas wants alpha = 1 for it.
    expected = squares.ewm(alpha=1 - decay, adjust=False).mean()
    # Variances are compared: where one should be 0, a root makes 1e-9 of the last bit of alpha.
    np.testing.assert_allclose(
        volatility.ewma(values, decay) ** 2, expected.to_numpy(), rtol=1e-9, atol=1e-15
    )


@given(returns_matrix)
def test_realised_volatility_is_the_root_of_the_mean_square(values: np.ndarray) -> None:
    expected = [math.sqrt(math.fsum(x * x for x in column) / len(column)) for column in values.T]
    np.testing.assert_allclose(volatility.realised(values), expected, rtol=1e-12, atol=1e-15)


@given(returns_matrix, st.floats(0.01, 10))
def test_volatility_scales_with_the_returns(values: np.ndarray, factor: float) -> None:
    np.testing.assert_allclose(
        volatility.ewma(values * factor), volatility.ewma(values) * factor, rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([1.0, 2.0], "must have rows and factors"),
        (np.empty((0, 2)), "must have rows and factors"),
        ([[0.1, math.nan]], r"returns\[0, 1\] is nan"),
    ],
)
def test_what_is_no_return_is_refused(values: object, complaint: str) -> None:
    for estimate in (volatility.realised, volatility.ewma):
        with pytest.raises(ValueError, match=complaint):
            estimate(values)  # type: ignore[operator]


def test_a_decay_of_one_forgets_nothing_and_is_refused() -> None:
    with pytest.raises(ValueError, match="decay has to be"):
        volatility.ewma([[0.1]], 1.0)
