"""Nado at one block, as integers: what `Book.state` of its book is."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.book import Book
from analyzer.protocols.kit.staged import checked_type
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.records import Account, PerpProduct, SpotProduct
from analyzer.protocols.nado.state.evidence import Evidence

QUOTE = 0
"""The product that everything is counted in: weight 1, price 1."""
NLP = 11
"""The product of the NLP token: it earns no interest."""


@dataclass(slots=True)
class NadoState:
    """The whole venue at one block.

    spots, perps: by product, in the engines' order. spreads: pairs of a spot and a perp product in
    the order of the spread map. insurance: of the Clearinghouse; last_fees: the part of it that
    the last liquidation paid, which no finalisation may use. spot_time, perp_time: of the last
    tick of either kind. accounts: every account, the protocol's own first, then in the order of
    the Endpoint's list. pools: accounts that the Endpoint lists as pools of the NLP. problems:
    product -> why something of it was not read. unreadable: account -> why something of its own
    was not.
    """

    block_number: int
    block_time: int
    contracts: dict[str, str]
    spots: dict[int, SpotProduct]
    perps: dict[int, PerpProduct]
    spreads: tuple[tuple[int, int], ...]
    insurance: int
    last_fees: int
    spot_time: int
    perp_time: int
    submissions: int
    accounts: dict[str, Account]
    pools: tuple[str, ...] = ()
    problems: dict[int, Unreadable] = field(default_factory=dict)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    evidence: Evidence | None = None

    def products(self) -> list[SpotProduct | PerpProduct]:
        """Every product, spots first."""
        return [*self.spots.values(), *self.perps.values()]

    def is_whole(self) -> bool:
        """Whether every balance of every account was read: else no sum over them is one."""
        shared = set(self.problems.values())
        return all(problem in shared for problem in self.unreadable.values())

    def symbol(self, product: int) -> str:
        """The name of a product for people."""
        found = self.spots.get(product) or self.perps.get(product)
        return f"product {product}" if found is None else found.symbol

    def asset_id(self, product: int) -> str:
        """The id of a product's asset. Raises: KeyError for no such product."""
        spot = self.spots.get(product)
        return self.perps[product].asset_id if spot is None else spot.asset_id


def state_of(book: Book) -> NadoState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    return checked_type(book.state, NadoState, "book")
