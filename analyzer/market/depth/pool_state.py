"""A Uniswap V3 pool as it stands at one block: what a swap needs, exact.

Amounts of `liquidity` and of the ticks are the contract's own integers; prices are
sqrt(token1 / token0) as X96. Every initialised tick in [low_tick, high_tick] is in `ticks`; about
what lies outside nothing is known, which is not the same as nothing being there.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from analyzer.abi.keccak import checksum
from analyzer.market.depth.pool import ConcentratedPool, Segment
from analyzer.model.errors import InputError
from analyzer.protocols.kit.ticks import Q96, sqrt_ratio_at_tick

PIPS = 10**6
"""A fee of one, in the contract's hundredths of a basis point."""


@dataclass(frozen=True, slots=True)
class Token:
    """One of a pool's two tokens. decimals: of its raw amounts."""

    address: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool. fee_pips: 3000 = 0.3 %. ticks: (tick, liquidityNet), lowest first; liquidity: the
    one in range at `tick`. source: which pool at which block, for people."""

    address: str
    token0: Token
    token1: Token
    fee_pips: int
    tick_spacing: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[tuple[int, int], ...]
    low_tick: int
    high_tick: int
    source: str = ""

    def is_token0(self, asset: str) -> bool:
        """Whether `asset` is token0. Raises: InputError when it is neither of both."""
        for number, token in enumerate((self.token0, self.token1)):
            if token.address.lower() == asset.lower():
                return number == 0
        raise InputError(f"pool {self.address} does not trade {checksum(asset)}")

    def next_tick(self, tick: int, *, down: bool) -> tuple[int, bool]:
        """The tick at which the contract's next step ends, and whether it is initialised: the
        next initialised one, but no further than the end of its word of the bitmap.

        Steps end at words too because each step rounds.
        """
        word = tick // self.tick_spacing + (0 if down else 1)
        numbers = [number for number, _ in self.ticks]
        if down:
            end = (word >> 8 << 8) * self.tick_spacing
            place = bisect.bisect_right(numbers, tick) - 1
            found = place >= 0 and numbers[place] >= end
        else:
            end = (word | 255) * self.tick_spacing
            place = bisect.bisect_right(numbers, tick)
            found = place < len(numbers) and numbers[place] <= end
        return (numbers[place], True) if found else (end, False)

    def net_at(self, tick: int) -> int:
        """What crossing `tick` upwards adds to the liquidity in range."""
        return dict(self.ticks)[tick]

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """(lower tick, upper tick, liquidity between them), from low_tick to high_tick."""
        bounds = sorted({self.low_tick, self.high_tick, *(number for number, _ in self.ticks)})
        below = sum(net for number, net in self.ticks if number <= self.tick)
        held = self.liquidity - below
        nets = dict(self.ticks)
        for low, high in pairwise(bounds):
            held += nets.get(low, 0)
            yield low, high, held


def pool_curve(state: PoolState, asset: str, *, quote_usd: float) -> ConcentratedPool:
    """The impact curve of `asset` (the address of one of the pool's tokens), in floats.

    quote_usd: USD price of the pool's other token. Raises: InputError when the pool does not
    trade the asset, or its price lies outside the ticks that are known.
    """
    base_is_token0 = state.is_token0(asset)
    segments = [
        _segment(state, stretch, quote_usd, base_is_token0=base_is_token0)
        for stretch in state.stretches()
    ]
    if not base_is_token0:
        segments.reverse()
    if not segments or not segments[0].low <= 1 <= segments[-1].high:
        raise InputError(f"pool {state.address}: its price is outside the ticks that were read")
    return ConcentratedPool(tuple(segments), state.fee_pips / PIPS, source=state.source)


def _segment(
    state: PoolState, stretch: tuple[int, int, int], quote_usd: float, *, base_is_token0: bool
) -> Segment:
    """One stretch of liquidity as seen from the asset: L sqrt(price) of the quote token, in USD."""
    low, high = (sqrt_ratio_at_tick(tick) for tick in stretch[:2])
    now, liquidity = state.sqrt_price_x96, stretch[2]
    if base_is_token0:
        weight = liquidity * now / Q96 / 10**state.token1.decimals
        return Segment(low / now, high / now, weight * quote_usd)
    weight = liquidity * Q96 / now / 10**state.token0.decimals
    return Segment(now / high, now / low, weight * quote_usd)
