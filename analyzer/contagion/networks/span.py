"""Scenario margin of the exchange kind: the worst of sixteen price and volatility scenarios.

A risk array holds, for one **long** contract, the loss (positive) or gain (negative) in each
scenario; exchanges publish them with the weight of the extreme scenarios already applied. A
portfolio's loss in a scenario is the sum over its contracts, so that a short has the opposite one:

    loss[s] = sum_c quantities[c] * arrays[c, s]        worst_loss = max(0, max over s of loss[s])

What holds, and is tested: never negative; margin of two portfolios together is at most the sum of
their margins; it scales with the portfolio. What does **not** hold: a larger position need not
need more margin (a hedge lowers it), and a long and its short do not need the same.

Source: CME, Standard Portfolio Analysis of Risk (scan risk, before spread and delivery charges).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analyzer.contagion.linear.arrays import Floats, matrix, vector

SCENARIOS = 16
"""Columns of a risk array."""


@dataclass(frozen=True, slots=True)
class ScanRisk:
    """The worst scenario of one portfolio, in the unit of the arrays."""

    worst_loss: float
    """The scan risk; 0 when the portfolio gains in every scenario."""
    scenario: int
    """Column (0 to 15) of the largest loss or smallest gain; the first of equal ones."""
    losses: Floats
    """[scenario]: loss of the portfolio, negative where it gains."""


def scan(arrays: ArrayLike, quantities: ArrayLike) -> ScanRisk:
    """The scan risk of a portfolio of `quantities` contracts (negative = short).

    Shape: arrays [contract, 16], quantities [contract]. Units: losses per contract in one
    currency; float64, not rounded (an exchange rounds to its currency unit after the scan).

    Raises: ValueError for wrong shapes and entries that are not finite.
    """
    held = vector("quantities", quantities, signed=True)
    unit = matrix("arrays", arrays, rows=held.size, columns=SCENARIOS, signed=True)
    losses: Floats = held @ unit
    scenario = int(np.argmax(losses))
    return ScanRisk(max(float(losses[scenario]), 0.0), scenario, losses)
