"""Told day by day: nothing of the day itself is known, and the filter follows volatility."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.market.history import Floats
from analyzer.risk.backtest import backtest
from analyzer.risk.var import filtered_steps, historical_steps

FIRST = 300
LEVELS = (0.95, 0.99)


@pytest.fixture(scope="module")
def bursts() -> Floats:
    """Two factors whose volatility triples every second stretch of 150 days."""
    random = np.random.default_rng(11)
    scale = np.where(np.arange(1_200) // 150 % 2, 0.06, 0.02)
    return random.standard_normal((1_200, 2)) * scale[:, None]


def test_what_comes_later_changes_nothing_that_was_told(bursts: Floats) -> None:
    slopes = np.array([1.0, -0.5])
    later = bursts.copy()
    later[700:] *= 5
    for steps in (historical_steps, filtered_steps):
        one, _ = steps(bursts, slopes, LEVELS, FIRST)
        other, _ = steps(later, slopes, LEVELS, FIRST)
        # Models are fitted at multiples of the refit; the day after the change sees it.
        np.testing.assert_allclose(other[: 700 - FIRST], one[: 700 - FIRST], rtol=1e-9)
        assert not np.allclose(other[701 - FIRST :], one[701 - FIRST :])


def test_the_filter_passes_where_plain_history_fails(bursts: Floats) -> None:
    slopes = np.array([1.0, 0.3])
    told, came = historical_steps(bursts, slopes, LEVELS, FIRST)
    plain = backtest(told[:, 0], came, LEVELS[0])
    told, came = filtered_steps(bursts, slopes, LEVELS, FIRST)
    filtered = backtest(told[:, 0], came, LEVELS[0])
    assert plain.failed
    assert not filtered.failed


def test_what_came_is_todays_positions_times_returns(bursts: Floats) -> None:
    slopes = np.array([2.0, 0.0])
    for steps in (historical_steps, filtered_steps):
        told, came = steps(bursts, slopes, LEVELS, FIRST)
        np.testing.assert_allclose(came, 2 * bursts[FIRST:, 0])
        assert told.shape == (len(came), 2)
        # The rarer loss is the larger one.
        assert (told[:, 1] >= told[:, 0]).all()
