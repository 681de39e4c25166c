"""Which accounts can be liquidatable at some prices: float64, and on the safe side.

Every holding has a row (account, price, amounts, threshold). An account whose collateral at
thresholds is more than its debt by any rounding that the pool makes is surely healthy; all others
are decided in integers.

Why nobody is left out that the pool would liquidate. With W = sum of value x threshold / 1e4 and D
= the debt, both as the pool rounds them, and W', D' the same in real numbers:

    liquidatable  =>  W < D                        (half up cannot lift a quotient below 1 to less)
    W' - W  <  1 a holding, D - D'  <  1 a holding  (one floor, one ceiling in base units)
    revisions <= 8: W is collateral x floored average, half up: 1 bps of the collateral and half a
                    unit more; their debts are floored, which leaves that unit
    so  liquidatable  =>  W' - D'  <  2 a holding + 1 bps of the collateral

In float64, u = 2^-53: an amount in tokens, a price and a threshold are each rounded once, their
products twice, a sum of n holdings n - 1 times, all without a change of sign: W' and D' are off by
a part of less than (n + 5) u, 1.6e-14 for the 128 reserves that a pool has at most. `NEAR` (1e-9)
of both together is five orders of magnitude more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.revisions import Health
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.kit.float_filter import slack, sums, suspects
from analyzer.protocols.kit.unreadable import Unreadable

Array = npt.NDArray[np.float64]

UNITS_A_HOLDING = 2.0
"""Base units that the pool's roundings of one holding's value and debt are below."""
ONE_BPS = 1.0 / PERCENT
"""Most that flooring the average threshold takes (revisions <= 8)."""


@dataclass(slots=True)
class _Rows:
    """One entry a holding. slot: which price; supplied and debt in whole tokens."""

    account: list[int] = field(default_factory=list)
    slot: list[int] = field(default_factory=list)
    supplied: list[float] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    debt: list[float] = field(default_factory=list)


class FloatFilter:
    """The accounts of a state as they were when it was made. Shape of all rows: [holding].

    accounts: (address, its data) in book order, unknown ones left out.
    """

    def __init__(self, state: AaveState, accounts: Iterator[tuple[str, AccountData]]) -> None:
        self._averages = state.rules.health is Health.AVERAGE_THRESHOLD
        self._addresses: list[str] = []
        self._slots: dict[tuple[str, int], tuple[int, ReserveState]] = {}
        rows = _Rows()
        for address, data in accounts:
            # A debt too small to be worth anything now may be worth something at other prices.
            if any(holding.debt for holding in data.holdings):
                self._add(rows, state, address, data)
        self._account = np.array(rows.account, dtype=np.int64)
        self._slot = np.array(rows.slot, dtype=np.int64)
        self._supplied = np.array(rows.supplied, dtype=np.float64)
        self._threshold = np.array(rows.threshold, dtype=np.float64)
        self._debt = np.array(rows.debt, dtype=np.float64)

    def _add(self, rows: _Rows, state: AaveState, address: str, data: AccountData) -> None:
        """One account's holdings."""
        number = len(self._addresses)
        self._addresses.append(address)
        emode = state.accounts[address].emode
        for holding in data.holdings:
            reserve = holding.reserve
            key = reserve.asset, emode if reserve.config.emode_category == emode else 0
            slot, _ = self._slots.setdefault(key, (len(self._slots), reserve))
            rows.account.append(number)
            rows.slot.append(slot)
            rows.supplied.append(holding.supplied / reserve.unit if holding.counted else 0.0)
            rows.threshold.append(holding.threshold_bps / PERCENT)
            rows.debt.append(holding.debt / reserve.unit)

    def candidates(self, valuation: Valuation) -> Sequence[str]:
        """The accounts that may have a health factor below 1 at the valuation's prices."""
        if not self._addresses:
            return []
        prices = np.array(
            [
                float(valuation.prices.for_account(reserve, emode))
                for (_, emode), (_, reserve) in self._slots.items()
            ]
        )
        price, count = prices[self._slot], len(self._addresses)
        value = self._supplied * price
        collateral = sums(self._account, value, count)
        backing = sums(self._account, value * self._threshold, count)
        debt = sums(self._account, self._debt * price, count)
        holdings = sums(self._account, np.ones_like(price), count)
        near = slack(backing + debt, UNITS_A_HOLDING * holdings)
        if self._averages:
            near = near + ONE_BPS * collateral
        return [self._addresses[i] for i in np.flatnonzero(suspects(backing, debt, near))]


def float_filter_of(valued: AaveValued) -> FloatFilter:
    """Who of a book can be liquidatable at which prices, in float64; made once."""
    found = valued.kept.get("float_filter")
    if not isinstance(found, FloatFilter):
        valuation = valued.valuation
        known = (
            (address, data)
            for address in valued.book.account_ids
            if not isinstance(data := valuation.account_data(address), Unreadable)
        )
        found = valued.kept["float_filter"] = FloatFilter(valued.state, known)
    return found
