"""Which numbers of the DataStore a rebuild needs that no event carries: by market, side and sign.

Source: gmx-synthetics `Keys.sol`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.protocols.gmx_v2.keys import key, name_hash

GLOBAL = (
    "MIN_COLLATERAL_USD",
    "POSITION_FEE_RECEIVER_FACTOR",
    "BORROWING_FEE_RECEIVER_FACTOR",
    "LIQUIDATION_FEE_RECEIVER_FACTOR",
    "MAX_ORACLE_PRICE_AGE",
)
FOR_SWAPS = "SWAP_FEE_RECEIVER_FACTOR"
GLOBAL_FLAGS = ("SKIP_BORROWING_FEE_FOR_SMALLER_SIDE", "USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE")

SAVED_FUNDING = "SAVED_FUNDING_FACTOR_PER_SECOND"
DISTRIBUTED_AT = "POSITION_IMPACT_POOL_DISTRIBUTED_AT"

_OF_MARKET = (
    "MIN_COLLATERAL_FACTOR",
    "MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION",
    "MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS",
    "LIQUIDATION_FEE_FACTOR",
    "MAX_LENDABLE_IMPACT_FACTOR",
    "MAX_LENDABLE_IMPACT_USD",
    "MIN_POSITION_IMPACT_POOL_AMOUNT",
    "POSITION_IMPACT_POOL_DISTRIBUTION_RATE",
    DISTRIBUTED_AT,
    "FUNDING_FACTOR",
    "FUNDING_EXPONENT_FACTOR",
    "FUNDING_INCREASE_FACTOR_PER_SECOND",
    "FUNDING_DECREASE_FACTOR_PER_SECOND",
    "MIN_FUNDING_FACTOR_PER_SECOND",
    "MAX_FUNDING_FACTOR_PER_SECOND",
    "THRESHOLD_FOR_STABLE_FUNDING",
    "THRESHOLD_FOR_DECREASE_FUNDING",
)
_OF_SIDE = (
    "OPEN_INTEREST_RESERVE_FACTOR",
    "OPTIMAL_USAGE_FACTOR",
    "BASE_BORROWING_FACTOR",
    "ABOVE_OPTIMAL_USAGE_BORROWING_FACTOR",
    "BORROWING_FACTOR",
    "BORROWING_EXPONENT_FACTOR",
    "MIN_PNL_FACTOR_AFTER_ADL",
)
_OF_SIGN = (
    "POSITION_IMPACT_FACTOR",
    "POSITION_IMPACT_EXPONENT_FACTOR",
    "MAX_POSITION_IMPACT_FACTOR",
    "POSITION_FEE_FACTOR",
)

FOR_TRADERS = "MAX_PNL_FACTOR_FOR_TRADERS"
FOR_ADL = "MAX_PNL_FACTOR_FOR_ADL"
FOR_DEPOSITS = "MAX_PNL_FACTOR_FOR_DEPOSITS"
FOR_WITHDRAWALS = "MAX_PNL_FACTOR_FOR_WITHDRAWALS"
PNL_TYPES = (FOR_TRADERS, FOR_ADL, FOR_DEPOSITS, FOR_WITHDRAWALS)
"""What the share of the pool that profits may take is asked for."""

DISABLED = "IS_MARKET_DISABLED"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One number to read: under which label it is kept, the getter, and its key. evidence: no
    margin needs it."""

    label: str
    getter: str
    key: bytes
    evidence: bool = False


def label(name: str, flag: bool | None = None) -> str:
    """Under which a number is kept. flag: the side (true = longs) or the sign (true = positive)."""
    return name if flag is None else f"{name}:{'true' if flag else 'false'}"


def of_everything() -> Iterator[Wanted]:
    """The global numbers."""
    for name in GLOBAL:
        yield Wanted(name, "getUint", key(name))
    for name in GLOBAL_FLAGS:
        yield Wanted(name, "getBool", key(name))
    yield Wanted(FOR_SWAPS, "getUint", key(FOR_SWAPS), evidence=True)


def of_market(market: str) -> Iterator[Wanted]:
    """The numbers of one market."""
    for name in _OF_MARKET:
        yield Wanted(name, "getUint", key(name, market))
    yield Wanted(SAVED_FUNDING, "getInt", key(SAVED_FUNDING, market))
    yield Wanted(DISABLED, "getBool", key(DISABLED, market))
    exponent = "SWAP_IMPACT_EXPONENT_FACTOR"
    yield Wanted(exponent, "getUint", key(exponent, market), evidence=True)
    for flag in (True, False):
        for name in ("SWAP_IMPACT_FACTOR", "SWAP_FEE_FACTOR"):
            at = key(name, market, flag)
            yield Wanted(label(name, flag), "getUint", at, evidence=True)
        for name in (*_OF_SIDE, *_OF_SIGN):
            yield Wanted(label(name, flag), "getUint", key(name, market, flag))
        for kind in PNL_TYPES:
            at = key("MAX_PNL_FACTOR", name_hash(kind), market, flag)
            yield Wanted(label(kind, flag), "getUint", at)
