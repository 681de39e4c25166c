"""CashAsset at the block: totals and indexes as stored, and its rate model."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class RateModel:
    """InterestRateModel: the kinked curve, yearly rates."""

    min_rate: int
    rate_multiplier: int
    high_rate_multiplier: int
    optimal_util: int


@dataclass(slots=True)
class CashState:
    """CashAsset at the block, stored values (not accrued to now)."""

    address: str
    total_supply: int
    total_borrow: int
    accrued_sm_fees: int
    net_settled_cash: int
    borrow_index: int
    supply_index: int
    last_timestamp: int
    sm_fee_percentage: int
    previous_sm_fee_percentage: int
    withdraw_fee_enabled: bool
    sm_account: int
    """smId: where interest fees go."""
    stable_held: int | Unreadable
    """USDC of the contract, in 18 decimals."""
    rate_model: RateModel | Unreadable
