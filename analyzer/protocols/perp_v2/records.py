"""What the contracts store, as integers: the records that logs and reads both make.

Names follow the contracts (`@perp/curie-contract` 2.8.4). Addresses are checksummed text. Sizes,
notionals and PnL are 18-decimal integers; balances are in the token's own decimals; ratios are
uint24 with 1e6 = 100 %; growths are X96 (funding, signed) or X128 (fees, uint256).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from analyzer.protocols.kit.unreadable import Unreadable


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
