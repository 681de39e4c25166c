"""Writes a made-up price history: correlated random walks with bursts of volatility."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MOVING = ("BTC", "ETH", "LINK", "MKR", "OP")
STABLE = ("USDC", "DAI", "EURC")


def write_history(
    path: Path, factors: Sequence[str] = MOVING, days: int = 620, seed: int = 3
) -> Path:
    """A CSV of daily prices: the first factor leads, the others follow it with their own noise; in
    the second half twice as much of it."""
    random = np.random.default_rng(seed)
    scale = np.where(np.arange(days) // 60 % 2, 0.045, 0.02)
    lead = random.standard_normal(days) * scale
    lines = ["time,factor,price"]
    for number, factor in enumerate(factors):
        noise = random.standard_normal(days) * scale * 0.6 * min(number, 1)
        noise[days // 2 :] *= 2
        prices = 100 * np.exp(np.cumsum(lead * (1 + 0.1 * number) + noise))
        lines += [
            f"{FIRST + timedelta(days=day):%Y-%m-%d},{factor},{price!r}"
            for day, price in enumerate(prices.tolist())
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
