"""Portfolios: the closed form where there is one, seeds, and what cannot touch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzer.market.history import Floats
from analyzer.risk.first_passage import probability
from analyzer.risk.paths import touch

SIGMA = 0.8 / math.sqrt(365)


@pytest.mark.parametrize(("barrier", "days"), [(0.95, 1), (0.9, 7), (0.7, 30), (1.1, 7)])
def test_one_position_agrees_with_the_closed_form(barrier: float, days: float) -> None:
    side = 1.0 if barrier < 1 else -1.0

    def headroom(m: Floats) -> Floats:
        return side * (m[0] - barrier)

    found = touch(headroom, [side], [[SIGMA**2]], days)
    expected = probability(barrier, 0.8, 0, days / 365)
    assert found.probability == pytest.approx(expected, abs=4 * found.error + 2e-4)
    up = touch(headroom, [side], [[SIGMA**2]], days, volatility=1.1)
    wilder = probability(barrier, 0.88, 0, days / 365)
    assert up.probability == pytest.approx(wilder, abs=4 * up.error + 2e-4)


def test_two_factors_that_are_one_are_that_one() -> None:
    both = np.full((2, 2), SIGMA**2)
    found = touch(lambda m: m.sum(axis=0) / 2 - 0.9, [0.5, 0.5], both, 7)
    expected = probability(0.9, 0.8, 0, 7 / 365)
    assert found.probability == pytest.approx(expected, abs=4 * found.error)


def test_a_hedge_lowers_it_and_an_independent_factor_spreads_it() -> None:
    apart = np.eye(2) * SIGMA**2
    single = touch(lambda m: m[0] - 0.9, [1.0, 0.0], apart, 7)
    spread = touch(lambda m: m.mean(axis=0) - 0.9, [0.5, 0.5], apart, 7)
    together = np.full((2, 2), SIGMA**2)
    hedged = touch(lambda m: m[0] - m[1] + 0.1, [1.0, -1.0], together, 7)
    assert spread.probability < single.probability - 5 * single.error
    assert hedged.probability == 0


def test_below_already_is_certain_and_without_volatility_never() -> None:
    assert touch(lambda m: m[0] - 1.1, [1.0], [[SIGMA**2]], 1).probability == 1
    assert touch(lambda m: m[0] - 0.5, [1.0], [[0.0]], 365).probability == 0


def test_one_seed_is_one_number() -> None:
    def once(seed: int) -> float:
        return touch(lambda m: m[0] - 0.9, [1.0], [[SIGMA**2]], 7, seed=seed).probability

    assert once(3) == once(3) != once(4)


@pytest.mark.parametrize(("horizon", "paths"), [(0, 100), (-1, 100), (1, 1)])
def test_what_is_refused(horizon: float, paths: int) -> None:
    with pytest.raises(ValueError, match="must be above zero"):
        touch(lambda m: m[0], [1.0], [[1.0]], horizon, paths=paths)
