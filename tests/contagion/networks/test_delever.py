"""Fire sales over several steps."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest

from analyzer.contagion.networks.delever import NEVER
from analyzer.contagion.networks.firesale import leverage_targeting, threshold

HALF = log(2) / 50
"""An impact that halves the price when 50 units are sold."""


def test_cash_repays_first_and_what_was_raised_repays_in_the_next_step() -> None:
    # 100 units at 1, 10 cash, debt 90: equity 20 of 110. A fall to 0.95: equity 15 of 105 = 1/7.
    # To be 1/5 it has to have 75 of assets: it shrinks by 30, 10 of it out of cash, 20 by sales of
    # 20 / 0.95 units, paid at the midpoint.
    found = leverage_targeting(
        [[1]], [100], [20], [0.001], [-0.05], steps=2, cash=[10], target=0.2, curve="exponential"
    )
    units = 20 / 0.95
    after = 0.95 * exp(-0.001 * units)
    assert found.sold[0, 0] == pytest.approx(units)
    assert found.repaid[0, 0] == 10
    assert found.prices[1, 0] == pytest.approx(after)
    raised = units * (0.95 + after) / 2
    assert found.repaid[1, 0] == pytest.approx(raised)
    assert found.defaulted.tolist() == [NEVER]


def test_who_defaults_sells_everything_in_the_next_step_at_the_midpoint() -> None:
    found = threshold(
        [[50]], [0], [1], [-0.05], [HALF], 0.01,
        debt=[49], buffer=0.03, target=0.05, steps=9, curve="exponential",
    )  # fmt: skip
    assert found.defaulted.tolist() == [0]
    assert found.sold.ravel().tolist() == [0, 50]
    assert found.prices.ravel() == pytest.approx([0.95, 0.95, 0.475])
    assert found.equity == pytest.approx([50 * 0.7125 - 49])


def test_above_the_buffer_only_leverage_targeting_acts() -> None:
    calm = threshold([[100]], [0], [1], [-0.02], [1e-4], 0.0, debt=[90], buffer=0.05, target=0.1)
    assert calm.steps == 0
    assert leverage_targeting([[1]], [100], [10], [1e-4], [-0.02], steps=9).sold[0, 0] > 0


def test_one_pulls_the_other_down_through_what_both_hold() -> None:
    holdings = [[100, 0], [100, 100]]
    found = threshold(
        holdings, [0, 0], [1, 1], [-0.02, 0], [0.002, 0.001], 0.0,
        debt=[95, 184], buffer=0.04, target=0.05, steps=50, curve="exponential",
    )  # fmt: skip
    assert found.sold[0].tolist()[1] == 0  # first only the one that the shock hit alone
    assert found.sold[1:, 1].any()
    assert (np.diff(found.prices, axis=0) <= 0).all()
    assert (found.sold.sum(axis=0) <= np.sum(holdings, axis=0) + 1e-9).all()


def test_without_a_shock_nobody_acts() -> None:
    found = leverage_targeting([[0.3, 0.7]], [10.1], [1.7], [0.1, 0.1], [0, 0], steps=100)
    assert found.steps == 0
    assert found.equity == pytest.approx([1.7])


@pytest.mark.parametrize(
    "changed",
    [{"target": 0}, {"target": 1.1}, {"buffer": 0.3}, {"minimum": 0.09}, {"steps": 0}],
)
def test_rules_that_contradict_each_other_are_refused(changed: dict[str, Any]) -> None:
    rules: Any = {"buffer": 0.05, "target": 0.1, "minimum": 0.01, **changed}
    with pytest.raises(ValueError, match="minimum <= buffer <= target"):
        threshold([[1]], [0], [1], [0], [0], rules.pop("minimum"), debt=[0], **rules)


def test_a_linear_curve_pays_the_midpoint_and_stops_at_zero() -> None:
    # 50 units at 0.95 with equity of -1.5: it defaults, and the price falls by 0.02 a unit sold.
    found = threshold([[50]], [0], [1], [-0.05], [0.02], 0.01, debt=[49], buffer=0.03, target=0.05)
    assert found.prices.ravel() == pytest.approx([0.95, 0.95, 0.0])
    assert found.equity == pytest.approx([50 * 0.475 - 49])


def test_the_first_step_of_leverage_targeting_sells_what_the_linear_round_does(
    cases: dict[str, Any],
) -> None:
    given = cases["R14"]["inputs"]
    words = (given["M"], given["assets"], given["equity"], given["L_diag"], given["shock"])
    one = leverage_targeting(*words)
    steps = leverage_targeting(*words, steps=1)
    shocked = 1 + np.array(given["shock"])
    # The linear round splits sales by weights before the shock, a step by values after it.
    assert float(steps.sold[0] @ shocked) == pytest.approx(-one.sales.sum(), rel=1e-12)


@pytest.mark.parametrize("missing", ["debt", "buffer", "target"])
def test_steps_without_all_of_their_rules_are_refused(missing: str) -> None:
    rules: Any = {"debt": [0], "buffer": 0.05, "target": 0.1}
    del rules[missing]
    with pytest.raises(ValueError, match="all three"):
        threshold([[1]], [0], [1], [0], [0], 0.01, **rules)


def test_rules_of_steps_without_steps_are_refused() -> None:
    rules: Any = {"target": 0.1}
    with pytest.raises(ValueError, match="give steps"):
        leverage_targeting([[1]], [1], [1], [0], [0], **rules)
