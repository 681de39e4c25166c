"""Systems of `firesale.threshold` as books and curves of the batch cascade, and the comparison."""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.contagion.batch.impacts import DepthImpacts, depth_impacts
from analyzer.contagion.batch.kernel import Cascades
from analyzer.contagion.linear.book import LinearBook, holdings_book
from analyzer.contagion.networks.firesale import FireSale


def book_of(
    holdings: Any, cash: Any, prices: Any, maintenance: Any, owner: Any = None
) -> LinearBook:
    """A dense system of `threshold` as a book of values at the block's prices."""
    value = np.asarray(holdings, dtype=np.float64) * np.asarray(prices, dtype=np.float64)
    held = value != 0
    return holdings_book(
        np.concatenate([[0], held.sum(axis=1).cumsum()]),
        np.nonzero(held)[1],
        value[held],
        cash,
        maintenance=maintenance,
        owner=owner,
    )


def impacts_of(impact: Any, prices: Any, shocked: Any, curve: str = "linear") -> DepthImpacts:
    """The curves of `threshold` (slope a unit) as depths in value at the prices before the shock.

    linear: shocked - impact V = shocked (1 - v / D), v = V price, so D = shocked price / impact.
    exponential: exp(-impact V), so D = price / impact.
    """
    start = np.asarray(shocked, dtype=np.float64)
    slope = np.asarray(impact, dtype=np.float64)[:, None]
    # A price of 0 has nowhere to fall: any depth will do.
    fallen = np.where(start > 0, start, 1.0) if curve == "linear" else np.ones_like(start)
    with np.errstate(divide="ignore"):
        depth = fallen * np.asarray(prices, dtype=np.float64)[:, None] / slope
    return depth_impacts([curve] * len(slope), depth)  # type: ignore[list-item]


def alike(batch: Cascades, scenario: int, one: FireSale, prices: Any) -> None:
    """Whether one scenario ended as the cascade of `firesale` does."""
    np.testing.assert_array_equal(batch.closed_in(scenario), one.failed_round >= 0)
    assert batch.failed[scenario] == (one.failed_round >= 0).sum()
    assert batch.rounds[scenario] == one.rounds
    np.testing.assert_allclose(
        batch.prices[:, scenario] * prices, one.prices[-1], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(batch.bad_debt[scenario], one.bad_debt.sum(), rtol=1e-9, atol=1e-7)
    largest = np.sort(one.bad_debt)[::-1][: len(batch.shortfall)]
    np.testing.assert_allclose(
        batch.shortfall[: len(largest), scenario], largest, rtol=1e-9, atol=1e-7
    )
