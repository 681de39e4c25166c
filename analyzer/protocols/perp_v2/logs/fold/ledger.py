"""What the fold keeps: accounts, markets and pools as the logs say them, and what it counted."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.model.integers import to_int256
from analyzer.protocols.kit.arguments import FoldNote
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE, to_settlement
from analyzer.protocols.perp_v2.records import (
    Account,
    Config,
    FundingGrowth,
    MarketStatus,
    TickGrowth,
)


@dataclass(slots=True)
class AccountLedger:
    """One account as the logs say it.

    settlement_moved: what events moved, in the settlement token's decimals; kept apart because no
    event names the settlement token. `account.balances` holds the other tokens only.
    folded_owed_e18: owed realized PnL that each USDC withdrawal folded into the balance, which
    floors each to the token's decimals. tokens, markets: every one that any event of the account
    ever named, for the comparison with storage.
    """

    account: Account
    settlement_moved: int = 0
    folded_owed_e18: list[int] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    markets: set[str] = field(default_factory=set)

    def folded_owed(self, decimals: int) -> int:
        """Owed PnL that withdrawals folded into the balance: each floored, minus included."""
        return sum(to_settlement(amount, decimals) for amount in self.folded_owed_e18)

    def settlement_balance(self, decimals: int) -> int:
        """The balance of the settlement token, which has `decimals`; may be negative."""
        return self.settlement_moved + self.folded_owed(decimals)


@dataclass(slots=True)
class PoolLedger:
    """One Uniswap pool: price, initialised ticks, and what went in and out of it.

    gross: tick -> gross liquidity (> 0: initialised); ticks: the same ticks, sorted. Amounts are
    token units (18 decimals) seen from the pool: swapped is signed, the others are positive.
    """

    address: str
    sqrt_price_x96: int = 0
    tick: int = 0
    gross: dict[int, int] = field(default_factory=dict)
    ticks: list[int] = field(default_factory=list)
    minted: list[int] = field(default_factory=lambda: [0, 0])
    burned: list[int] = field(default_factory=lambda: [0, 0])
    collected: list[int] = field(default_factory=lambda: [0, 0])
    swapped: list[int] = field(default_factory=lambda: [0, 0])
    mints: int = 0
    burns: int = 0

    def add_gross(self, tick: int, liquidity: int) -> bool:
        """Adds gross liquidity at a tick; True when that initialised it."""
        before = self.gross.get(tick, 0)
        if before + liquidity == 0:
            return False
        self.gross[tick] = before + liquidity
        if before == 0:
            insort(self.ticks, tick)
        return before == 0

    def remove_gross(self, tick: int, liquidity: int) -> bool:
        """Takes gross liquidity from a tick; True when the tick is not initialised after it."""
        left = self.gross.get(tick, 0) - liquidity
        if left > 0:
            self.gross[tick] = left
            return False
        if self.gross.pop(tick, None) is not None:
            self.ticks.remove(tick)
        return True

    def crossed(self, tick_after: int) -> list[int]:
        """The initialised ticks that a swap from the present tick to `tick_after` crosses.

        Down: tick_after < t <= tick. Up: tick < t <= tick_after. Crossing at the very price of a
        tick is in both rules, because a downward swap leaves the tick below it.
        """
        low, high = sorted((self.tick, tick_after))
        return self.ticks[bisect_right(self.ticks, low) : bisect_right(self.ticks, high)]


@dataclass(slots=True)
class SwapTotals:
    """Counted over a market's swaps and trades, for the control totals (18 decimals).

    net_base, net_quote: what the pool received in all its swaps, less its own fee on what came in.
    trades: swaps with the trader's event. rounded_base,
    rounded_quote: trades in which the taker's change is not exactly the opposite; *_allowed: what
    the named roundings of those trades can make. position_allowed: what all trades can put
    between what ranges hold by price and what the pool really moved.
    """

    trades: int = 0
    net_base: int = 0
    net_quote: int = 0
    rounded_base: int = 0
    rounded_quote: int = 0
    base_allowed: int = 0
    quote_allowed: int = 0
    position_allowed: int = 0


@dataclass(slots=True)
class TakerTotals:
    """Sums over a market's taker changes that are no trades (18 decimals)."""

    released_base: int = 0
    released_quote: int = 0
    liquidation_base: int = 0
    liquidation_quote: int = 0
    fees: int = 0
    realized_pnl: int = 0
    closed_base: int = 0
    closed_quote: int = 0
    closed_positions: int = 0
    dust_base: int = 0
    dust_quote: int = 0
    deleted_records: int = 0


@dataclass(slots=True)
class MarketLedger:
    """One market as the logs say it.

    growth_history: the global premium growth after each settlement that changed or confirmed
    it, in order: what a silent settlement can be recognised by. outside: funding components of
    the growth-outside map of initialised ticks; their fee component is not known from logs.
    """

    base_token: str
    pool: PoolLedger
    uniswap_fee_ratio: int
    status: MarketStatus = MarketStatus.OPEN
    paused_timestamp: int = 0
    first_traded_timestamp: int = 0
    last_settled_timestamp: int = 0
    growth: FundingGrowth = field(default_factory=FundingGrowth)
    growth_history: list[int] = field(default_factory=lambda: [0])
    outside: dict[int, TickGrowth] = field(default_factory=dict)
    swaps: SwapTotals = field(default_factory=SwapTotals)
    takers: TakerTotals = field(default_factory=TakerTotals)

    def count_swap(self, amount0: int, amount1: int) -> tuple[int, int]:
        """Counts a swap of the pool: (base, quote) that it received, its own fee taken off what
        came in, floored."""
        keep = RATIO_ONE - self.uniswap_fee_ratio
        net_base = amount0 * keep // RATIO_ONE if amount0 > 0 else amount0
        net_quote = amount1 * keep // RATIO_ONE if amount1 > 0 else amount1
        self.swaps.net_base += net_base
        self.swaps.net_quote += net_quote
        return net_base, net_quote

    def initialize_tick(self, tick: int) -> None:
        """The order book's entry for a tick that a mint initialised: growth so far counts as
        below it, so only a tick at or under the price gets it."""
        if tick <= self.pool.tick:
            self.outside[tick] = TickGrowth(
                0, self.growth.tw_premium_x96, self.growth.tw_premium_div_by_sqrt_price_x96
            )

    def cross_tick(self, tick: int) -> None:
        """Flips a tick's growth to the other side, with int256 wrap-around."""
        old = self.outside.get(tick, TickGrowth())
        self.outside[tick] = TickGrowth(
            0,
            to_int256(self.growth.tw_premium_x96 - old.tw_premium_x96),
            to_int256(
                self.growth.tw_premium_div_by_sqrt_price_x96 - old.tw_premium_div_by_sqrt_price_x96
            ),
        )


class Settlements:
    """A market's settlements by the growth that they left: made once, asked for every account."""

    def __init__(self, growth_history: Sequence[int]) -> None:
        """growth_history: as `MarketLedger` has it."""
        # Of a growth that was left more than once, the last place stays.
        self._last = {growth: place for place, growth in enumerate(growth_history)}

    def between(self, known: int, later: int) -> int:
        """How many settlements lie between the last one that left the growth `known` and the
        last that left `later`; 0 when `later` is no growth of this market after `known`."""
        at_later, at_known = self._last.get(later), self._last.get(known)
        return 0 if at_later is None or at_known is None else max(at_later - at_known, 0)


@dataclass(slots=True)
class PerpLedger:
    """The protocol as its logs say it, at the end of the events that were folded.

    config: ClearingHouseConfig and CollateralManager, from their initial values and events.
    bad_debt_settled: in the settlement token's decimals. upgrades: contract -> blocks in which a
    proxy that had run before got other code.
    """

    accounts: dict[str, AccountLedger] = field(default_factory=dict)
    markets: dict[str, MarketLedger] = field(default_factory=dict)
    pools: dict[str, PoolLedger] = field(default_factory=dict)
    market_of_pool: dict[str, str] = field(default_factory=dict)
    collateral_tokens: list[str] = field(default_factory=list)
    config: Config = field(default_factory=Config)
    implementations: dict[str, str] = field(default_factory=dict)
    upgrades: dict[str, list[int]] = field(default_factory=dict)
    bad_debt_settled: int = 0
    liquidations: int = 0
    events: int = 0
    notes: list[FoldNote] = field(default_factory=list)

    def with_fund(self, fund: str) -> dict[str, AccountLedger]:
        """The accounts, the insurance fund last where no log names it: it exists all the same, and
        storage says whether its logs are missing."""
        blank = AccountLedger(Account(fund))
        return self.accounts if fund in self.accounts else {**self.accounts, fund: blank}

    def account_ids(self) -> list[str]:
        """Every account that any log names, in order of first appearance."""
        return list(self.accounts)
