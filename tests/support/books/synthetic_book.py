"""A large book that nobody ever held, for benchmarks and for the correctness of what they time.

Accounts hold 1 + Poisson(3) of the assets (four on average, popular ones more often), two thirds
long, of lognormal value; what they own beyond the requirement is exponential around a quarter of
what they hold. Scenarios are one market move (-35 % to +15 %) and 4 % of each asset's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.batch.impacts import DepthImpacts, depth_impacts
from analyzer.contagion.linear.book import LinearBook, holdings_book

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Synthetic:
    """A book, its scenarios and its market. Shape: shocks [factor, scenario]."""

    book: LinearBook
    shocks: Floats
    impacts: DepthImpacts


def synthetic(accounts: int, assets: int, scenarios: int, *, seed: int = 1) -> Synthetic:
    """The same book for the same numbers."""
    random = np.random.default_rng(seed)
    count = np.minimum(1 + random.poisson(3.0, accounts), assets)
    row = np.repeat(np.arange(accounts), count)
    popular = 1.0 / np.arange(2, assets + 2)
    drawn = random.choice(assets, size=len(row), p=popular / popular.sum())
    # One entry for each account and asset, in order: repeated draws fall together.
    keys = np.unique(row * assets + drawn)
    row, column = keys // assets, keys % assets
    indptr = np.searchsorted(row, np.arange(accounts + 1))
    size = np.exp(random.normal(8.0, 1.5, len(keys)))
    value = np.where(random.random(len(keys)) < 2 / 3, size, -size)
    rate = random.uniform(0.03, 0.08, assets)
    gross = np.bincount(row, np.abs(value), minlength=accounts)
    required = np.bincount(row, rate[column] * np.abs(value), minlength=accounts)
    net = np.bincount(row, value, minlength=accounts)
    cash = required + random.exponential(0.25, accounts) * gross - net
    book = holdings_book(indptr, column, value, cash, maintenance=rate)
    market = random.uniform(-0.35, 0.15, scenarios)
    own = random.normal(0.0, 0.04, (assets, scenarios))
    beta = random.uniform(0.7, 1.4, assets)[:, None]
    shocks = np.maximum((1 + beta * market) * np.exp(own), 0.05)
    held = np.bincount(column, np.abs(value), minlength=assets)
    return Synthetic(book, shocks, depth_impacts("exponential", held * 0.5 + 1.0))
