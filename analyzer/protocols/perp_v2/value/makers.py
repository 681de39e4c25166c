"""What makers' ranges are worth at many pool prices at once, float64.

    a range of liquidity L from a to b holds at the sqrt price s, held within [a, b]
        base   L (b - s) / (b s)            quote   L (s - a)

Source: Uniswap V3's amounts of a range, as `kit.ticks.amounts_in_range` has them in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.protocols.kit.ticks import sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.fixed_point import Q96
from analyzer.protocols.perp_v2.value.position import StillMarket

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
E18 = 1e18
CELLS = 2_000_000
"""Ranges x scenarios that are looked at together: some ten arrays of so many numbers."""


@dataclass(frozen=True, slots=True)
class Makers:
    """Accounts with orders, a (account, market) each, in whole units, and all of their ranges.

    account, market, base, quote (both without what the ranges hold): [maker]. maker, low, high
    (sqrt prices), liquidity: [range], the ranges of a maker one after the other.
    """

    account: Numbers
    market: Numbers
    base: Floats
    quote: Floats
    maker: Numbers
    low: Floats
    high: Floats
    liquidity: Floats

    @staticmethod
    def of(found: Sequence[tuple[int, int, StillMarket]]) -> Makers:
        """From (account, market, numbers) of each."""
        ranges = [
            (
                number,
                sqrt_ratio_at_tick(order.lower_tick) / Q96,
                sqrt_ratio_at_tick(order.upper_tick) / Q96,
                order.liquidity / E18,
            )
            for number, (_, _, market) in enumerate(found)
            for order in market.held.orders.values()
        ]
        maker, low, high, liquidity = zip(*ranges, strict=True) if ranges else ((), (), (), ())
        return Makers(
            account=np.array([account for account, _, _ in found], dtype=np.int64),
            market=np.array([market for _, market, _ in found], dtype=np.int64),
            base=np.array([market.base / E18 for _, _, market in found], dtype=np.float64),
            quote=np.array([market.quote / E18 for _, _, market in found], dtype=np.float64),
            maker=np.array(maker, dtype=np.int64),
            low=np.array(low, dtype=np.float64),
            high=np.array(high, dtype=np.float64),
            liquidity=np.array(liquidity, dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.account)

    def held(self, pool_sqrt: Floats) -> tuple[Floats, Floats]:
        """(size, open notional)[maker, scenario], the ranges' part in them. Shape:
        pool_sqrt[market, scenario]."""
        scenarios = pool_sqrt.shape[1]
        size = np.repeat(self.base[:, None], scenarios, axis=1)
        notional = np.repeat(self.quote[:, None], scenarios, axis=1)
        step = max(CELLS // max(scenarios, 1), 1)
        for start in range(0, len(self.maker), step):
            part = slice(start, start + step)
            maker = self.maker[part]
            low, high = self.low[part, None], self.high[part, None]
            amount = self.liquidity[part, None]
            price = np.clip(pool_sqrt[self.market[maker]], low, high)
            np.add.at(size, maker, amount * (high - price) / (high * price))
            np.add.at(notional, maker, amount * (price - low))
        return size, notional
