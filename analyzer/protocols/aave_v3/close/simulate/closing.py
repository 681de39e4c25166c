"""Winding an account up, and what it may withdraw: neither is a liquidation.

Winding up sells collateral at the oracle's prices, without bonus and fee, only as far as it takes
to repay the debts; what the collateral does not pay is treated as after a liquidation. A
withdrawal keeps the pool's two rules: the health factor stays 1 or more, and a collateral without
borrowing power (LTV 0) goes first.
Source: SupplyLogic.executeWithdraw, ValidationLogic.validateHFAndLtv, validateHFAndLtvzero.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from analyzer.protocols.aave_v3.close.simulate.applied import liquidity
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.records.balances import Side, balance_of, scaled_taken
from analyzer.protocols.aave_v3.revisions import EModeLtv
from analyzer.protocols.aave_v3.state.state import ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import (
    LIQUIDATION_THRESHOLD,
    Call,
    Liquidation,
    Outcome,
)
from analyzer.protocols.kit.unreadable import UnreadableNumberError


class WindingUp(Liquidation):
    """Debts of one account repaid out of its collateral, whatever its health factor."""

    def bonus_bps(self, holding: Holding) -> int:
        """Nobody is paid for it: the collateral is worth its price."""
        return PERCENT

    def first(self) -> tuple[Holding, Holding, Outcome] | None:
        """The next pair to close, in the order of reserve ids: as much of the debt as the
        collateral pays. None when nothing can be closed."""
        for collateral in self.collaterals():
            if not collateral.counted:
                continue
            for debt in self.debts():
                reserves = collateral.reserve, debt.reserve
                if any(not r.config.active or r.config.paused for r in reserves):
                    continue
                call = Call(collateral.reserve.asset, debt.reserve.asset)
                outcome = self.executed(call, collateral, debt, debt.owed)
                if outcome.reverts is None:
                    return collateral, debt, outcome
        return None


def owed_again(valuation: Valuation, address: str) -> tuple[ReserveState, int] | None:
    """(reserve, its price) of the debt that grows where a winding up fetched too little: the first
    that the account ever had, in the order of reserve ids, those that can be repaid now before
    others. None where it never had one with a price."""
    account, found = valuation.state.accounts[address], list[tuple[bool, int, ReserveState, int]]()
    for asset in {*account.borrowed, *account.stable} & valuation.state.reserves.keys():
        reserve = valuation.state.reserves[asset]
        with suppress(UnreadableNumberError):
            shut = not reserve.config.active or reserve.config.paused
            found.append((shut, reserve.id, reserve, valuation.prices.asset(reserve)))
    if not found:
        return None
    _, _, reserve, price = min(found, key=lambda debt: debt[:2])
    return reserve, price


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A part of a collateral that may be taken out. scaled_after: of what stays; flag: whether it
    still stands as collateral."""

    holding: Holding
    amount: int
    scaled_after: int
    flag: bool


class Withdrawals:
    """What one account may take out at a valuation."""

    def __init__(self, valuation: Valuation, data: AccountData) -> None:
        self._valuation = valuation
        self._data = data
        self._state = valuation.state
        self._account = valuation.state.accounts[data.address]

    def largest(self, asset: str) -> Withdrawal | None:
        """The most of the collateral that the pool lets go now; None when it is nothing.

        Where thresholds are averaged (revisions <= 8) the flooring of the average makes the health
        factor jump by a hair, and it is the end of a range of amounts that all pass.
        """
        holding = next((h for h in self._data.holdings if h.reserve.asset == asset), None)
        if holding is None or not self._open(holding):
            return None
        high = holding.supplied
        there = liquidity(self._state.reserves[asset])
        if there is not None:
            high = min(high, max(there, 0))
        if high and self._passes(holding, high):
            return self._taken(holding, high)
        low = 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._passes(holding, middle) else (low, middle)
        return self._taken(holding, low) if low else None

    @staticmethod
    def _open(holding: Holding) -> bool:
        """Whether the reserve lets collateral go at all."""
        config = holding.reserve.config
        return bool(holding.flagged and holding.supplied and config.active and not config.paused)

    def _taken(self, holding: Holding, amount: int) -> Withdrawal:
        """The balances after taking `amount`; the whole balance takes the whole scaled one."""
        rules, reserve = self._state.rules, holding.reserve
        scaled = self._account.supplied.get(reserve.asset, 0)
        burned = min(scaled_taken(rules, Side.SUPPLY, amount, reserve.income_ray), scaled)
        whole = amount == holding.supplied
        if whole and rules.directed:
            burned = scaled
        left = scaled - burned
        emptied = left == 0 if rules.directed else whole
        return Withdrawal(holding, amount, left, not emptied)

    def _passes(self, holding: Holding, amount: int) -> bool:
        """Whether the pool's checks pass after taking `amount`."""
        taken = self._taken(holding, amount)
        if taken.scaled_after == self._account.supplied.get(holding.reserve.asset, 0):
            return False
        if not self._account.has_debt:
            return True
        after = self._valuation.summed(self._data.address, self._holdings_after(taken))
        if after.health_factor < LIQUIDATION_THRESHOLD:
            return False
        without_power = [h for h in after.holdings if h.counted and self._ltv(h) == 0]
        return not without_power or self._ltv(holding) == 0

    def _holdings_after(self, taken: Withdrawal) -> tuple[Holding, ...]:
        """The account's holdings with this one reduced."""
        old = taken.holding
        balance = balance_of(
            self._state.rules, Side.SUPPLY, taken.scaled_after, old.reserve.income_ray
        )
        counted = old.counted and taken.flag
        changed = replace(
            old,
            supplied=balance,
            flagged=taken.flag,
            counted=counted,
            value=balance * old.price // old.reserve.unit if counted else 0,
        )
        return tuple(changed if h is old else h for h in self._data.holdings)

    def _ltv(self, holding: Holding) -> int:
        """The LTV that the rule about collateral without borrowing power looks at."""
        if self._state.rules.emode_ltv is EModeLtv.NEEDS_OWN_LTV:
            return holding.reserve.config.ltv_bps
        return holding.ltv_bps
