"""Who can be liquidated now: float64 leaves out who is far from it, integers decide the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from analyzer.model.book import Prices
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.close.possible import NO_CAPACITY, capacity_needed_e18
from analyzer.protocols.perp_v2.fixed_point import from_settlement
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.float_filter import FloatFilter
from analyzer.protocols.perp_v2.value.settlement import insurance_fund
from analyzer.protocols.perp_v2.value.valuation import Valuation


class Breaching:
    """What is remembered between two questions of who can be liquidated.

    float_filter: of the accounts as they were in the beginning. It knows nothing of what an account
    does afterwards: whoever `changed` since is asked about in integers.
    """

    def __init__(self, account_ids: Sequence[str], float_filter: Callable[[], FloatFilter]) -> None:
        self._account_ids = account_ids
        self._filter = float_filter
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
        self,
        valuation: Valuation,
        prices: Prices,
        known: Callable[[str], AccountMath | None],
    ) -> list[str]:
        """The accounts with a liquidation that would not revert now, in book order.

        known: an account's numbers, None where one of them cannot be had.
        """
        capacity_e18 = fund_capacity_e18(valuation)
        return [
            account_id
            for account_id in self._suspects(valuation.state, prices)
            if self._is_closable(account_id, capacity_e18, known)
        ]

    def _suspects(self, state: PerpState, prices: Prices) -> list[str]:
        """Whoever may breach, in book order: by float64, and all that changed since."""
        rows = self._filter().suspects(state, prices).tolist()
        if not self._changed:
            return [self._account_ids[row] for row in rows]
        chosen = {self._account_ids[row] for row in rows} | self._changed
        return [account_id for account_id in self._account_ids if account_id in chosen]

    def _is_closable(
        self,
        account_id: str,
        capacity_e18: int | None,
        known: Callable[[str], AccountMath | None],
    ) -> bool:
        """Whether something of the account can be closed now, with what the fund can bear.

        What it needs of the fund is remembered while the account, prices and requirements stay.
        """
        if account_id not in self._needed:
            numbers = known(account_id)
            try:
                needed = None if numbers is None else capacity_needed_e18(numbers)
            except UnreadableNumberError:
                needed = None
            self._needed[account_id] = needed
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
