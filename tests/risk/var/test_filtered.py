"""Filtered days: an independent loop over real prices, and dates that stay whole."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from arch import arch_model

from analyzer.market.history import Floats
from analyzer.risk.var import filtered_days, tail_of


def closes(shared: Path, assets: tuple[str, ...], last: int) -> Floats:
    """Log returns [row, asset] of the last days that all have."""
    by_day: dict[str, dict[str, float]] = {}
    with (shared / "data" / "prices" / "daily_majors.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["asset"] in assets:
                by_day.setdefault(row["date"], {})[row["asset"]] = float(row["close"])
    prices = [
        [by_day[day][asset] for asset in assets]
        for day in sorted(by_day)
        if len(by_day[day]) == len(assets)
    ]
    return np.diff(np.log(prices), axis=0)[-last:]


@pytest.fixture(scope="module")
def returns(shared: Path) -> Floats:
    return closes(shared, ("BTC", "ETH", "LINK"), 1_200)


def test_equals_a_loop_over_dates_and_factors(returns: Floats) -> None:
    found = filtered_days(returns).values
    fits = []
    for column in returns.T:
        fit = arch_model(column * 100, rescale=False).fit(disp="off")
        forecast = float(np.sqrt(fit.forecast(horizon=1).variance.to_numpy()[-1, 0]))
        fits.append((fit.params["mu"], np.asarray(fit.conditional_volatility), forecast))
    for row in range(0, len(returns), 37):
        for factor, (mu, sigma, forecast) in enumerate(fits):
            z = (returns[row, factor] * 100 - mu) / sigma[row]
            assert found[row, factor] == pytest.approx(
                (mu + forecast * z) / 100, rel=2e-3, abs=1e-6
            )


def test_a_portfolio_of_two_names_of_one_factor_is_that_factor(returns: Floats) -> None:
    twice = np.column_stack([returns[:, 0], returns[:, 0]])
    days = filtered_days(twice).values
    both = tail_of(days @ [0.5, 0.5], 0.99)
    assert both.var == pytest.approx(tail_of(filtered_days(returns[:, :1]).values[:, 0], 0.99).var)


def test_a_factor_that_stands_still_keeps_its_returns(returns: Floats) -> None:
    found = filtered_days(np.column_stack([returns[:, 0], np.zeros(len(returns))]))
    assert found.models[1] is None
    assert not found.values[:, 1].any()
