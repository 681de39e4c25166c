"""Perp V2's own state, as integers: what `fold` and `observe` give and `margin` reads.

Names follow the contracts (`@perp/curie-contract` 2.8.4). Addresses are checksummed text. Sizes,
notionals, prices and PnL are 18-decimal integers; balances are in the token's own decimals;
ratios are uint24 with 1e6 = 100 %; growths are X96 (funding, signed) or X128 (fees, uint256).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from analyzer.protocols.kit.batch import Unreadable as Unreadable
from analyzer.protocols.kit.price_age import NOT_ASKED, SourceTime

if TYPE_CHECKING:
    from analyzer.protocols.perp_v2.state.evidence import Evidence

POOL_AVERAGE = SourceTime(why="the average of a pool over the last seconds before the block")
"""In the place of an aggregator's time: the dispatcher has gone over to its Uniswap price."""


class MarketStatus(IntEnum):
    """BaseToken's status, with the contract's own numbers."""

    OPEN = 0
    PAUSED = 1
    CLOSED = 2


@dataclass(slots=True)
class Config:
    """ClearingHouseConfig and CollateralManager at the block. Defaults: ClearingHouseConfig's
    initial values, which no event carries."""

    im_ratio: int = 100_000
    mm_ratio: int = 62_500
    liquidation_penalty_ratio: int = 25_000
    max_funding_rate: int = 100_000
    twap_interval_s: int = 900
    mark_market_twap_interval_s: int = 1_800
    mark_premium_interval_s: int = 900
    max_markets_per_account: int = 255
    settlement_token_balance_cap: int = 0
    collateral_mm_ratio_buffer: int = 0
    debt_non_settlement_token_value_ratio: int = 0
    collateral_liquidation_ratio: int = 0
    cl_insurance_fund_fee_ratio: int = 0
    debt_threshold: int = 0
    """In the settlement token's decimals."""
    collateral_value_dust: int = 0
    """In the settlement token's decimals."""
    whitelisted_debt_threshold: dict[str, int] = field(default_factory=dict)
    """trader -> threshold, in the settlement token's decimals; 0 or absent = the global one."""
    unread: dict[str, Unreadable] = field(default_factory=dict)
    """Name of a field that only liquidations need -> why it was not read: its value is none."""


@dataclass(slots=True)
class FundingGrowth:
    """Funding.Growth: time-weighted premium, and the same divided by the sqrt price; X96."""

    tw_premium_x96: int = 0
    tw_premium_div_by_sqrt_price_x96: int = 0


@dataclass(slots=True)
class TickGrowth:
    """Tick.GrowthInfo of OrderBook's growth-outside map."""

    fee_x128: int = 0
    tw_premium_x96: int = 0
    tw_premium_div_by_sqrt_price_x96: int = 0


@dataclass(slots=True)
class Order:
    """OpenOrder.Info, one maker range."""

    order_id: str
    """0x keccak256(trader | base | lower | upper), packed."""
    lower_tick: int
    upper_tick: int
    liquidity: int = 0
    base_debt: int = 0
    quote_debt: int = 0
    last_fee_growth_inside_x128: int = 0
    last_tw_premium_growth_inside_x96: int = 0
    last_tw_premium_growth_below_x96: int = 0
    last_tw_premium_div_by_sqrt_price_growth_inside_x96: int = 0


@dataclass(slots=True)
class AccountMarket:
    """AccountMarket.Info and the account's orders in one market."""

    taker_position_size: int = 0
    taker_open_notional: int = 0
    last_tw_premium_growth_global_x96: int = 0
    orders: dict[tuple[int, int], Order] = field(default_factory=dict)
    """(lower tick, upper tick) -> order, in the order of OrderBook's id list where it is known."""


@dataclass(slots=True)
class Account:
    """One Vault account: a trader, a maker, a liquidator or the insurance fund.

    balances: token -> raw balance (the settlement token's may be negative); zero entries are
    removed for tokens other than the settlement token. markets: registered base tokens.
    """

    address: str
    balances: dict[str, int] = field(default_factory=dict)
    owed_realized_pnl: int = 0
    markets: dict[str, AccountMarket] = field(default_factory=dict)
    first_block: int = 0
    last_block: int = 0
    events: int = 0


@dataclass(slots=True)
class MarketState:
    """One market at the block: logs, storage and pinned reads together.

    tick, sqrt_price_x96: pool slot0. growth: Exchange's stored global growth (not advanced).
    tick_cumulatives: seconds ago -> tickCumulative, from pool.observe at the block, for the
    windows that `prices.needed_windows` names; a value is Unreadable when the pool reverts
    ("OLD"). index_price_e18: interval -> BaseToken.getIndexPrice, for the intervals that
    `prices.needed_index_intervals` names; Unreadable when it reverts.
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
