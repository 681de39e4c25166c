"""The search on a grid, on bad debts that rise and fall as they like."""

from __future__ import annotations

import numpy as np
import pytest
from fire_sale_books import book_of
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.reverse.grid import COARSE, GRID, MOST_RUNS, grid, smallest_cascade
from analyzer.contagion.reverse.rays import uniform_ray
from analyzer.contagion.reverse.smallest import RayShock, smallest_static

ONE = ("0",)


def searched(
    debts: Floats, target: float, ceiling: Floats | None = None, most_runs: int = MOST_RUNS
) -> tuple[RayShock, list[int]]:
    """(the answer, the levels that were run) where level k of the grid leaves debts[k]."""
    asked: list[int] = []

    def run(x: float) -> float:
        asked.append(round(-x * GRID))
        return float(debts[asked[-1]])

    along = uniform_ray(ONE)
    return smallest_cascade(run, along, target, ceiling=ceiling, most_runs=most_runs), asked


def test_on_one_long_account_it_is_the_level_after_the_closed_form() -> None:
    book, along = book_of([[1]], [-80], [100], [0.05]), uniform_ray(ONE)
    found, asked = searched(np.maximum(0.0, 80.0 - 100.0 * (1 - grid())), 10.05, most_runs=GRID)
    exact = smallest_static(book, along, 10.05).x
    assert exact == pytest.approx(-0.3005)
    assert found.x == pytest.approx(-0.301)
    assert found.bad_debt == pytest.approx(10.1)
    assert found.tried == len(asked) == len(set(asked))
    assert found.skipped == 0


@given(st.data())
def test_no_smaller_level_does_it_however_bad_debt_rises_and_falls(data: st.DataObject) -> None:
    """The ceiling is any number above; who does it before the answer is nobody."""
    seed = data.draw(st.integers(0, 10**6))
    random = np.random.default_rng(seed)
    debts = np.abs(np.cumsum(random.normal(1.0, 20.0, GRID + 1)))
    ceiling = debts + random.uniform(0, 50, GRID + 1)
    target = float(data.draw(st.floats(1.0, float(debts.max()) * 1.2)))
    found, asked = searched(debts, target, ceiling, most_runs=GRID + 1)
    enough = np.flatnonzero(debts >= target)
    if not len(enough):
        assert found.x is None
        assert found.bounded + len(asked) >= GRID + 1
        return
    assert found.x == pytest.approx(-grid()[enough[0]])
    assert found.bad_debt == debts[enough[0]]
    below = int(enough[0])
    assert found.bounded == int((ceiling[:below] < target).sum())
    assert found.skipped == 0
    assert len(asked) == found.tried


def test_a_peak_that_halving_passes_over_is_found() -> None:
    debts = np.where(grid() >= 0.9, 100.0, 0.0)
    debts[525] = 100.0
    found, _ = searched(debts, 50.0, most_runs=GRID + 1)
    assert found.x == pytest.approx(-0.525)


def test_what_a_ceiling_rules_out_is_never_run() -> None:
    debts = np.linspace(0.0, 1000.0, GRID + 1)
    found, asked = searched(debts, 500.0, debts + 20.0)
    assert found.x == pytest.approx(-0.5)
    assert min(asked) == 480
    assert found.bounded == 480
    assert "no smaller level of a grid of 0.1% does it: 480 by a ceiling" in found.note


def test_what_was_neither_run_nor_ruled_out_is_counted_and_said() -> None:
    debts = np.where(grid() >= 0.95, 100.0, 0.0)
    found, asked = searched(debts, 50.0, most_runs=50)
    assert found.x == pytest.approx(-0.95)
    assert found.skipped == 950 - len([k for k in set(asked) if k < 950])
    assert found.skipped > 500
    assert f"{found.skipped} were not run and may do it too" in found.note
    assert found.tried <= 50 + GRID // COARSE + 30


def test_what_no_level_does_is_none_and_what_there_is_already_needs_no_shock() -> None:
    debts = np.linspace(10.0, 20.0, GRID + 1)
    never, _ = searched(debts, 21.0, debts)
    assert never.x is None
    assert never.bad_debt == 20.0
    assert never.bounded == GRID + 1
    already, _ = searched(debts, 10.0, debts)
    assert already.x == 0.0
    assert already.note == "without any shock already"


def test_a_target_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="target must be above 0"):
        searched(np.zeros(GRID + 1), -1.0)
