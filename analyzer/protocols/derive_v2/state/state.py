"""Derive V2's own state, as integers: what `fold` and `observe` give and margin reads.

Names follow the contracts (derivexyz/v2-core 7736900d). Addresses are checksummed text, accounts
are numbers (the NFT's id). Everything is in 18 decimals but times (unix seconds, `_s` seconds)
and what says otherwise. A value that the contract or the node refused is an `Unreadable`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.book import Book
from analyzer.protocols.derive_v2.records.accounts import Account
from analyzer.protocols.derive_v2.records.auctions import AuctionHouse
from analyzer.protocols.derive_v2.records.cash import CashState
from analyzer.protocols.derive_v2.records.feeds import Feeds
from analyzer.protocols.derive_v2.records.parameters import PortfolioManager, StandardManager
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.evidence import Evidence
from analyzer.protocols.kit.staged import checked_type
from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class DeriveState:
    """The whole protocol at one block: what `Book.state` of a Derive V2 book is.

    names: lower-case address -> label of the deployment (`ETH_VolFeed`). bases: WrappedERC20
    assets -> symbol. options: OptionAsset -> its settlement (forward) feed. unreadable: account
    number -> why something of its own was not read. evidence: counts and on-chain totals that
    no margin needs.
    """

    block_number: int
    block_time: int
    contracts: dict[str, str]
    names: dict[str, str]
    feeds: Feeds
    cash: CashState
    srm: StandardManager
    pmrms: dict[str, PortfolioManager]
    """By address."""
    perps: dict[str, PerpMarket]
    """By address."""
    options: dict[str, str]
    bases: dict[str, str]
    auction_house: AuctionHouse
    security_account: int
    accounts: dict[int, Account]
    unreadable: dict[int, Unreadable] = field(default_factory=dict)
    evidence: Evidence | None = None


def state_of(book: Book) -> DeriveState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    return checked_type(book.state, DeriveState, "book")
