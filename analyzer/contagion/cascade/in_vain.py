"""Whom a round visits in vain, all accounts of a venue at once: a filter that only says no.

    who may pay at the market of now, and at any worse one      asked once, for all of them
    who is let through and does not pay all the same            asked again when they are many
    a pair that stands better than what was asked with          asked again, with more room

A closure needs a size to pay (`floors`), and a market that others have sold into asks for a larger
one. Trades of a round go mostly one way, so that one answer holds for many visits.
"""

from __future__ import annotations

from collections.abc import Container

from analyzer.contagion.cascade.floors import Floors
from analyzer.contagion.cascade.state import State
from analyzer.contagion.scenario import Willingness
from analyzer.market.depth.route import Pair
from analyzer.model.integers import WAD

PATIENCE = 64
"""Accounts that turn out not to pay one by one before all are asked again."""
ONE_IN = 1000
"""The same as a part of a large book: asking all costs as much as a thousandth of it one by one."""
ROOM_USD = 1000.0
"""By how much better a pair may stand before all are asked again; more of it every time."""
MORE = 4.0


class InVain:
    """The filter of one venue in one round, in which its protocol's prices stand."""

    def __init__(self, state: State, number: int, gas_usd: float) -> None:
        self._state, self._number, self._gas_usd = state, number, gas_usd
        self._venue = state.venues[number]
        self._patience = max(PATIENCE, len(self._venue.simulation.account_ids()) // ONE_IN)
        self._room_usd, self._left, self._turn = ROOM_USD, 0, -1
        self._floors: Floors | None = None
        self._nets_usd: dict[Pair, float] = {}
        self._may: Container[str] | None = ()

    def out(self, account_id: str) -> bool:
        """Whether surely no closure of the account pays its gas. To be asked before it changes."""
        if self._may is None:
            return False
        if self._left <= 0 or not self._holds():
            self._ask()
        return self._may is not None and account_id not in self._may

    def failed(self) -> None:
        """Somebody who was let through did not pay."""
        self._left -= 1

    def _holds(self) -> bool:
        """Whether no pair stands better than what was asked with."""
        prices = self._state.prices
        if self._floors is None or self._turn == prices.turn:
            return self._floors is not None
        self._turn, used = prices.turn, self._floors.used
        for pair, net_usd in prices.pairs.nets_usd().items():
            known = self._nets_usd.get(pair)
            room_usd = 0.0 if known is None else self._room_usd
            better_usd = (known or 0.0) - net_usd
            ways = used.get(pair[0], ())
            if (True in ways and better_usd > room_usd) or (
                False in ways and -better_usd > room_usd
            ):
                self._room_usd *= MORE
                return False
        return True

    def _ask(self) -> None:
        """Asks the protocol who may pay where the market stands now, with some room."""
        prices, protocol = self._state.prices, self._state.protocol_e18[self._number]
        self._turn, self._left = prices.turn, self._patience
        self._floors = Floors(prices, self._number, protocol, self._gas_usd, self._room_usd)
        self._may = self._venue.may_pay(self._floors.least)
        self._nets_usd = prices.pairs.nets_usd()


def in_vain_of(state: State) -> list[InVain]:
    """One for each venue; none where liquidators work at any loss or for nothing."""
    terms = state.prices.scenario.liquidators
    gas_usd = terms.cost_e18(0) / WAD
    if terms.mode is Willingness.AT_ANY_LOSS or gas_usd <= 0:
        return []
    return [InVain(state, number, gas_usd) for number in range(len(state.venues))]
