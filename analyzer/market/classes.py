"""The class of a risk factor: what is assumed of an asset about which nothing else is known.

    major       BTC and ETH
    alt         an asset of the table below
    stable      a token that is meant to be worth one unit of a currency
    ratio       a token's price in another one (`stETH/ETH`): its own part is the depeg alone
    volatility  implied, of a market's options (`ETH:vol`): no price at all
    unlisted    anything else: it may be a stable or a coin, so it is never assumed to be either

A class only ever stands in for numbers that nobody gave, and whoever uses one says so.
"""

from __future__ import annotations

from typing import Literal, get_args

AssetClass = Literal["major", "alt", "stable", "ratio", "volatility", "unlisted"]

ASSET_CLASSES: tuple[AssetClass, ...] = get_args(AssetClass)

VOLATILITY = ":vol"
"""Suffix of the factor that stands for a market's volatilities."""

MAJORS = frozenset({"BTC", "ETH"})

_STABLES = """
USD USDC USDT DAI USDS GHO LUSD FRAX FDUSD TUSD USDP GUSD BUSD PYUSD USDe sUSD crvUSD MIM MAI
miMATIC USDD UST USDM USDY RLUSD USDG EURS EURC EURe agEUR EURA EUROC
"""
STABLES = frozenset(_STABLES.split())
"""Factors meant to be worth one unit of a currency, whether or not they kept to it."""

_ALTS = """
SOL BNB XRP ADA DOGE AVAX LINK LTC DOT TRX POL UNI AAVE SNX CRV MKR COMP YFI ATOM NEAR ARB OP GMX
LDO BAL SUSHI 1INCH ENS RPL FTM FTT LUNA APE APT SUI SEI TIA INJ DYDX PERP PENDLE ENA EIGEN HYPE
JELLY POPCAT XPL MNGO TRB STG GNO BAT ZRX KNC REN ENJ MANA SAND AXS SHIB PEPE BONK WIF FLOW BCH
ETC XLM FIL ICP
"""
ALTS = frozenset(_ALTS.split())
"""Coins and tokens that are known to be neither major nor stable."""


def base_of(factor: str) -> str | None:
    """What a ratio factor is quoted in (`stETH/ETH` -> `ETH`); None for every other factor."""
    ratio, slash, base = factor.rpartition("/")
    return base if slash and ratio and base and not factor.endswith(VOLATILITY) else None


def asset_class(factor: str) -> AssetClass:
    """The class of a factor. Names are compared as they are written."""
    if factor.endswith(VOLATILITY):
        return "volatility"
    if base_of(factor) is not None:
        return "ratio"
    if factor in MAJORS:
        return "major"
    if factor in STABLES:
        return "stable"
    return "alt" if factor in ALTS else "unlisted"
