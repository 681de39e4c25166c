"""Every account's numbers at one block: what its manager's views answer, and why they refuse.

`Valuation` reads the feeds once for all accounts. An account whose view reverts keeps the
contract's own error name, because one stale feed can hide many accounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import feeds, interest, perps, pmrm, srm
from analyzer.protocols.derive_v2.value.arrange import PmrmArranger, SrmArranger, refused
from analyzer.protocols.derive_v2.value.interest import Accrued
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, attempt, known

NO_CHANGE = Fraction(1)
"""Requirements as the managers have them."""


@dataclass(frozen=True, slots=True)
class AccountNumbers:
    """One account as the contracts see it.

    mtm, mm, im: mark to market, maintenance and initial margin of the manager's views (stored
    cash, no interest). worst_mm, worst_im: the deciding scenario, None under the StandardManager.
    perps: unsettled cash by perp market. cash_with_interest: what an auction settles first.
    """

    number: int
    mtm: int | Unreadable
    mm: int | Unreadable
    im: int | Unreadable
    worst_mm: int | None
    worst_im: int | None
    cash_stored: int
    cash_with_interest: int | Unreadable
    perps: dict[str, int | Unreadable]

    @property
    def problem(self) -> Unreadable | None:
        """Why the account is unknown, or None: maintenance first, as liquidation needs it."""
        for value in (self.mm, self.im, self.mtm):
            if isinstance(value, Unreadable):
                return value
        return None


@dataclass(frozen=True, slots=True)
class ManagerMargin:
    """A manager's answer: margin, mark to market, and under PMRM_2 the scenario that decided."""

    margin: int
    mark_to_market: int
    worst_scenario: int | None = None


def _of(
    answer: ManagerMargin | Unreadable, part: Callable[[ManagerMargin], int]
) -> int | Unreadable:
    """One number of an answer, or why there is none."""
    return answer if isinstance(answer, Unreadable) else part(answer)


def _worst(answer: ManagerMargin | Unreadable) -> int | None:
    """The deciding scenario of an answer, if it has one."""
    return None if isinstance(answer, Unreadable) else answer.worst_scenario


class Valuation:
    """All accounts of one state. Not shared between threads: it fills its caches as it goes.

    requirement: what every margin requirement (mark to market less margin) is multiplied by.
    """

    def __init__(self, state: DeriveState, requirement: Fraction = NO_CHANGE) -> None:
        self.state = state
        self.requirement = requirement
        self._srm = SrmArranger(state, self.unsettled)
        self._pmrm = {
            address: PmrmArranger(state, manager, self.unsettled)
            for address, manager in state.pmrms.items()
        }
        self._aggregated: dict[str, int | Unreadable] = {}
        self._prices: dict[str, int | Unreadable] = {}
        self._accrued: Accrued | Unreadable | None = None
        self._numbers: dict[int, AccountNumbers] = {}
        self._arranged: dict[int, tuple[Account, list[srm.MarketHolding]]] = {}
        self._margins: dict[int, dict[tuple[bool, int | None], ManagerMargin | Unreadable]] = {}
        self._assessed: dict[int, pmrm.Assessment | Unreadable] = {}

    def numbers(self, number: int) -> AccountNumbers:
        """Every number of account `number`. Raises: KeyError when there is no such account."""
        found = self._numbers.get(number)
        if found is None:
            found = self._numbers[number] = self._compute(self.state.accounts[number])
        return found

    def _compute(self, account: Account) -> AccountNumbers:
        maintenance = attempt(lambda: self.margin(account, initial=False))
        initial = attempt(lambda: self.margin(account, initial=True))
        return AccountNumbers(
            number=account.number,
            mtm=_of(maintenance, lambda answer: answer.mark_to_market),
            mm=_of(maintenance, lambda answer: answer.margin),
            im=_of(initial, lambda answer: answer.margin),
            worst_mm=_worst(maintenance),
            worst_im=_worst(initial),
            cash_stored=account.cash(self.state.cash.address),
            cash_with_interest=attempt(lambda: self.cash_with_interest(account)),
            perps={
                holding.asset: attempt(partial(self.unsettled, account, holding))
                for holding in account.balances
                if holding.asset in self.state.perps
            },
        )

    def margin(
        self, account: Account, *, initial: bool, scenario: int | None = None
    ) -> ManagerMargin:
        """getMarginAndMtM, or with `scenario` getMarginAndMarkToMarket (the StandardManager
        ignores it). An account of the state is computed once. Raises: UnreadableNumberError with
        the contract's error name."""
        if self.state.accounts.get(account.number) is not account:
            return self._margin(account, initial, scenario)
        asked = (initial, scenario if account.manager in self._pmrm else None)
        kept = self._margins.setdefault(account.number, {})
        if asked not in kept:
            kept[asked] = attempt(lambda: self._margin(account, initial, scenario))
        return known(kept[asked])

    def _margin(self, account: Account, initial: bool, scenario: int | None) -> ManagerMargin:
        """As `margin`, computed. Raises: UnreadableNumberError."""
        self._check_read(account)
        if account.manager in self._pmrm:
            assessment = self.assessment(account)
            chosen = None if scenario is None else (scenario,)
            result = assessment.margin(initial=initial, scenarios=chosen)
            answer = ManagerMargin(result.margin, result.mark_to_market, result.worst_scenario)
            return self.required(answer)
        return self.required(self._srm_margin(account, initial))

    def required(self, answer: ManagerMargin) -> ManagerMargin:
        """The answer with its requirement multiplied, rounded up; itself where nothing is."""
        needed = answer.mark_to_market - answer.margin
        if self.requirement == NO_CHANGE or needed <= 0:
            return answer
        more = math.ceil(needed * self.requirement)
        return replace(answer, margin=answer.mark_to_market - more)

    def forget(self, number: int) -> None:
        """The account has other balances now: what was kept of it is made again."""
        self._numbers.pop(number, None)
        self._assessed.pop(number, None)
        self._arranged.pop(number, None)
        self._margins.pop(number, None)

    def _check_read(self, account: Account) -> None:
        """Raises when something of the account's own was not read, or nobody margins it."""
        problem = self.state.unreadable.get(account.number)
        if problem is not None:
            raise UnreadableNumberError(problem)
        if account.manager != self.state.srm.address and account.manager not in self._pmrm:
            what = f"manager {account.manager}"
            raise refused(what, "is not a manager of the deployment", False)

    def assessment(self, account: Account) -> pmrm.Assessment:
        """The scenario margin of a PMRM_2 account in all its parts. Raises:
        UnreadableNumberError."""
        found = self._assessed.get(account.number)
        if found is None:
            found = attempt(lambda: self.assess(account))
            self._assessed[account.number] = found
        return known(found)

    def assess(self, account: Account) -> pmrm.Assessment:
        """As `assessment`, not kept: for an account with other balances than the state's."""
        arranger = self._pmrm[account.manager]
        return arranger.pricer().assess(arranger.portfolio(account))

    def srm_markets(self, account: Account) -> list[srm.MarketHolding]:
        """The holdings of a StandardManager account by market id. Raises: UnreadableNumberError.

        Kept: both margins, the mark to market and the statement ask for them.
        """
        found = self._arranged.get(account.number)
        if found is None or found[0] is not account:
            found = self._arranged[account.number] = account, self._srm.markets(account)
        return found[1]

    def _srm_margin(self, account: Account, initial: bool) -> ManagerMargin:
        """Cash and every market; initial margin asks for the stable coin's price first."""
        manager = self.state.srm
        depeg = 0
        if initial:
            stable, _ = feeds.spot(self.state, manager.stable_feed)
            depeg = srm.depeg_multiplier(
                stable, known(manager.depeg_threshold), known(manager.depeg_factor)
            )
        margin = value = account.cash(self.state.cash.address)
        for holding in self.srm_markets(account):
            stable = feeds.spot(self.state, manager.stable_feed)[0] if holding.base else 0
            part = srm.market_margin(holding, initial=initial, depeg=depeg, stable=stable)
            margin += part.margin
            value += part.mark_to_market
        return ManagerMargin(margin, value)

    def scenario_pnl(self, number: int) -> tuple[int, ...]:
        """getScenarioPnL of a PMRM_2 account, in the order of its manager's scenarios."""
        return self.assessment(self.state.accounts[number]).scenario_pnl

    def unsettled(self, account: Account, holding: Holding) -> int:
        """PnL and funding of one perp balance that are not in cash yet. Raises:
        UnreadableNumberError."""
        market = self.state.perps[holding.asset]
        return perps.unsettled(
            size=holding.balance,
            position=market.positions.get(account.number, perps.NO_POSITION),
            price=known(self._price(market)),
            aggregated=known(self._funding(market)),
        )

    def _price(self, market: PerpMarket) -> int | Unreadable:
        if market.address not in self._prices:
            self._prices[market.address] = attempt(lambda: perps.perp_price(self.state, market)[0])
        return self._prices[market.address]

    def _funding(self, market: PerpMarket) -> int | Unreadable:
        if market.address not in self._aggregated:
            self._aggregated[market.address] = attempt(
                lambda: perps.aggregated_funding(self.state, market)
            )
        return self._aggregated[market.address]

    def accrued(self) -> Accrued:
        """Cash with interest to the block. Raises: UnreadableNumberError when the rate model was
        not read."""
        if self._accrued is None:
            self._accrued = attempt(lambda: interest.accrue(self.state.cash, self.state.block_time))
        return known(self._accrued)

    def cash_with_interest(self, account: Account) -> int:
        """calculateBalanceWithInterest of the account. Raises: UnreadableNumberError."""
        stored = account.cash(self.state.cash.address)
        return interest.balance_with_interest(stored, account.cash_index, self.accrued())
