"""One account's data: the six numbers of `getUserAccountData`, and what they are made of.

For each reserve whose flag the account has, in the order of ids:

    value = balance * price / 10^decimals                     debt = debt * price / 10^decimals
    threshold, LTV: the category's where the collateral is in it, else the asset's own

    health factor, revisions <= 8:  percent_mul(collateral, average threshold) * 1e18 / debt
                   revisions >= 9:  sum(value * threshold) * 1e18 / debt / 1e4

Base-currency units; percentages in bps; the health factor in wad, 2^256 - 1 without debt.
Source: GenericLogic.calculateUserAccountData, calculateAvailableBorrows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from analyzer.model.book import Prices
from analyzer.model.integers import WAD, mul_div_up
from analyzer.protocols.aave_v3.ray_math import (
    MAX_UINT256,
    PERCENT,
    percent_mul,
    percent_mul_floor,
    wad_div,
)
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.revisions import EModeLtv, Health
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.state.sums import Sums, sums
from analyzer.protocols.aave_v3.value.many import ManyMargins
from analyzer.protocols.aave_v3.value.prices import PriceBook
from analyzer.protocols.aave_v3.words import bit_numbers, has_bit
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

OVERFLOW = "Panic(0x11): a product does not fit 256 bits"
"""What the pool's arithmetic answers where a price or a balance is absurd."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One reserve of an account, as the pool counts it.

    supplied, variable_debt, stable_debt: token amounts. discount: what the token takes off the
    variable debt and account data do not (GHO, revisions <= 6). counted: it counts as collateral.
    value, debt_value: base currency, as counted (value 0 where it is not).
    """

    reserve: ReserveState
    price: int
    supplied: int
    variable_debt: int
    stable_debt: int
    flagged: bool
    counted: bool
    value: int
    debt_value: int
    threshold_bps: int
    ltv_bps: int
    discount: int = 0

    @property
    def debt(self) -> int:
        """Variable and stable debt together, token amount, as account data count it."""
        return self.variable_debt + self.stable_debt

    @property
    def variable_balance(self) -> int:
        """The variable debt as its token says it."""
        return self.variable_debt - self.discount

    @property
    def owed(self) -> int:
        """Variable and stable debt as their tokens say them: what a liquidation works with."""
        return self.debt - self.discount


@dataclass(frozen=True, slots=True)
class AccountData:
    """The six numbers, in the order of the contract's view, and their intermediates."""

    address: str
    collateral_base: int
    debt_base: int
    available_borrows_base: int
    threshold_bps: int
    ltv_bps: int
    health_factor: int
    weighted_threshold: int
    """Sum of value times threshold."""
    borrow_limit_base: int
    """Collateral times average LTV, as the revision rounds it."""
    margin_numerator_e4: int
    """Numerator of the health factor, base currency times 1e4."""
    holdings: tuple[Holding, ...]

    @property
    def six(self) -> tuple[int, int, int, int, int, int]:
        """What `getUserAccountData` returns."""
        return (
            self.collateral_base,
            self.debt_base,
            self.available_borrows_base,
            self.threshold_bps,
            self.ltv_bps,
            self.health_factor,
        )


class Valuation:
    """A state at given prices: computes accounts, and shares what they have in common."""

    def __init__(
        self,
        state: AaveState,
        prices: Prices,
        known: Mapping[str, AccountData | Unreadable] | None = None,
    ) -> None:
        """known: accounts whose numbers are known already."""
        self.state = state
        self.prices = PriceBook(state, prices)
        self._known: dict[str, AccountData | Unreadable] = dict(known or {})

    def known_accounts(self) -> Mapping[str, AccountData | Unreadable]:
        """The accounts whose numbers were asked for so far."""
        return self._known

    def moved(self, prices: Prices, accounts: Iterable[str]) -> Valuation:
        """The valuation after prices, parameters or accounts changed that only these accounts'
        numbers depend on. What this one knows is handed on to it."""
        found, found._known = Valuation(self.state, prices), self._known
        for address in accounts:
            found._known.pop(address, None)
        return found

    @cached_property
    def reserves_by_id(self) -> dict[int, ReserveState]:
        """The listed reserves by id."""
        return self.state.by_id()

    @cached_property
    def many(self) -> ManyMargins:
        """The margins of plain accounts, in short."""
        return ManyMargins(self)

    @cached_property
    def sums(self) -> Sums:
        """The sums over all accounts, reserve by reserve."""
        return sums(self.state)

    def account_data(self, address: str) -> AccountData | Unreadable:
        """The account's numbers, or why they are not known; computed once, and kept.

        Raises: KeyError for an account that the state does not hold.
        """
        found = self._known.get(address)
        if found is None:
            found = self._known[address] = self.computed(address)
        return found

    def computed(self, address: str) -> AccountData | Unreadable:
        """As `account_data`, not kept: for numbers that are asked for once. Raises: KeyError."""
        account = self.state.accounts[address]
        problem = self.state.problem or self.state.unreadable.get(address)
        if problem is not None:
            return problem
        try:
            return self._data(account)
        except UnreadableNumberError as error:
            return error.unreadable

    def flagged_ids(self, account: Account) -> list[int]:
        """Ids of the reserves that the account borrows or uses as collateral, ascending."""
        ids = set(bit_numbers(account.collateral_bits))
        ids.update(
            reserve.id
            for asset in {*account.borrowed, *account.stable}
            if account.borrows(asset) and (reserve := self.state.reserves.get(asset)) is not None
        )
        return sorted(ids)

    def _data(self, account: Account) -> AccountData:
        """Sums over the flagged reserves. Raises: UnreadableNumberError."""
        ids = self.flagged_ids(account)
        if not ids:
            return _empty(account.address)
        # The category's price is asked before any reserve, and fails for all of them.
        self.prices.override(account.emode)
        holdings = []
        for number in ids:
            reserve = self.reserves_by_id.get(number)
            if reserve is not None:
                holdings.append(self.holding(account, reserve))
        return self.summed(account.address, tuple(holdings))

    def holding(self, account: Account, reserve: ReserveState) -> Holding:
        """One reserve of the account. Raises: UnreadableNumberError."""
        state, rules = self.state, self.state.rules
        flagged = has_bit(account.collateral_bits, reserve.id)
        needs_threshold = rules.collateral_needs_threshold
        counted = flagged and (reserve.config.threshold_bps != 0 or not needs_threshold)
        supplied = state.supply(account, reserve)
        variable, stable = (
            state.variable_debt(account, reserve),
            state.stable_debt(account, reserve),
        )
        price = self.prices.for_account(reserve, account.emode)
        threshold, ltv = self.weights(account.emode, reserve)
        return Holding(
            reserve=reserve,
            price=price,
            supplied=supplied,
            variable_debt=variable,
            stable_debt=stable,
            flagged=flagged,
            counted=counted,
            value=_in_word(supplied * price) // reserve.unit if counted else 0,
            debt_value=self.debt_value(variable + stable, price, reserve),
            threshold_bps=threshold,
            ltv_bps=ltv,
            discount=variable - state.variable_balance(account, reserve),
        )

    def debt_value(self, debt: int, price: int, reserve: ReserveState) -> int:
        """A debt in the base currency: up where roundings are directed, else down."""
        product = _in_word(debt * price)
        if self.state.rules.directed:
            return mul_div_up(debt, price, reserve.unit)
        return product // reserve.unit

    def weights(self, emode: int, reserve: ReserveState) -> tuple[int, int]:
        """(liquidation threshold, LTV) of a collateral of an account in category `emode`, bps.
        Raises: UnreadableNumberError."""
        rules, config = self.state.rules, reserve.config
        category = self.prices.category(emode)
        if category is None:
            return config.threshold_bps, config.ltv_bps
        if not self.prices.in_category(reserve, emode):
            isolated = rules.emode_isolation and category.isolated
            return config.threshold_bps, 0 if isolated else config.ltv_bps
        if rules.emode_ltv is EModeLtv.NEEDS_OWN_LTV:
            return category.threshold_bps, category.ltv_bps if config.ltv_bps else 0
        zero = has_bit(category.ltv_zero_bitmap, reserve.id)
        return category.threshold_bps, 0 if zero else category.ltv_bps

    def summed(self, address: str, holdings: tuple[Holding, ...]) -> AccountData:
        """Totals, averages and the health factor of the holdings."""
        rules = self.state.rules
        collateral = _in_word(sum(h.value for h in holdings))
        debt = _in_word(sum(h.debt_value for h in holdings))
        weighted = _in_word(sum(h.value * h.threshold_bps for h in holdings))
        threshold = weighted // collateral if collateral else 0
        weighted_ltv = _in_word(sum(h.value * h.ltv_bps for h in holdings))
        ltv = weighted_ltv // collateral if collateral else 0
        if rules.health is Health.AVERAGE_THRESHOLD:
            backing = percent_mul(collateral, threshold)
            _in_word((backing * WAD + debt // 2) if debt else 0)
            numerator = backing * PERCENT
            health = wad_div(backing, debt) if debt else MAX_UINT256
        else:
            numerator = weighted
            _in_word((weighted * WAD + debt // 2) if debt else 0)
            health = wad_div(weighted, debt) // PERCENT if debt else MAX_UINT256
        times = percent_mul_floor if rules.directed else percent_mul
        limit = times(collateral, ltv)
        return AccountData(
            address=address,
            collateral_base=collateral,
            debt_base=debt,
            available_borrows_base=max(limit - debt, 0),
            threshold_bps=threshold,
            ltv_bps=ltv,
            health_factor=health,
            weighted_threshold=weighted,
            borrow_limit_base=limit,
            margin_numerator_e4=numerator,
            holdings=holdings,
        )


def _in_word(product: int) -> int:
    """A product or sum as the pool computes it: checked. Raises: UnreadableNumberError where it
    does not fit 256 bits and the pool's view reverts."""
    if product > MAX_UINT256:
        raise UnreadableNumberError(Unreadable("getUserAccountData", OVERFLOW, True))
    return product


def _empty(address: str) -> AccountData:
    """An account without any flag."""
    return AccountData(address, 0, 0, 0, 0, 0, MAX_UINT256, 0, 0, 0, ())
