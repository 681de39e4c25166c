"""Who can be liquidated now: float64 leaves out who is far from it, integers decide the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from analyzer.model.book import Prices
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.possible import NO_CAPACITY, capacity_needed_e18
from analyzer.protocols.perp_v2.fixed_point import from_settlement
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.float_filter import FloatFilter
from analyzer.protocols.perp_v2.value.settlement import insurance_fund
from analyzer.protocols.perp_v2.value.valuation import Valuation


class Breaching:
    """What is remembered between two questions of who can be liquidated.

    float_filter: of the accounts as they were in the beginning; of those that `changed` since, it
    learns before the next question.
    """

    def __init__(self, account_ids: Sequence[str], float_filter: Callable[[], FloatFilter]) -> None:
        self._account_ids = account_ids
        self._make = float_filter
        self._made: FloatFilter | None = None
        self._is_own = False
        self._rows: dict[str, int] = {}
        self._changed: set[str] = set()
        self._needed: dict[str, int | None] = {}

    def changed(self, account_ids: Iterable[str]) -> None:
        """These accounts are others than in the beginning."""
        self._changed.update(account_ids)

    def forget(self, account_ids: Iterable[str]) -> None:
        """Of these accounts something has changed, prices or requirements among it."""
        for account_id in account_ids:
            self._needed.pop(account_id, None)

    def found(
        self, valuation: Valuation, prices: Prices, numbers: Callable[[str], AccountMath]
    ) -> list[str]:
        """The accounts with a liquidation that would not revert now, in book order.

        numbers: of an account, as it is now.
        """
        capacity_e18 = fund_capacity_e18(valuation)
        rows = self._filter(numbers).decide(valuation.state, prices, capacity_e18)
        asked = [
            row
            for row in rows.ask.tolist()
            if self._is_closable(self._account_ids[row], capacity_e18, numbers)
        ]
        return [self._account_ids[row] for row in sorted([*rows.surely.tolist(), *asked])]

    def _filter(self, numbers: Callable[[str], AccountMath]) -> FloatFilter:
        """The filter, which knows every account as it is now."""
        found = self._made or self._make()
        if self._changed and not self._is_own:
            found, self._is_own = found.own(), True
            self._rows = {account_id: row for row, account_id in enumerate(self._account_ids)}
        self._made = found
        for account_id in self._changed & self._rows.keys():
            found.take(self._rows[account_id], numbers(account_id))
        self._changed.clear()
        return found

    def _is_closable(
        self,
        account_id: str,
        capacity_e18: int | None,
        numbers: Callable[[str], AccountMath],
    ) -> bool:
        """Whether something of the account can be closed now, with what the fund can bear.

        What it needs of the fund is remembered while the account, prices and requirements stay.
        """
        if account_id not in self._needed:
            try:
                self._needed[account_id] = capacity_needed_e18(numbers(account_id))
            except UnreadableNumberError:
                self._needed[account_id] = None
        needed = self._needed[account_id]
        if needed is None or needed == NO_CAPACITY:
            return needed is not None
        return capacity_e18 is not None and capacity_e18 >= needed


def fund_capacity_e18(valuation: Valuation) -> int | None:
    """The fund's settlement value and its wallet, 18 decimals, not floored; None when not known."""
    wallet = valuation.state.insurance_fund_wallet
    if wallet is None:
        return None
    try:
        value = AccountMath(valuation, insurance_fund(valuation)).settlement_value
    except UnreadableNumberError:
        return None
    return value + from_settlement(wallet, valuation.state.settlement_decimals)
