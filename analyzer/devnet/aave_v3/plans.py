"""The Aave V3 market before it exists: reserves, eMode categories and prices, as data.

Ratios, rates and fees are in basis points (1e4 = 100 %), caps in whole tokens, debt ceilings in
US cents, as Aave's configurator takes them.
"""

from __future__ import annotations

from dataclasses import dataclass

STABLE_CATEGORY = 1
ETHER_CATEGORY = 2
STAKING_CATEGORY = 3
"""A category that shares wstETH with the ether one; only revisions with bitmaps can have it."""


@dataclass(frozen=True, slots=True)
class RatePlan:
    """The variable rate curve: `base` at no use, one slope up to `optimal`, another above."""

    optimal: int
    base: int
    slope_1: int
    slope_2: int


@dataclass(frozen=True, slots=True)
class ReservePlan:
    """A reserve before it is listed. `liquidation_threshold` 0: no collateral.

    `feed`: the symbol of the aggregator that the oracle reads; `through_fallback`: the oracle has
    no source and asks its fallback oracle. `stable_rate` counts in revision 1 only.
    """

    symbol: str
    decimals: int
    feed: str
    ltv: int
    liquidation_threshold: int
    liquidation_bonus: int
    rates: RatePlan
    reserve_factor: int = 1_000
    protocol_fee: int = 1_000
    supply_cap: int = 0
    borrow_cap: int = 0
    debt_ceiling_cents: int = 0
    borrowable: bool = True
    in_isolation: bool = False
    siloed: bool = False
    stable_rate: bool = False
    through_fallback: bool = False


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """An eMode category. `priced` (revision 1): its assets share a price source of their own."""

    id: int
    label: str
    ltv: int
    liquidation_threshold: int
    liquidation_bonus: int
    collateral: tuple[str, ...]
    borrowable: tuple[str, ...]
    priced: bool = False


_STABLE = RatePlan(9_000, 0, 550, 6_000)
_VOLATILE = RatePlan(4_500, 100, 700, 30_000)
_ETHER = RatePlan(8_000, 0, 300, 8_000)

RESERVES = (
    ReservePlan(
        "USDC",
        6,
        "USDC",
        7_500,
        7_800,
        10_450,
        _STABLE,
        borrow_cap=900_000_000,
        in_isolation=True,
        stable_rate=True,
    ),
    ReservePlan(
        "WETH",
        18,
        "ETH",
        8_000,
        8_250,
        10_500,
        _ETHER,
        reserve_factor=1_500,
    ),
    ReservePlan(
        "WBTC", 8, "BTC", 7_000, 7_500, 10_650, _VOLATILE, reserve_factor=2_000, borrow_cap=2_000
    ),
    ReservePlan("TUSD", 18, "TUSD", 7_500, 8_000, 10_500, _STABLE),
    ReservePlan(
        "wstETH",
        18,
        "wstETH",
        7_100,
        7_900,
        10_700,
        _ETHER,
        reserve_factor=500,
    ),
    ReservePlan(
        "DAI",
        18,
        "DAI",
        6_300,
        7_700,
        10_500,
        _STABLE,
        in_isolation=True,
        stable_rate=True,
        through_fallback=True,
    ),
    ReservePlan(
        "OP",
        18,
        "OP",
        5_000,
        6_000,
        11_000,
        _VOLATILE,
        supply_cap=60_000_000,
        debt_ceiling_cents=25_000_000_00,
        borrowable=False,
    ),
    ReservePlan("EURC", 6, "EUR", 0, 0, 0, _STABLE, protocol_fee=0, siloed=True),
    ReservePlan(
        "LINK", 18, "LINK", 6_600, 7_100, 10_750, _VOLATILE, reserve_factor=2_000, stable_rate=True
    ),
    ReservePlan("MKR", 18, "MKR", 6_500, 7_000, 10_850, _VOLATILE, protocol_fee=2_000),
)
DROPPED = "TUSD"
"""Listed and dropped again, so that the list of reserves has a hole."""
ISOLATED = "OP"
SILOED = "EURC"
FROZEN = "LINK"
DELISTED = "MKR"
"""Loses its role as collateral while it stands as collateral."""

CATEGORIES = (
    CategoryPlan(
        STABLE_CATEGORY,
        "Stablecoins",
        9_300,
        9_500,
        10_100,
        ("USDC", "DAI"),
        ("USDC", "DAI"),
        priced=True,
    ),
    CategoryPlan(
        ETHER_CATEGORY,
        "ETH correlated",
        9_000,
        9_300,
        10_100,
        ("WETH", "wstETH"),
        ("WETH", "wstETH"),
    ),
    CategoryPlan(
        STAKING_CATEGORY,
        "wstETH against dollars",
        7_800,
        8_100,
        10_600,
        ("wstETH",),
        ("USDC", "EURC"),
    ),
)

CATEGORY_FEED = "USD"
"""What a priced category's assets are worth: one dollar, by an aggregator of its own."""
STAKING_RATIO = 1.147
"""wstETH per ether at the start; its price follows ether's through this."""
PRICES_USD = {
    "USDC": 0.9999, "ETH": 1_850.0, "BTC": 34_500.0, "TUSD": 0.998,
    "wstETH": 1_850.0 * STAKING_RATIO, "DAI": 1.0002, "OP": 1.9, "EUR": 1.07, "LINK": 14.2,
    "MKR": 1_430.0, CATEGORY_FEED: 1.0,
}  # fmt: skip
VOLATILITY_A_DAY = {
    "USDC": 0.0004, "ETH": 0.02, "BTC": 0.016, "TUSD": 0.0004, "wstETH": 0.0, "DAI": 0.0006,
    "OP": 0.035, "EUR": 0.003, "LINK": 0.03, "MKR": 0.025, CATEGORY_FEED: 0.0,
}  # fmt: skip
CRASH = {
    "USDC": 0.998, "ETH": 0.66, "BTC": 0.71, "wstETH": 0.955, "DAI": 0.991,
    "OP": 0.42, "EUR": 1.01, "LINK": 0.55, "MKR": 0.40,
}  # fmt: skip
"""The price after the crash as a part of the price before it (wstETH: of its ratio to ether)."""
