"""The equities of a market's accounts at once: a slot is a reserve's price, by category.

What an account is owed and owes does not move while time stands still, but for accounts that a
cascade changes: these are worked out one by one, as are absurd balances, whose values may not fit
the pool's words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Valuation
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.kit.equities import Equities
from analyzer.protocols.kit.unreadable import Unreadable

ABSURD = 2**128
"""A balance of so many units times a price may not fit 256 bits."""


class AaveEquities:
    """Of some accounts, at prices that move.

    accounts: (address, its numbers, None = not known at any prices), in order.
    """

    def __init__(
        self, state: AaveState, accounts: Iterable[tuple[str, AccountData | None]]
    ) -> None:
        owner, slot, amount, unknown = list[int](), list[int](), list[int](), list[int]()
        slots = dict[tuple[str, int], tuple[int, ReserveState]]()
        self._places: dict[str, int] = {}
        self._alone: set[str] = set()
        for place, (address, data) in enumerate(accounts):
            self._places[address] = place
            if data is None:
                unknown.append(place)
                continue
            emode = state.accounts[address].emode
            for holding in data.holdings:
                reserve = holding.reserve
                key = reserve.asset, emode if reserve.config.emode_category == emode else 0
                number, _ = slots.setdefault(key, (len(slots), reserve))
                for units in (holding.supplied if holding.counted else 0, -holding.debt):
                    if units:
                        owner.append(place)
                        slot.append(number)
                        amount.append(units)
                    if abs(units) >= ABSURD:
                        self._alone.add(address)
        self._slots, self._times = slots, to_e18(1, state.base_unit)
        units_of = [reserve.unit for _, reserve in slots.values()]
        up = state.rules.directed
        self._equities = Equities(len(self._places), owner, slot, amount, units_of, debts_up=up)
        self._equities.never_known(unknown)

    def copied(self) -> AaveEquities:
        """The same, to be moved by itself."""
        made = AaveEquities.__new__(AaveEquities)
        made._places, made._alone = self._places, self._alone
        made._slots, made._times = self._slots, self._times
        made._equities = self._equities.copied()
        return made

    def at(self, valuation: Valuation, changed: Collection[str] = ()) -> list[int | None]:
        """Every account's equity at the valuation's prices, 18 decimals. changed: accounts that are
        others now than they were told to be."""
        for (_, emode), (number, reserve) in self._slots.items():
            self._equities.move(number, valuation.prices.for_account(reserve, emode))
        found = self._equities.listed(self._times)
        for address in self._alone.union(changed):
            data = valuation.account_data(address)
            found[self._places[address]] = (
                None
                if isinstance(data, Unreadable)
                else (data.collateral_base - data.debt_base) * self._times
            )
        return found


def equities_at(
    state: AaveState,
    accounts: Sequence[tuple[str, AccountData | None]],
    valuations: Iterable[Valuation],
) -> list[list[int | None]]:
    """[valuation][account]: equities, 18 decimals."""
    made = AaveEquities(state, accounts)
    return [made.at(valuation) for valuation in valuations]


def equities_of(valued: AaveValued) -> AaveEquities:
    """Of a book's accounts, at its prices; made once, and a copy for each who asks."""
    found = valued.kept.get("equities")
    if not isinstance(found, AaveEquities):
        valuation = valued.valuation
        told = ((address, valuation.account_data(address)) for address in valued.book.account_ids)
        found = AaveEquities(
            valued.state, ((a, None if isinstance(data, Unreadable) else data) for a, data in told)
        )
        found.at(valuation)
        valued.kept["equities"] = found
    return found.copied()
