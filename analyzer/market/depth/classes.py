"""The class of a factor as a market has it: which side of a pair is thin, and how thin.

    large-stable    a dollar that trades in hundreds of millions, and the unit of account
    eth, btc
    staking         a large staking token against what it stakes (`stETH/ETH`)
    small-staking   every other ratio
    large-other     the most traded coins beside both
    small-stable    every other token that is meant to be worth one unit of a currency
    small-other     the other coins that are known by name
    unlisted        anything else

From the thickest to the thinnest. Within a class tokens follow one another as they are listed here,
then by name: of a pair the later one is thin, so that every pair has one thin side.
"""

from __future__ import annotations

from typing import Literal, get_args

from analyzer.market.classes import ALTS, STABLES, base_of

DepthClass = Literal[
    "large-stable",
    "eth",
    "btc",
    "staking",
    "small-staking",
    "large-other",
    "small-stable",
    "small-other",
    "unlisted",
]

DEPTH_CLASSES: tuple[DepthClass, ...] = get_args(DepthClass)
"""From the thickest to the thinnest."""

UNIT = "USD"
"""What a thing is sold for where nothing else is named."""

LARGE_STABLES = (UNIT, "USDC", "USDT", "DAI", "USDS")
"""From the thickest on."""

LARGE_STAKING = frozenset({"stETH/ETH"})

_LARGE_OTHERS = """
XRP BNB SOL LTC TRX DOGE POL LINK ADA DOT AVAX ATOM MKR
SUI SHIB PEPE BCH XLM ARB OP APT ETC
"""
LARGE_OTHERS = tuple(_LARGE_OTHERS.split())
"""The first row: those of 20 coins whose turnover over volatility was above 250 M USD in the three
months before the quotes of the default depths, the largest first. The second was not measured: its
turnover is commonly reported to be of that size."""


def depth_class(factor: str) -> DepthClass:
    """The class of a factor. Names are compared as they are written."""
    if base_of(factor) is not None:
        return "staking" if factor in LARGE_STAKING else "small-staking"
    if factor in LARGE_STABLES:
        return "large-stable"
    if factor in ("ETH", "BTC"):
        return "eth" if factor == "ETH" else "btc"
    if factor in LARGE_OTHERS:
        return "large-other"
    if factor in STABLES:
        return "small-stable"
    return "small-other" if factor in ALTS else "unlisted"


def thinness(factor: str) -> tuple[int, int, str]:
    """Larger for the thinner of two factors; no two factors are alike."""
    listed = (*LARGE_STABLES, *LARGE_OTHERS)
    place = listed.index(factor) if factor in listed else len(listed)
    return DEPTH_CLASSES.index(depth_class(factor)), place, factor
