from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.span import SCENARIOS, scan

LONG = [0, 0, -20, 20, -20, 20, -40, 40, -40, 40, -60, 60, -60, 60, -54, 54]


def test_the_worst_scenario_of_a_long_is_a_fall_and_of_a_short_a_rise() -> None:
    long, short = scan([LONG], [2]), scan([LONG], [-2])
    assert (long.worst_loss, long.scenario) == (120, 11)
    assert (short.worst_loss, short.scenario) == (120, 10)
    assert long.losses.tolist() == [2 * loss for loss in LONG]


def test_contracts_offset_each_other_scenario_by_scenario() -> None:
    other = [loss / 2 for loss in LONG]
    result = scan([LONG, other], [1, -1])
    assert (result.worst_loss, result.scenario) == (30, 11)
    # Less than the long alone: a further position lowered the margin.
    assert result.worst_loss < scan([LONG], [1]).worst_loss


def test_a_portfolio_that_always_gains_needs_no_margin() -> None:
    result = scan([[-5] * 15 + [-3]], [2])
    assert (result.worst_loss, result.scenario) == (0, 15)


def test_an_empty_portfolio_needs_no_margin() -> None:
    assert scan(np.zeros((0, SCENARIOS)), []).worst_loss == 0


def test_what_is_no_risk_array_is_refused() -> None:
    with pytest.raises(ValueError, match="arrays must have 16 columns, not 15"):
        scan([LONG[:15]], [1])
    with pytest.raises(ValueError, match="arrays must have 2 rows, not 1"):
        scan([LONG], [1, 1])
    with pytest.raises(ValueError, match=r"quantities\[0\] must be finite"):
        scan([LONG], [float("inf")])


ROWS = st.lists(st.integers(-50, 50).map(float), min_size=SCENARIOS, max_size=SCENARIOS)
PAIRS = st.lists(st.tuples(ROWS, st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=5)


@given(PAIRS)
def test_it_is_never_negative_scales_and_never_exceeds_the_parts(pairs: Any) -> None:
    arrays = [row for row, _, _ in pairs]
    first, second = (np.array([pair[k] for pair in pairs]) for k in (1, 2))
    together = scan(arrays, first + second).worst_loss
    assert 0 <= together <= scan(arrays, first).worst_loss + scan(arrays, second).worst_loss
    assert scan(arrays, 3 * first).worst_loss == 3 * scan(arrays, first).worst_loss
