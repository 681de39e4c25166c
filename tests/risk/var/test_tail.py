"""Historical tails: R19, their errors against simulation, and the levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arch.data import sp500
from hypothesis import given
from hypothesis import strategies as st

from analyzer.risk.var import filtered, historical, tail_of


def test_r19_historical_and_filtered(cases: dict[str, Any]) -> None:
    returns = (100 * sp500.load()["Adj Close"].pct_change().dropna()).to_numpy()
    expected = cases["R19"]["expected"]
    assert historical(returns, 0.99).var == pytest.approx(expected["HS_99_VaR"], rel=1e-3)
    tail = filtered(returns, 0.99)
    assert tail.var == pytest.approx(expected["FHS_99_VaR"], rel=1e-3)
    assert tail.es == pytest.approx(expected["FHS_99_ES"], rel=1e-3)


def test_the_standard_errors_are_those_of_samples_drawn_again() -> None:
    random = np.random.default_rng(4)
    samples = random.standard_t(5, size=(1_500, 1_000))
    found = [tail_of(sample, 0.95) for sample in samples]
    for figure, error in (("var", "var_error"), ("es", "es_error")):
        spread = np.std([getattr(tail, figure) for tail in found])
        told = np.median([getattr(tail, error) for tail in found])
        assert told == pytest.approx(spread, rel=0.2), figure


@given(
    st.lists(st.floats(-1, 1, allow_nan=False, width=32), min_size=30, max_size=80),
    st.sampled_from([0.9, 0.95, 0.99]),
)
def test_es_is_never_below_var_and_losses_scale(values: list[float], level: float) -> None:
    tail = tail_of(values, level)
    assert tail.es >= tail.var - 1e-12
    assert tail.beyond >= 1
    twice = tail_of(np.array(values) * 2, level)
    assert twice.var == pytest.approx(2 * tail.var)
    # Money that is certain lowers the loss by itself.
    richer = tail_of(np.array(values) + 1, level)
    assert richer.var == pytest.approx(tail.var - 1)


def test_a_hundred_losses_by_hand() -> None:
    tail = tail_of(-np.arange(1.0, 101.0), 0.95)
    assert tail.var == pytest.approx(95.05)
    assert tail.es == pytest.approx(98.0)
    assert (tail.beyond, tail.observations) == (5, 100)


@pytest.mark.parametrize("level", [0.5, 1.0, 0.01, 99])
def test_a_level_is_a_share_above_a_half(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        historical(np.arange(100.0), level)


def test_too_few_values_say_nothing() -> None:
    with pytest.raises(ValueError, match="at least 30"):
        historical(np.arange(29.0), 0.95)


def test_a_frame_of_one_column_is_that_column() -> None:
    returns = np.linspace(-0.1, 0.1, 101)
    assert historical(returns[:, None], 0.95) == historical(returns, 0.95)
