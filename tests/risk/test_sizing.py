"""Sizes: the boundary by brute force, ES by its definition, the programme against a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.risk.sizing import expected_shortfall, joint, largest, within_es


@given(st.integers(0, 10**30), st.integers(1, 10**20))
def test_one_more_than_the_largest_fails(limit: int, first: int) -> None:
    assert largest(lambda amount: amount <= limit, first) == limit
    assert largest(lambda amount: amount <= limit, first, limit + 7) == limit
    assert largest(lambda amount: amount <= limit, first, limit // 2) == limit // 2


def test_what_nothing_ends_has_no_largest_and_what_cannot_begin_is_refused() -> None:
    assert largest(lambda _: True) is None
    with pytest.raises(ValueError, match="not even 0"):
        largest(lambda _: False)


def test_a_hedge_gives_capacity_first() -> None:
    # Long 100 at a tenth: a short is free up to 200, and takes from there on.
    free = [50 - abs(100 - short) // 10 for short in range(1_000)]
    found = largest(lambda amount: 50 - abs(100 - amount) / 10 >= 0)
    assert found == max(n for n, left in enumerate(free) if left >= 0 and abs(100 - n) <= 500)


@given(st.integers(20, 200), st.floats(0.5, 0.99))
def test_es_is_the_least_of_its_linear_programme(days: int, level: float) -> None:
    profits = np.random.default_rng(days).standard_normal(days)
    found = expected_shortfall(profits, level)
    # Rockafellar and Uryasev: the minimum over a threshold, which lies at one of the losses.
    tried = [
        at + np.maximum(-profits - at, 0).sum() / ((1 - level) * days) for at in -profits
    ]  # fmt: skip
    assert found == pytest.approx(min(tried), abs=1e-9)


def test_within_a_budget_is_where_es_meets_it() -> None:
    random = np.random.default_rng(1)
    base, unit = 100 * random.standard_normal(500), 0.02 * random.standard_normal(500)
    found = within_es(base, unit, 1_000.0, 0.95, 1e15)
    assert found is not None
    assert expected_shortfall(base + found * unit, 0.95) == pytest.approx(1_000, rel=1e-6)
    assert within_es(base, unit, 10.0, 0.95, 1e15) is None
    assert within_es(base, 0 * unit, 1_000.0, 0.95, 1e9) == 1e9
    # A hedge may go past where the account would be flat.
    hedge = within_es(base, -base / 100, 1_000.0, 0.95, 1e15)
    assert hedge is not None
    assert hedge > 100


def need(x: np.ndarray, v: np.ndarray, c: np.ndarray, d: np.ndarray) -> float:
    return float((c * (np.abs(v + x) - np.abs(v)) + d * x).sum())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_no_point_of_a_grid_beats_the_programme(seed: int) -> None:
    random = np.random.default_rng(seed)
    w, v = random.uniform(-1, 1, 2), random.uniform(-500, 500, 2)
    c, d = random.uniform(0.05, 0.2, 2), random.uniform(-0.01, 0.01, 2)
    days = random.standard_normal((300, 2)) * [0.03, 0.05]
    profits = days @ v
    budget = expected_shortfall(profits, 0.95) * 1.5 + 10
    found = joint(w, 100.0, v, c, d, profits=profits, returns=days, budget=budget, level=0.95)
    assert need(found.amounts, v, c, d) <= 100 * (1 + 1e-6) + 1e-6
    assert found.es <= budget * (1 + 1e-6)
    best = -np.inf
    for x in np.linspace(-4_000, 4_000, 81):
        for y in np.linspace(-4_000, 4_000, 81):
            at = np.array([x, y])
            if w @ at > best and need(at, v, c, d) <= 100:
                inside = expected_shortfall(profits + days @ at, 0.95) <= budget
                best = float(w @ at) if inside else best
    assert found.objective >= best - 1e-6 * max(1, abs(best))


def test_a_market_that_is_not_wanted_hedges_where_that_helps() -> None:
    # Everything is in use by a long of B: closing it lets A grow.
    with_hedge = joint([1, 0], 0.0, [0, 1_000], [0.1, 0.1], [0, 0])
    assert with_hedge.amounts[0] == pytest.approx(1_000, rel=1e-4)
    assert with_hedge.amounts[1] == pytest.approx(-1_000, rel=1e-3)
    without = joint([1], 0.0, [0], [0.1], [0])
    assert without.amounts[0] == pytest.approx(0, abs=1e-3)


def test_what_has_no_answer_is_refused() -> None:
    days = np.full((50, 1), -0.1)
    with pytest.raises(ValueError, match="lets nothing grow"):
        joint([1], -1.0, [0], [0.1], [0])
    with pytest.raises(ValueError, match="needs days"):
        joint([1], 1.0, [0], [0.1], [0], budget=1.0)
    with pytest.raises(ValueError, match="unbounded"):
        joint([1], 1.0, [0], [0.0], [0])
    with pytest.raises(ValueError, match="infeasible"):
        joint([1], 1.0, [0], [0.1], [0], profits=[-100.0] * 50, returns=0 * days, budget=1.0)
    with pytest.raises(ValueError, match="same positions"):
        joint([1, 2], 1.0, [0], [0.1], [0])
