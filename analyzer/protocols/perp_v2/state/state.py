"""Perp V2 at one block, as integers: what logs and pinned reads give together.

Units as in `records`; prices have 18 decimals unless a name or a comment says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.model.book import Book
from analyzer.protocols.kit.price_age import NOT_ASKED, SourceTime
from analyzer.protocols.kit.staged import checked_type
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.records import (
    Account,
    Config,
    FundingGrowth,
    MarketStatus,
    TickGrowth,
)
from analyzer.protocols.perp_v2.state.evidence import Evidence

POOL_AVERAGE = SourceTime(why="the average of a pool over the last seconds before the block")
"""In the place of an aggregator's time: the dispatcher has gone over to its Uniswap price."""


@dataclass(slots=True)
class MarketState:
    """One market at the block: logs, storage and pinned reads together.

    tick, sqrt_price_x96: pool slot0. growth: Exchange's stored global growth (not advanced).
    tick_cumulatives: seconds ago -> tickCumulative, from pool.observe at the block, for the
    windows that `windows.needed_windows` names; a value is Unreadable when the pool reverts
    ("OLD"). index_price_e18: interval -> BaseToken.getIndexPrice, for the intervals that
    `windows.needed_index_intervals` names; Unreadable when it reverts.
    feed_time: time of the feed's latest valid answer; feed_timeout_s: its own timeout; None where
    the feed has none. feed_source: what the feed's aggregator says of its round. problem: why the
    market cannot be valued; it then has no price.
    """

    base_token: str
    symbol: str
    pool: str
    status: MarketStatus = MarketStatus.OPEN
    paused_index_price_e18: int = 0
    paused_timestamp: int = 0
    closed_price_e18: int = 0
    sqrt_price_x96: int = 0
    tick: int = 0
    growth: FundingGrowth = field(default_factory=FundingGrowth)
    last_settled_timestamp: int = 0
    first_traded_timestamp: int = 0
    fee_growth_global_x128: int = 0
    growth_outside: dict[int, TickGrowth] = field(default_factory=dict)
    tick_cumulatives: dict[int, int | Unreadable] = field(default_factory=dict)
    index_price_e18: dict[int, int | Unreadable] = field(default_factory=dict)
    exchange_fee_ratio: int = 0
    uniswap_fee_ratio: int = 0
    insurance_fund_fee_ratio: int = 0
    max_price_spread_ratio: int = 0
    feed: str = ""
    feed_time: int | None = None
    feed_timeout_s: int | None = None
    feed_frozen_reason: int | None = None
    feed_source: SourceTime = NOT_ASKED
    problem: Unreadable | None = None


@dataclass(slots=True)
class CollateralState:
    """One collateral token at the block. price: CollateralManager.getPrice(token, 900), in the
    feed's decimals; Unreadable when it reverts."""

    token: str
    symbol: str
    decimals: int
    feed_decimals: int
    price: int | Unreadable
    collateral_ratio: int
    discount_ratio: int
    deposit_cap: int
    feed: str = ""
    feed_time: int | None = None
    feed_timeout_s: int | None = None
    feed_frozen_reason: int | None = None
    feed_source: SourceTime = NOT_ASKED
    vault_token_balance: int | None = None
    """token.balanceOf(Vault), for the control totals."""


@dataclass(slots=True)
class PerpState:
    """The whole protocol at one block: what `Book.state` of a Perp V2 book is.

    unreadable: account address -> why one of its own reads failed (then it is unknown).
    evidence: how the rebuild compares with storage, and what it counted; no number needs it.
    """

    block_number: int
    block_time: int
    contracts: dict[str, str]
    settlement_token: str
    settlement_symbol: str
    settlement_decimals: int
    insurance_fund: str
    config: Config
    markets: dict[str, MarketState]
    collateral: dict[str, CollateralState]
    """Non-settlement tokens only."""
    accounts: dict[str, Account]
    vault_settlement_balance: int | None = None
    insurance_fund_wallet: int | None = None
    vault_paused: bool = False
    clearing_house_paused: bool = False
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    evidence: Evidence | None = None


def state_of(book: Book) -> PerpState:
    """The state inside a book of this protocol. Raises: TypeError for another protocol's."""
    return checked_type(book.state, PerpState, "book")
