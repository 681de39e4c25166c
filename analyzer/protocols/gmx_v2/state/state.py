"""GMX V2's own state at a block: what `fold` and `observe` give and margin reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.book import Book
from analyzer.protocols.gmx_v2.records import Market, Position, Setting, Token, Trader
from analyzer.protocols.gmx_v2.state.evidence import Evidence
from analyzer.protocols.kit.staged import checked_type


@dataclass(slots=True)
class GmxState:
    """The whole protocol at one block: what `Book.state` of a GMX V2 book is.

    settings: the global ones, by name. markets: by market token. positions: the open ones, by key,
    in order of opening. tokens: of all markets, by address. virtual: virtual token id -> shared
    inventory as the logs have it; virtual_in_tokens: in index tokens, as stored. virtual_swaps:
    virtual market id -> `long` or `short` -> shared inventory of that token. factors: asset id ->
    risk factor.
    """

    block_number: int
    block_time: int
    contracts: dict[str, str]
    settings: dict[str, Setting]
    markets: dict[str, Market]
    positions: dict[str, Position]
    tokens: dict[str, Token]
    traders: dict[str, Trader]
    virtual: dict[str, int]
    virtual_in_tokens: dict[str, Setting]
    virtual_swaps: dict[str, dict[str, int]] = field(default_factory=dict)
    factors: dict[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None

    def symbol(self, market: str) -> str:
        """A market for people: `ETH/USD [WETH-USDC]`."""
        ledger = self.markets[market].ledger
        names = [
            self.tokens[token].symbol if token in self.tokens else "none"
            for token in (ledger.index_token, ledger.long_token, ledger.short_token)
        ]
        return f"{names[0]}/USD [{names[1]}-{names[2]}]"


def state_of(book: Book) -> GmxState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    return checked_type(book.state, GmxState, "book")
