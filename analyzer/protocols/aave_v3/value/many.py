"""The margin of many accounts in one pass: what `account` computes, without its records in between.

    account ──flags, scaled balances──▶ sums of value, value x threshold, value x LTV, debt ──▶ row

Python's integers throughout, so that nothing is rounded that the contract does not round. What all
accounts of a category share (price, weights, index of a reserve) is looked up once for all of them.
An account with anything out of the ordinary (a number that cannot be had, a stable debt, a
discount, an amount near the bounds of a word, a test that rounds, a liquidation) is left to
`account`, which says it in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from analyzer.model.integers import WAD, mul_div_up
from analyzer.model.rows import MarginRow
from analyzer.protocols.aave_v3.ray_math import (
    HALF_RAY,
    MAX_UINT256,
    PERCENT,
    RAY,
)
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.revisions import Health
from analyzer.protocols.aave_v3.state.state import ReserveState
from analyzer.protocols.kit.unreadable import UnreadableNumberError

if TYPE_CHECKING:
    from analyzer.protocols.aave_v3.value.account import Valuation

_SCALED_BELOW = 2**110
_INDEX_BELOW = 2**96
_PRICE_BELOW = 2**80
"""Bounds under which no sum over all 128 reserves leaves a word: 110 + 96 bits of a balance times
its index in ray, then 117 + 80 of it times a price, and 16 of a threshold on top. In wad it may:
that is looked at."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one reserve is to an account of one category, in the base currency's unit and bps.
    bit: of the collateral flag. counts: its value counts where the flag is set."""

    reserve: ReserveState
    bit: int
    income_ray: int
    debt_ray: int
    price: int
    unit: int
    counts: bool
    threshold_bps: int
    ltv_bps: int


Short: TypeAlias = tuple[int, int, int, int, int, bool, int, int]
"""Terms as one tuple, taken apart at once: bit, income, debt index, price, unit, whether it counts,
threshold, LTV."""


@dataclass(frozen=True, slots=True)
class Category:
    """The terms of every reserve that has plain ones, by asset. odd_bits: collateral flags of the
    others. short: the terms once more."""

    terms: dict[str, Terms]
    odd_bits: int
    short: dict[str, Short]


Sums: TypeAlias = tuple[int, int, int, int, bool, bool]
"""Collateral, debt, value x threshold, value x LTV, whether a flagged reserve has a balance, and
whether there is a debt."""


class ManyMargins:
    """The margin rows of one valuation's plain accounts."""

    def __init__(self, valuation: Valuation) -> None:
        self._valuation = valuation
        self._state = valuation.state
        self._directed = valuation.state.rules.directed
        self._averages = valuation.state.rules.health is Health.AVERAGE_THRESHOLD
        self._half = 0 if self._directed else PERCENT // 2
        self._by_category: dict[int, Category | None] = {}
        self._plain: dict[str, bool] = {}
        known = valuation.state.problem is None
        self._scale = WAD // valuation.state.base_unit if known else 0
        self._discounted = {
            address for percents in valuation.state.discounts.values() for address in percents
        }

    def row(self, account: Account) -> MarginRow | None:
        """The row of an account that is plain; None where `account` has to say it."""
        state = self._state
        address = account.address
        if (
            state.problem is not None
            or address in state.unreadable
            or account.stable
            or address in self._discounted
        ):
            return None
        category = self.category(account.emode)
        if category is None or account.collateral_bits & category.odd_bits:
            return None
        sums = self._sums(account, category.short)
        row = None if sums is None else self._made(address, *sums)
        if row is not None:
            self._plain[address] = row.equity_e18 is not None and row.equity_e18 >= 0
        return row

    def plain_terms(self, account: Account) -> dict[str, Terms] | None:
        """The terms that hold for an account whose row is plain, for what is written beside it;
        None where it is not."""
        if account.address not in self._plain and self.row(account) is None:
            return None
        category = self.category(account.emode)
        return None if category is None else category.terms

    def covers_debt(self, account: Account) -> bool:
        """Whether the account's row is plain and its collateral is worth its debt; False says
        nothing."""
        if account.address not in self._plain:
            self.row(account)
        return self._plain.get(account.address, False)

    def supplied(self, scaled: int, terms: Terms) -> int:
        """The aToken balance that a scaled balance is worth."""
        product = scaled * terms.income_ray
        return product // RAY if self._directed else (product + HALF_RAY) // RAY

    def owed(self, scaled: int, terms: Terms) -> tuple[int, int]:
        """(variable debt, its value) of a scaled debt."""
        product = scaled * terms.debt_ray
        if self._directed:
            amount = -(-product // RAY)
            return amount, mul_div_up(amount, terms.price, terms.unit)
        amount = (product + HALF_RAY) // RAY
        return amount, amount * terms.price // terms.unit

    def _sums(self, account: Account, short: dict[str, Short]) -> Sums | None:
        """The sums over an account's balances; None where a number is out of the ordinary."""
        bits, directed = account.collateral_bits, self._directed
        collateral = weighted = weighted_ltv = 0
        backed = False
        for asset, scaled in account.supplied.items():
            found = short.get(asset)
            if found is None:
                # What is not listed counts for nothing; what has no price is no such thing.
                if asset in self._state.reserves:
                    return None
                continue
            if not 0 <= scaled < _SCALED_BELOW:
                return None
            bit, income, _, price, unit, counts, threshold, ltv = found
            if not bits & bit:
                continue
            # As `supplied`: a call for each balance would be a third of the time.
            product = scaled * income
            supplied = product // RAY if directed else (product + HALF_RAY) // RAY
            if supplied:
                backed = True
                if counts:
                    value = supplied * price // unit
                    collateral += value
                    weighted += value * threshold
                    weighted_ltv += value * ltv
        owed = self._owed(account, short)
        if owed is None:
            return None
        return collateral, owed[0], weighted, weighted_ltv, backed, owed[1]

    def _owed(self, account: Account, short: dict[str, Short]) -> tuple[int, bool] | None:
        """(the value of all debts, whether there is one), as `owed` has each; None as `_sums`."""
        directed, debt, owes = self._directed, 0, False
        for asset, scaled in account.borrowed.items():
            found = short.get(asset)
            if found is None:
                if asset in self._state.reserves:
                    return None
                continue
            if not 0 <= scaled < _SCALED_BELOW:
                return None
            product, price, unit = scaled * found[2], found[3], found[4]
            if directed:
                amount = -(-product // RAY)
                debt -= -amount * price // unit
            else:
                amount = (product + HALF_RAY) // RAY
                debt += amount * price // unit
            owes = owes or amount != 0
        return debt, owes

    def _made(
        self,
        address: str,
        collateral: int,
        debt: int,
        weighted: int,
        weighted_ltv: int,
        backed: bool,
        owes: bool,
    ) -> MarginRow | None:
        """The row of these sums; None where the test and the numbers do not say the same, or the
        account may be liquidated."""
        if self._averages:
            threshold = weighted // collateral if collateral else 0
            tested = (collateral * threshold + PERCENT // 2) // PERCENT
            numerator_e4, least = tested * PERCENT, WAD
        else:
            tested = numerator_e4 = weighted
            least = WAD * PERCENT
        rounded = tested * WAD + debt // 2
        # The test, wad_div(tested, debt) >= least, without its division: least is whole.
        if debt and (rounded < least * debt or rounded > MAX_UINT256):
            return None
        scale = self._scale
        numerator, owed = numerator_e4 * scale // PERCENT, debt * scale
        if numerator < owed:
            return None
        ltv = weighted_ltv // collateral if collateral else 0
        limit = (collateral * ltv + self._half) // PERCENT
        free, equity = (limit - debt) * scale, (collateral - debt) * scale
        # By place: names would be an eighth of the time.
        return MarginRow(
            address, address, equity, numerator, numerator - free, owed, free,
            False, backed and owes, None, "open", None, "", equity,
        )  # fmt: skip

    def category(self, emode: int) -> Category | None:
        """The terms of a category's accounts; None where the category itself cannot be had."""
        if emode not in self._by_category:
            self._by_category[emode] = self._worked_out(emode)
        return self._by_category[emode]

    def _worked_out(self, emode: int) -> Category | None:
        """The same, worked out."""
        prices, rules = self._valuation.prices, self._state.rules
        try:
            prices.override(emode)
        except UnreadableNumberError:
            return None
        found, odd_bits = {}, 0
        for asset, reserve in self._state.reserves.items():
            bit = 1 << reserve.id
            try:
                price = prices.for_account(reserve, emode)
                threshold, ltv = self._valuation.weights(emode, reserve)
            except UnreadableNumberError:
                odd_bits |= bit
                continue
            if max(reserve.income_ray, reserve.debt_ray) >= _INDEX_BELOW or price >= _PRICE_BELOW:
                odd_bits |= bit
                continue
            counts = reserve.config.threshold_bps != 0 or not rules.collateral_needs_threshold
            found[asset] = Terms(
                reserve, bit, reserve.income_ray, reserve.debt_ray, price, reserve.unit, counts,
                threshold, ltv,
            )  # fmt: skip
        short = {
            asset: (
                t.bit, t.income_ray, t.debt_ray, t.price, t.unit, t.counts, t.threshold_bps,
                t.ltv_bps,
            )
            for asset, t in found.items()
        }  # fmt: skip
        return Category(found, odd_bits, short)
