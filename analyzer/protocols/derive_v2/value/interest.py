"""Interest on cash: what the indexes would be now, and what an account's cash would become.

Margin views read stored balances; an auction settles interest first, so the difference decides
liquidation near zero.
Source: v2-core `CashAsset.sol`, `InterestRateModel.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import div, exp, mul
from analyzer.protocols.derive_v2.records.cash import CashState, RateModel
from analyzer.protocols.derive_v2.value.black76 import SECONDS_PER_YEAR
from analyzer.protocols.kit.unreadable import known


@dataclass(frozen=True, slots=True)
class Accrued:
    """The cash asset after interest to now. interest: charged to borrowers; sm_fee: the part of
    it that is kept for the security module."""

    total_supply: int
    total_borrow: int
    borrow_index: int
    supply_index: int
    interest: int
    sm_fee: int


def borrow_rate(model: RateModel, *, supply: int, borrow: int) -> int:
    """Yearly rate at the utilisation borrow / supply (at most 1), kinked at the optimum.

    Raises: ZeroDivisionError without any supply, where the contract panics.
    """
    utilisation = min(WAD, div(borrow, supply)) if borrow else 0
    if utilisation <= model.optimal_util:
        return mul(utilisation, model.rate_multiplier) + model.min_rate
    normal = mul(model.optimal_util, model.rate_multiplier) + model.min_rate
    return mul(utilisation - model.optimal_util, model.high_rate_multiplier) + normal


def accrue(cash: CashState, now: int) -> Accrued:
    """The indexes and totals with interest until `now` (unix seconds).

    Cash printed by settlements that is not backed yet counts as supply in the utilisation.
    Raises: UnreadableNumberError when the rate model was not read, or ExpOverflow;
    ZeroDivisionError without any supply, where the contract panics.
    """
    elapsed = now - cash.last_timestamp
    if elapsed == 0 or cash.total_borrow == 0:
        return Accrued(
            cash.total_supply, cash.total_borrow, cash.borrow_index, cash.supply_index, 0, 0
        )
    supply = cash.total_supply + max(0, -cash.net_settled_cash)
    rate = borrow_rate(known(cash.rate_model), supply=supply, borrow=cash.total_borrow)
    factor = exp(elapsed * rate // SECONDS_PER_YEAR) - WAD
    interest = mul(cash.total_borrow, factor)
    sm_fee = mul(interest, cash.sm_fee_percentage)
    total_borrow = cash.total_borrow + interest
    total_supply = cash.total_supply + interest - sm_fee
    return Accrued(
        total_supply=total_supply,
        total_borrow=total_borrow,
        borrow_index=mul(div(total_borrow, cash.total_borrow), cash.borrow_index),
        supply_index=mul(div(total_supply, cash.total_supply), cash.supply_index),
        interest=interest,
        sm_fee=sm_fee,
    )


def balance_with_interest(balance: int, account_index: int, accrued: Accrued) -> int:
    """calculateBalanceWithInterest: the borrow index for a debt, the supply index for a claim.

    An account whose cash was never touched (index 0), or holds none, keeps its balance.
    """
    if balance == 0 or account_index == 0:
        return balance
    index = accrued.borrow_index if balance < 0 else accrued.supply_index
    return mul(balance, div(index, account_index))
