"""The book at given prices: what every stage after `book` takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.model.book import Book, Prices
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.state.state import PerpState, state_of
from analyzer.protocols.perp_v2.value.account import AccountMath, still_account
from analyzer.protocols.perp_v2.value.float_filter import FloatFilter
from analyzer.protocols.perp_v2.value.numbers import AccountNumbers, numbers_of
from analyzer.protocols.perp_v2.value.reprice import Holdings, holdings
from analyzer.protocols.perp_v2.value.takeover import obstacles
from analyzer.protocols.perp_v2.value.valuation import Valuation


@dataclass(frozen=True, slots=True)
class PerpValued:
    """A book at prices (see `base.Valued`). valuation: what all its accounts share; each account's
    own numbers are computed once."""

    book: Book
    prices: Prices
    valuation: Valuation
    _holdings: list[Holdings] = field(default_factory=list)
    _accounts: dict[str, AccountMath] = field(default_factory=dict)
    _numbers: dict[str, AccountNumbers | Unreadable] = field(default_factory=dict)
    _obstacles: dict[str, dict[str, str | None] | UnreadableNumberError] = field(
        default_factory=dict
    )

    @property
    def state(self) -> PerpState:
        """The book's state."""
        return self.valuation.state

    def holdings(self) -> Holdings:
        """What the accounts hold, as float64; made when it is first asked for."""
        if not self._holdings:
            self._holdings.append(holdings(self.state, self.prices, self.book.account_ids))
        return self._holdings[0]

    def float_filter(self) -> FloatFilter:
        """Who may breach at which prices, in float64."""
        return FloatFilter(self.holdings(), self.state, self.book.account_ids)

    def still(self) -> Mapping[str, object]:
        """What no price moves of every account (see `Valuation`)."""
        for account in self.state.accounts.values():
            still_account(self.valuation, account)
        return self.valuation.still

    def account(self, address: str) -> AccountMath:
        """The account's numbers, each as it is asked for. Raises: KeyError for no such account."""
        found = self._accounts.get(address)
        if found is None:
            found = AccountMath(self.valuation, self.state.accounts[address])
            self._accounts[address] = found
        return found

    def numbers(self, address: str) -> AccountNumbers | Unreadable:
        """Every number of the account, or why they are not known. Raises: KeyError."""
        found = self._numbers.get(address)
        if found is None:
            found = self._numbers[address] = self._all_numbers(address)
        return found

    def _all_numbers(self, address: str) -> AccountNumbers | Unreadable:
        """As `numbers`, computed."""
        if address in self.state.unreadable:
            return self.state.unreadable[address]
        try:
            return numbers_of(self.account(address))
        except UnreadableNumberError as error:
            return error.unreadable

    def obstacles(self, address: str) -> dict[str, str | None]:
        """Market -> why its takeover would revert now (see `takeover.obstacles`).

        Raises: UnreadableNumberError when that cannot be known; KeyError for no such account.
        """
        found = self._obstacles.get(address)
        if found is None:
            try:
                found = obstacles(self.account(address))
            except UnreadableNumberError as error:
                found = error
            self._obstacles[address] = found
        if isinstance(found, UnreadableNumberError):
            raise found
        return found


def value(book: Book, prices: Prices) -> PerpValued:
    """The book at `prices`. Raises: TypeError for another protocol's book."""
    return PerpValued(book, prices, Valuation(state_of(book), prices))
