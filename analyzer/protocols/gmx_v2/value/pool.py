"""A market's pool at given prices: open interest, profits and their cap, value, price of its token.

Source: gmx-synthetics `MarketUtils.sol` (getPnl, getCappedPnl, getPoolValueInfo,
getMarketTokenPrice, getPnlToPoolFactor, getPendingPositionImpactPoolDistributionAmount).
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.gmx_v2.fixed_point import ONE, apply_factor, to_factor
from analyzer.protocols.gmx_v2.records import Market, MarketLedger
from analyzer.protocols.gmx_v2.settings import DISTRIBUTED_AT, FOR_TRADERS, label
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.market_prices import (
    MarketPrices,
    high,
    low,
    pick,
    pick_for_pnl,
)
from analyzer.protocols.gmx_v2.value.prices import middle
from analyzer.protocols.kit.once import once
from analyzer.protocols.kit.unreadable import known


@dataclass(frozen=True, slots=True)
class PoolValue:
    """`MarketPoolValueInfo`: USD of 1e30, amounts raw. pnl: capped. impact_pool: net of what time
    has distributed."""

    pool_value: int
    long_pnl: int
    short_pnl: int
    net_pnl: int
    long_amount: int
    short_amount: int
    long_usd: int
    short_usd: int
    borrowing_fees: int
    borrowing_factor: int
    impact_pool: int
    lent_impact_pool: int


def distributed(state: GmxState, market: Market) -> tuple[int, int]:
    """(what time has taken out of the impact pool since it was last written, the pool after it),
    index tokens: never below the market's minimum. Raises: UnreadableNumberError."""
    amount, settings = market.ledger.impact_pool, market.settings
    rate = known(settings["POSITION_IMPACT_POOL_DISTRIBUTION_RATE"])
    least = known(settings["MIN_POSITION_IMPACT_POOL_AMOUNT"])
    if rate == 0 or amount <= least:
        return 0, amount
    since = state.block_time - known(settings[DISTRIBUTED_AT])
    given = min(apply_factor(since, rate), amount - least)
    return given, amount - given


class Pool:
    """One market at given prices. What is asked for is computed once."""

    def __init__(self, state: GmxState, market: Market, prices: MarketPrices) -> None:
        self.state = state
        self.market = market
        self.prices = prices
        self._divisor = 2 if market.ledger.is_single_token else 1

    @property
    def ledger(self) -> MarketLedger:
        """The market's amounts."""
        return self.market.ledger

    @property
    def divisor(self) -> int:
        """2 in a market of one token, whose stored amounts are read halved; else 1."""
        return self._divisor

    def setting(self, name: str, flag: bool | None = None) -> int:
        """A number of the DataStore about this market. Raises: UnreadableNumberError."""
        return known(self.market.settings[label(name, flag)])

    def flag(self, name: str) -> bool:
        """A global flag. Raises: UnreadableNumberError."""
        return bool(known(self.state.settings[name]))

    def pool_amount(self, is_long: bool) -> int:
        """The pool's amount of a side's token, halved in a market of one token."""
        return self.ledger.pool.get(self.ledger.token(is_long), 0) // self._divisor

    def pool_usd(self, is_long: bool) -> int:
        """The same in USD at the lower bound."""
        return self.pool_amount(is_long) * low(self.prices.of_side(is_long))

    def open_interest_by(self, is_long: bool, by_long_token: bool) -> int:
        """A side's open interest with one of the two tokens as collateral, USD."""
        token = self.ledger.token(by_long_token)
        return self.ledger.side(is_long).open_interest.get(token, 0) // self._divisor

    def open_interest(self, is_long: bool) -> int:
        """A side's open interest, USD: both collateral tokens."""
        return sum(self.open_interest_by(is_long, by) for by in (True, False))

    def in_tokens(self, is_long: bool) -> int:
        """A side's open interest in index tokens."""
        found = self.ledger.side(is_long).in_tokens
        return sum(found.get(self.ledger.token(by), 0) // self._divisor for by in (True, False))

    def balance_interest(self, is_long: bool) -> int:
        """A side's open interest as the balance of the market counts it: USD, or by the global flag
        its tokens at the middle of the index price."""
        if self.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"):
            return self.in_tokens(is_long) * middle(self.prices.index)
        return self.open_interest(is_long)

    def pnl(self, is_long: bool, maximize: bool) -> int:
        """A side's profit before any cap, USD."""
        interest, tokens = self.open_interest(is_long), self.in_tokens(is_long)
        if interest == 0 or tokens == 0:
            return 0
        value = tokens * pick_for_pnl(self.prices.index, is_long, maximize)
        return value - interest if is_long else interest - value

    def max_pnl(self, is_long: bool, kind: str, pool_usd: int) -> int:
        """The most profit of a side that counts for `kind`, USD."""
        return apply_factor(pool_usd, self.setting(kind, is_long))

    def capped_pnl(self, is_long: bool, kind: str, pnl: int, pool_usd: int) -> int:
        """A side's profit with its cap; losses have none."""
        return pnl if pnl < 0 else min(pnl, self.max_pnl(is_long, kind, pool_usd))

    @once
    def trader_caps(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((profit, capped profit) of the shorts, the same of the longs), as traders are paid."""
        return self._trader_cap(False), self._trader_cap(True)

    def _trader_cap(self, is_long: bool) -> tuple[int, int]:
        """(a side's profit at the favourable bound, the same capped)."""
        pnl = self.pnl(is_long, True)
        return pnl, self.capped_pnl(is_long, FOR_TRADERS, pnl, self.pool_usd(is_long))

    def pnl_to_pool(self, is_long: bool, maximize: bool) -> int:
        """A side's profit as a factor of its pool at the other bound, 1e30; 0 where the pool is
        empty."""
        usd = self.pool_amount(is_long) * pick(self.prices.of_side(is_long), not maximize)
        return 0 if usd == 0 else to_factor(self.pnl(is_long, maximize), usd)

    @once
    def distribution(self) -> tuple[int, int]:
        """See `distributed`."""
        return distributed(self.state, self.market)

    def value(self, kind: str, maximize: bool, pending_fees: int) -> PoolValue:
        """The pool's value with profits capped for `kind`. pending_fees: borrowing fees of both
        sides that are not yet in the pool, USD. Raises: UnreadableNumberError."""
        amounts = self.pool_amount(True), self.pool_amount(False)
        usd = (
            amounts[0] * pick(self.prices.long, maximize),
            amounts[1] * pick(self.prices.short, maximize),
        )
        share = ONE - known(self.state.settings["BORROWING_FEE_RECEIVER_FACTOR"])
        worth = sum(usd) + apply_factor(pending_fees, share)
        # The larger the profits the smaller the pool: they take the other bound.
        long_pnl = self.capped_pnl(True, kind, self.pnl(True, not maximize), usd[0])
        short_pnl = self.capped_pnl(False, kind, self.pnl(False, not maximize), usd[1])
        impact, lent = self.distribution[1], self.ledger.lent_impact_pool
        index = self.prices.index
        worth += lent * pick(index, maximize) - impact * pick(index, not maximize)
        return PoolValue(
            worth - long_pnl - short_pnl,
            long_pnl,
            short_pnl,
            long_pnl + short_pnl,
            amounts[0],
            amounts[1],
            usd[0],
            usd[1],
            pending_fees,
            share,
            impact,
            lent,
        )

    def token_price(self, pool_value: int) -> int:
        """What one whole market token is worth, USD of 1e30, truncated toward zero; 1 USD where
        there is none. Raises: UnreadableNumberError when the supply was not read."""
        supply = known(self.market.supply)
        if supply == 0:
            return ONE
        return 0 if pool_value == 0 else mul_div(WAD, pool_value, supply)

    def lendable_usd(self) -> int:
        """How much of a positive impact beyond the impact pool the pool lends, USD."""
        pool = self.pool_usd(True) + self.pool_usd(False)
        most = min(
            apply_factor(pool, self.setting("MAX_LENDABLE_IMPACT_FACTOR")),
            self.setting("MAX_LENDABLE_IMPACT_USD"),
        )
        return max(0, most - self.ledger.lent_impact_pool * high(self.prices.index))
