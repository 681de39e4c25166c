"""One position, one side of a market, one market, one token, one trader's discounts: integers.

USD has 30 decimals; a price is USD of 30 decimals for the smallest unit of its token, as a pair of
bounds; token amounts are raw.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from analyzer.protocols.kit.unreadable import Unreadable

Setting: TypeAlias = int | Unreadable
"""A number of the DataStore (a flag is 0 or 1), or why it was not read."""


@dataclass(slots=True)
class Position:
    """A position as the contracts store it. key: 0x, 64 hex digits; the account's id.

    pending_impact_amount: index tokens, signed: the impact of increases, paid on close.
    """

    key: str
    account: str
    market: str
    collateral_token: str
    is_long: bool
    size_in_usd: int = 0
    size_in_tokens: int = 0
    collateral_amount: int = 0
    pending_impact_amount: int = 0
    borrowing_factor: int = 0
    funding_fee_per_size: int = 0
    claimable_long_per_size: int = 0
    claimable_short_per_size: int = 0
    increased_at: int = 0
    decreased_at: int = 0
    first_block: int = 0
    last_block: int = 0
    events: int = 0


@dataclass(slots=True)
class Side:
    """The longs or the shorts of a market, amounts by collateral token.

    borrowing_updated_at: time of the last accrual, adl_at: of the last look at whether the side may
    be deleveraged; 0 = never.
    """

    open_interest: dict[str, int] = field(default_factory=dict)
    in_tokens: dict[str, int] = field(default_factory=dict)
    collateral_sum: dict[str, int] = field(default_factory=dict)
    fee_per_size: dict[str, int] = field(default_factory=dict)
    claimable_per_size: dict[str, int] = field(default_factory=dict)
    cumulative_borrowing: int = 0
    borrowing_updated_at: int = 0
    adl_enabled: bool = False
    adl_at: int = 0


@dataclass(slots=True)
class MarketLedger:
    """A market as its logs say it. index_token: `NOTHING` for a market that only swaps."""

    market_token: str
    index_token: str
    long_token: str
    short_token: str
    long: Side = field(default_factory=Side)
    short: Side = field(default_factory=Side)
    pool: dict[str, int] = field(default_factory=dict)
    swap_impact_pool: dict[str, int] = field(default_factory=dict)
    impact_pool: int = 0
    lent_impact_pool: int = 0
    total_pending_impact: int = 0
    funding_updated_at: int = 0

    def side(self, is_long: bool) -> Side:
        """The longs or the shorts."""
        return self.long if is_long else self.short

    def token(self, is_long: bool) -> str:
        """What backs a side and pays its profits."""
        return self.long_token if is_long else self.short_token

    @property
    def collateral_tokens(self) -> tuple[str, ...]:
        """The tokens that may be pledged, each once."""
        return tuple(dict.fromkeys((self.long_token, self.short_token)))

    @property
    def is_single_token(self) -> bool:
        """Whether one token backs both sides: then every stored amount is read halved."""
        return self.long_token == self.short_token


@dataclass(slots=True)
class Market:
    """A market at the block. settings: by `settings.label`. supply: of its token, raw.
    virtual_id: of its index token, virtual_market_id: of its pair of pool tokens; None = none."""

    ledger: MarketLedger
    settings: dict[str, Setting]
    supply: Setting
    virtual_id: str | Unreadable | None
    virtual_market_id: str | Unreadable | None = None


@dataclass(slots=True)
class Logged:
    """The last price of a token in the logs: bounds, the oracle's time, and by whom."""

    low: int
    high: int
    timestamp: int
    provider: str
    block_number: int


@dataclass(slots=True)
class Token:
    """A token of some market. decimals_known: False where nobody says them, then 18 stand for
    display. price: None where no log has one."""

    address: str
    symbol: str
    decimals: int
    decimals_known: bool
    price: Logged | None


@dataclass(slots=True)
class Trader:
    """What lowers a trader's position fee. pro_discount, shares and rebates: of 1e30 and of 1e4
    (basis points) as stored. code: 32 bytes in hex, zero = none."""

    pro_tier: Setting = 0
    pro_discount: Setting = 0
    code: str | Unreadable = ""
    affiliate: str | Unreadable = ""
    tier: Setting = 0
    total_rebate: Setting = 0
    discount_share: Setting = 0
    own_discount_share: Setting = 0
    min_affiliate_reward: Setting = 0
    """MIN_AFFILIATE_REWARD_FACTOR of the affiliate's tier, 1e30."""
