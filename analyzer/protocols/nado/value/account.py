"""Every account's numbers at given prices: what it holds now, and its three healths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, attempt
from analyzer.protocols.nado.records import Account
from analyzer.protocols.nado.state.balances import perp_now, spot_amount
from analyzer.protocols.nado.state.state import QUOTE, NadoState
from analyzer.protocols.nado.value.health import Health, HealthType, Holdings, Market, health

NO_CHANGE = Fraction(1)
"""Requirements as the contracts have them."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """One account. initial, maintenance, pnl: its healths."""

    held: Holdings
    initial: Health
    maintenance: Health
    pnl: Health

    @property
    def not_borrowable(self) -> bool:
        """Whether one of the requirements is no amount."""
        return self.initial.not_borrowable or self.maintenance.not_borrowable


def holdings(state: NadoState, account: Account) -> Holdings:
    """What an account holds now. Raises: UnreadableNumberError when something of it, or of one of
    its products, was not read; KeyError for a product that no engine lists."""
    problem = state.unreadable.get(account.account_id)
    if problem is not None:
        raise UnreadableNumberError(problem)
    return Holdings(
        {p: spot_amount(state.spots[p], n) for p, n in account.spot.items()},
        {p: perp_now(state.perps[p], held) for p, held in account.perps.items()},
    )


class Valuation:
    """All accounts of one state at given prices. Not shared between threads: it keeps what it has
    computed.

    prices: product -> 18 decimals. requirement: what initial and maintenance requirements are
    multiplied by.
    """

    def __init__(
        self, state: NadoState, prices: Mapping[int, int], requirement: Fraction = NO_CHANGE
    ) -> None:
        self.state = state
        self.prices = prices
        self.requirement = requirement
        self._numbers: dict[str, Numbers | Unreadable] = {}

    @property
    def market(self) -> Market:
        """What holdings are counted with, as the state has it now."""
        return Market(self.state.spots, self.state.perps, self.state.spreads, self.prices)

    def numbers(self, account_id: str) -> Numbers | Unreadable:
        """The account's numbers, or why they cannot be had. Raises: KeyError."""
        found = self._numbers.get(account_id)
        if found is None:
            account = self.state.accounts[account_id]
            found = self._numbers[account_id] = attempt(lambda: self.compute(account))
        return found

    def compute(self, account: Account) -> Numbers:
        """The numbers of an account as it is given. Raises: UnreadableNumberError."""
        held, market = holdings(self.state, account), self.market
        pnl = health(market, held, HealthType.PNL)
        return Numbers(
            held,
            self.required(pnl, health(market, held, HealthType.INITIAL)),
            self.required(pnl, health(market, held, HealthType.MAINTENANCE)),
            pnl,
        )

    def health_of(self, account: Account, kind: HealthType) -> int:
        """One health of an account as it is given. Raises: UnreadableNumberError."""
        held, market = holdings(self.state, account), self.market
        found = health(market, held, kind)
        if self.requirement != NO_CHANGE and kind is not HealthType.PNL:
            found = self.required(health(market, held, HealthType.PNL), found)
        return found.total

    def required(self, pnl: Health, found: Health) -> Health:
        """The health with its requirement multiplied, rounded up; itself where nothing is, or the
        requirement is no amount."""
        needed = pnl.total - found.total
        if self.requirement == NO_CHANGE or needed <= 0 or found.not_borrowable:
            return found
        total = pnl.total - math.ceil(needed * self.requirement)
        return Health(found.spot, found.perp, found.spread, total, False)

    def forget(self, account_id: str) -> None:
        """The account has other balances now."""
        self._numbers.pop(account_id, None)

    def forget_all(self) -> None:
        """What every account is counted with has changed."""
        self._numbers.clear()

    def cash(self, account: Account) -> int:
        """The quote amount of an account. Raises: UnreadableNumberError."""
        return spot_amount(self.state.spots[QUOTE], account.spot.get(QUOTE, 0))
