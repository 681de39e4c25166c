"""The depth that is assumed of an asset when nobody gave one: stated, and said with every use.

All are exponentials of depth D, the sales in USD that take the price down by a factor e. The
basis is what an aggregator quoted on chain on 2023-11-20 (some 140 quotes a pair from one to three
hundred million USD), and daily volume and volatility on one exchange in 2023 and 2025:

    ETH             1,000 M    quotes ETH -> USDC and USDT: median of the D that each quote implies
    BTC               340 M    wrapped BTC -> USDC, likewise
    USDC, USDT        700 M    USDC -> USDT: the lower tenth, because the pool is a cliff
    other stables      50 M    USDP -> USDC and USDT -> USDP: the lower tenth, rounded up
    a ratio            60 M    sfrxETH -> ETH: the lower tenth (wstETH was deeper)
    other coins        10 M    c ADV / sigma with c of 0.008 (BTC) to 0.06 (ETH) as above, and the
                               median of 19 coins' ADV / sigma, 580 M: 5 to 35 M
    not listed          1 M    likewise with the lowest ADV / sigma of the table, 26 M: 0.2 to 1.6 M

One day's quotes of calm markets are no forecast of a crash: a scenario's depth multiplier is for
that. Whoever knows better gives a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.market.classes import AssetClass, asset_class
from analyzer.market.depth.curve import Exponential


@dataclass(frozen=True, slots=True)
class Default:
    """An assumed depth. depth_usd: D. basis: what it rests on, for people."""

    depth_usd: float
    basis: str


_QUOTES = "aggregator quotes of 2023-11-20"

BY_FACTOR: Mapping[str, Default] = {
    "ETH": Default(1e9, f"{_QUOTES}, ETH to USDC and USDT"),
    "BTC": Default(340e6, f"{_QUOTES}, wrapped BTC to USDC"),
    "USDC": Default(700e6, f"{_QUOTES}, USDC to USDT, lower tenth"),
    "USDT": Default(700e6, f"{_QUOTES}, USDC to USDT, lower tenth"),
}
"""Factors with numbers of their own."""

BY_CLASS: Mapping[AssetClass, Default] = {
    "major": BY_FACTOR["BTC"],
    "stable": Default(50e6, f"{_QUOTES}, smaller stables, lower tenth"),
    "ratio": Default(60e6, f"{_QUOTES}, a staking token to ETH, lower tenth"),
    "alt": Default(10e6, "daily volume over volatility of 19 coins, 2025"),
    "unlisted": Default(1e6, "the least traded of 19 coins, 2025; nothing is known of this one"),
}
"""Everything else."""


def default_curve(factor: str) -> Exponential:
    """The assumed curve of a factor; its source begins with `default` and names its basis."""
    kind = asset_class(factor)
    assumed = BY_FACTOR.get(factor, BY_CLASS.get(kind, BY_CLASS["unlisted"]))
    whose = factor if factor in BY_FACTOR else kind
    return Exponential(assumed.depth_usd, source=f"default for {whose}: {assumed.basis}")
