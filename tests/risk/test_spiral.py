"""The curve of a loss spiral: R16 by its wall, the slope of a curve, and what is bought back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.contagion.networks.loss_spiral import final_drop
from analyzer.market.depth.impact import Exponential, Linear
from analyzer.risk.spiral import spiral


def test_r16_is_flat_while_the_wall_lasts_and_runs_where_it_should(cases: dict[str, Any]) -> None:
    inputs = cases["R16"]["inputs"]
    count, width = inputs["n"], inputs["w"]
    levels = width * (np.arange(count) + 0.5) / count
    net = np.arange(1, count + 1) / count
    for row in cases["R16"]["expected"]["rows"]:
        # A million dollars sold in all; a curve that falls by kappa x width over them.
        curve = Linear(1e6 / (row["kappa"] * width), "by hand")
        found = spiral("ETH", levels, net * 1e6, curve, bandwidth=0.02)
        inside = found.kappas[found.falls < width - 0.015]
        np.testing.assert_allclose(inside, row["kappa"], rtol=5e-3)
        assert (found.reaches_one is None) is (row["kappa"] < 1)


def test_kappa_is_how_much_further_a_little_more_of_a_fall_goes() -> None:
    random = np.random.default_rng(5)
    levels = np.sort(random.uniform(0, 0.4, 40_000))
    sold = np.full(len(levels), 25.0)
    curve = Linear(5e6, "by hand")
    found = spiral("ETH", levels, np.cumsum(sold), curve, [0.1, 0.2], bandwidth=0.05)
    for fall, kappa in zip(found.falls, found.kappas, strict=True):
        # The shock whose final drop is `fall`, and one a little larger.
        start = fall - sold[levels < fall].sum() / 5e6
        end = [final_drop(levels, sold, 1 / 5e6, start + more) for more in (0.0, 0.01)]
        assert (end[1] - end[0]) / 0.01 == pytest.approx(1 / (1 - kappa), rel=0.05)


def test_a_market_that_was_sold_into_moves_less_by_the_dollar() -> None:
    levels = np.linspace(0.001, 0.5, 5_000)
    found = spiral("ETH", levels, np.cumsum(np.full(5_000, 100.0)), Exponential(1e6, "by hand"))
    inside = found.kappas[:49]
    assert (np.diff(inside[1:-1]) < 0).all()
    np.testing.assert_allclose(
        inside[9], 500_000 / 0.499 / 1e6 * np.exp(-found.sold[9] / 1e6), rtol=0.02
    )


def test_what_is_bought_back_is_taken_off() -> None:
    levels = [0.101, 0.102, 0.103]
    curve = Linear(1e6, "by hand")
    alone = spiral("ETH", levels, [100.0, 200.0, 300.0], curve, [0.1], bandwidth=0.02)
    hedged = spiral("ETH", levels, [100.0, 200.0, 100.0], curve, [0.1], bandwidth=0.02)
    assert hedged.kappas[0] == pytest.approx(alone.kappas[0] / 3)
    squeezed = spiral("ETH", levels, [-100.0, -200.0, -300.0], curve, [0.1], bandwidth=0.02)
    assert squeezed.kappas.tolist() == [0.0]


def test_a_point_of_no_wall_is_nowhere() -> None:
    with pytest.raises(ValueError, match="bandwidth"):
        spiral("ETH", [0.1], [1.0], Linear(1e6, "by hand"), bandwidth=0)
