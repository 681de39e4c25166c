"""One account as a PMRM_2 arranges it before its scenarios are run.

Source: v2-core `PMRM_2.sol` (Portfolio, ExpiryHoldings, CollateralHoldings).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExpiryTerms:
    """The market of one expiry: what its options are priced with.

    fixed, variable: portions of the forward. rate: not below 0. confidence: the least of forward
    and rate (the options' own volatility confidence comes with the holding).
    """

    expiry: int
    seconds: int
    fixed: int
    variable: int
    rate: int
    confidence: int


@dataclass(frozen=True, slots=True)
class OptionHolding:
    """One option balance (signed amount) with the volatility of its strike."""

    strike: int
    is_call: bool
    amount: int
    volatility: int


@dataclass(frozen=True, slots=True)
class ExpiryHolding:
    """The options of one expiry. confidence: the least of terms and every option's volatility."""

    terms: ExpiryTerms
    options: tuple[OptionHolding, ...]
    confidence: int


@dataclass(frozen=True, slots=True)
class CollateralHolding:
    """One base asset: value in stable coin (balance * price / stable price)."""

    asset: str
    value: int
    confidence: int
    risk_cancelling: bool
    mm_haircut: int
    im_haircut: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One account as the manager arranges it. confidence: spot, and perp where one is held.
    perp_value: unsettled PnL and funding."""

    spot: int
    stable: int
    cash: int
    perp_position: int
    perp_price: int
    perp_value: int
    confidence: int
    expiries: tuple[ExpiryHolding, ...]
    collaterals: tuple[CollateralHolding, ...]


def naked_shorts(options: Sequence[OptionHolding]) -> int:
    """Short contracts of one expiry that the other kind of the same strike does not offset: a
    short call with a long put (or the reverse) offset each other, two of one sign do not."""
    by_strike: dict[int, list[int]] = {}
    for option in options:
        by_strike.setdefault(option.strike, []).append(option.amount)
    total = 0
    for amounts in by_strike.values():
        short = -sum(amount for amount in amounts if amount < 0)
        long = sum(amount for amount in amounts if amount > 0)
        total += max(0, short - long)
    return total
