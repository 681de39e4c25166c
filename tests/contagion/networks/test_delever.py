"""Fire sales over several steps."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pytest

from analyzer.contagion.networks.delever import NEVER, leverage_targeting, threshold

HALF = log(2) / 50
"""An impact that halves the price when 50 units are sold."""


def test_cash_repays_first_and_what_was_raised_repays_in_the_next_step() -> None:
    # 100 units at 1, 10 cash, debt 90: equity 20 of 110. A fall to 0.95: equity 15 of 105 = 1/7.
    # To be 1/5 it has to have 75 of assets: it shrinks by 30, 10 of it out of cash, 20 by sales of
    # 20 / 0.95 units, paid at the midpoint.
    found = leverage_targeting([[100]], [10], [90], [1], [-0.05], [0.001], target=0.2, steps=2)
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
        [[50]], [0], [49], [1], [-0.05], [HALF], buffer=0.03, target=0.05, minimum=0.01, steps=9
    )
    assert found.defaulted.tolist() == [0]
    assert found.sold.ravel().tolist() == [0, 50]
    assert found.prices.ravel() == pytest.approx([0.95, 0.95, 0.475])
    assert found.equity == pytest.approx([50 * 0.7125 - 49])


def test_above_the_buffer_only_leverage_targeting_acts() -> None:
    given: Any = ([[100]], [0], [90], [1], [-0.02], [1e-4])
    assert threshold(*given, buffer=0.05, target=0.1).steps == 0
    assert leverage_targeting(*given, target=0.1).sold[0, 0] > 0


def test_one_pulls_the_other_down_through_what_both_hold() -> None:
    holdings = [[100, 0], [100, 100]]
    found = threshold(
        holdings, [0, 0], [95, 184], [1, 1], [-0.02, 0], [0.002, 0.001],
        buffer=0.04, target=0.05, minimum=0.0, steps=50,
    )  # fmt: skip
    assert found.sold[0].tolist()[1] == 0  # first only the one that the shock hit alone
    assert found.sold[1:, 1].any()
    assert (np.diff(found.prices, axis=0) <= 0).all()
    assert (found.sold.sum(axis=0) <= np.sum(holdings, axis=0) + 1e-9).all()


def test_without_a_shock_nobody_acts() -> None:
    found = leverage_targeting([[10.0]], [0], [9], [1], [0], [0.1], target=0.1)
    assert (found.steps, found.equity.tolist()) == (0, [1.0])


@pytest.mark.parametrize(
    "changed",
    [{"target": 0}, {"target": 1.1}, {"buffer": 0.3}, {"minimum": 0.09}, {"steps": 0}],
)
def test_rules_that_contradict_each_other_are_refused(changed: dict[str, Any]) -> None:
    rules: Any = {"buffer": 0.05, "target": 0.1, "minimum": 0.01, **changed}
    with pytest.raises(ValueError, match="minimum <= buffer <= target"):
        threshold([[1]], [0], [0], [1], [0], [0], **rules)
