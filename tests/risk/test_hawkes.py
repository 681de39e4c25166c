"""Hawkes: simulated processes come back, and even events have no clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.market.history import Floats
from analyzer.risk.hawkes import fit, log_likelihood


def born(mu: float, branching: float, beta: float, horizon: float, seed: int) -> Floats:
    """A process by its families: immigrants, each with a Poisson number of children."""
    random = np.random.default_rng(seed)
    generation = random.uniform(0, horizon, random.poisson(mu * horizon))
    everyone = [generation]
    while len(generation):
        children = np.repeat(generation, random.poisson(branching, len(generation)))
        generation = children + random.exponential(1 / beta, len(children))
        generation = generation[generation < horizon]
        everyone.append(generation)
    return np.sort(np.concatenate(everyone))


def test_the_branching_ratio_comes_back_within_its_error() -> None:
    off = []
    for seed in range(20):
        found = fit(born(0.5, 0.6, 1.0, 1_500, seed), 1_500)
        off.append((found.branching - 0.6) / found.branching_error)
        assert found.gain > 0
    assert np.abs(np.mean(off)) < 3 / np.sqrt(20)
    assert 0.5 < np.std(off) < 1.6


def test_even_events_have_nothing_to_gain() -> None:
    random = np.random.default_rng(2)
    gains = [fit(np.sort(random.uniform(0, 1_000, 300)), 1_000).gain for _ in range(10)]
    assert np.median(gains) < 2
    assert min(gains) > -1e-6


@given(
    st.lists(st.floats(0.01, 3), min_size=3, max_size=25),
    st.floats(0.05, 2),
    st.floats(0.05, 0.9),
    st.floats(0.2, 4),
)
def test_the_likelihood_is_its_definition(
    gaps: list[float], mu: float, branching: float, beta: float
) -> None:
    times, alpha = np.cumsum(gaps), branching * beta
    end = float(times[-1]) + 1
    rates = [
        mu + sum(alpha * np.exp(-beta * (t - s)) for s in times[:number])
        for number, t in enumerate(times)
    ]
    grown = mu * end + sum(branching * (1 - np.exp(-beta * (end - s))) for s in times)
    expected = float(np.log(rates).sum()) - grown
    assert log_likelihood(times, end, mu, alpha, beta) == pytest.approx(
        expected, rel=1e-9, abs=1e-9
    )


def test_the_unit_of_time_does_not_matter() -> None:
    times = born(0.5, 0.5, 1.0, 800, 3)
    one, other = fit(times, 800), fit(times * 3_600, 800 * 3_600)
    assert other.branching == pytest.approx(one.branching, rel=1e-3)
    assert other.beta == pytest.approx(one.beta / 3_600, rel=1e-3)


@pytest.mark.parametrize(
    ("times", "horizon", "words"),
    [
        (np.arange(19.0), 100, "at least 20"),
        (np.zeros(30), 100, "no two"),
        (np.arange(30.0)[::-1], 100, "ascend"),
        (np.arange(30.0), 10, "horizon"),
        (np.arange(30.0) - 5, 100, "within 0"),
        ([np.nan] * 30, 100, "one number"),
    ],
)
def test_what_is_refused(times: Floats, horizon: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit(times, horizon)
