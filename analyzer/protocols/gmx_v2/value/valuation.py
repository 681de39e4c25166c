"""All positions of a state at given prices: what is shared by a market is computed once."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.protocols.gmx_v2.fixed_point import apply_factor
from analyzer.protocols.gmx_v2.records import Position, Trader
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value import borrowing
from analyzer.protocols.gmx_v2.value import position as rules
from analyzer.protocols.gmx_v2.value.fees import position_fee
from analyzer.protocols.gmx_v2.value.funding import Funding, fee_amount, next_funding
from analyzer.protocols.gmx_v2.value.impact import closing_impact
from analyzer.protocols.gmx_v2.value.market_prices import MarketPrices, low
from analyzer.protocols.gmx_v2.value.pool import Pool, PoolValue
from analyzer.protocols.gmx_v2.value.position import Costs, PositionNumbers, Test
from analyzer.protocols.gmx_v2.value.prices import Pair
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    attempt,
    known,
)


class Valuation:
    """A state at prices. pairs: asset id -> bounds; one that is missing has no price."""

    def __init__(self, state: GmxState, pairs: Mapping[str, Pair]) -> None:
        self.state = state
        self.pairs = pairs
        self._pools: dict[str, Pool | Unreadable] = {}
        self._cumulative: dict[tuple[str, bool], int] = {}
        self._funding: dict[str, Funding] = {}
        self._numbers: dict[str, PositionNumbers | Unreadable] = {}

    def pool(self, market: str) -> Pool:
        """The market's pool. Raises: UnreadableNumberError where one of its prices is missing."""
        found = self._pools.get(market)
        if found is None:
            found = self._pools[market] = attempt(lambda: self._make_pool(market))
        return known(found)

    def _make_pool(self, market: str) -> Pool:
        """The pool at its three prices."""
        found = self.state.markets[market]
        ledger = found.ledger
        pairs = [self._pair(asset) for asset in (market, ledger.long_token, ledger.short_token)]
        return Pool(self.state, found, MarketPrices(*pairs))

    def _pair(self, asset: str) -> Pair:
        """The bounds of an asset's price. Raises: UnreadableNumberError."""
        pair = self.pairs.get(asset)
        if pair is None:
            named = asset
            market = self.state.markets.get(asset)
            if market is not None:
                named = market.ledger.index_token
            token = self.state.tokens.get(named)
            symbol = named if token is None else token.symbol
            raise UnreadableNumberError(Unreadable(f"price of {symbol}", "no log has one"))
        return pair

    def cumulative(self, market: str, is_long: bool) -> int:
        """A side's borrowing index at the block. Raises: UnreadableNumberError."""
        at = (market, is_long)
        if at not in self._cumulative:
            self._cumulative[at] = borrowing.next_cumulative(self.pool(market), is_long)
        return self._cumulative[at]

    def funding(self, market: str) -> Funding:
        """Funding since its last accrual. Raises: UnreadableNumberError."""
        if market not in self._funding:
            self._funding[market] = next_funding(self.pool(market))
        return self._funding[market]

    def pool_value(self, market: str, kind: str, maximize: bool) -> PoolValue:
        """The pool's value, with profits capped for `kind`. Raises: UnreadableNumberError."""
        pool = self.pool(market)
        fees = sum(
            borrowing.pending_fees(pool, is_long, self.cumulative(market, is_long))
            for is_long in (True, False)
        )
        return pool.value(kind, maximize, fees)

    def latest_fee_per_size(self, position: Position) -> int:
        """The funding index that a position pays by, at the block. In a market of one token both
        tokens are the same, and the change counts twice. Raises: UnreadableNumberError."""
        ledger = self.state.markets[position.market].ledger
        stored = ledger.side(position.is_long).fee_per_size.get(position.collateral_token, 0)
        by_long_token = position.collateral_token == ledger.long_token
        change = self.funding(position.market).fee.get((position.is_long, by_long_token), 0)
        return stored + change * (2 if ledger.is_single_token else 1)

    def latest_claimable(self, position: Position, by_long_token: bool) -> int:
        """The funding index that a position is paid by in one of the market's tokens, at the block.
        Raises: UnreadableNumberError."""
        ledger = self.state.markets[position.market].ledger
        token = ledger.token(by_long_token)
        stored = ledger.side(position.is_long).claimable_per_size.get(token, 0)
        change = self.funding(position.market).claimable.get((position.is_long, by_long_token), 0)
        return stored + change * (2 if ledger.is_single_token else 1)

    def numbers(self, key: str) -> PositionNumbers | Unreadable:
        """Everything of one position, or why it cannot be had. Raises: KeyError."""
        found = self._numbers.get(key)
        if found is None:
            position = self.state.positions[key]
            found = self._numbers[key] = attempt(lambda: self._compute(position))
        return found

    def numbers_of(self, position: Position) -> PositionNumbers | Unreadable:
        """The same of a position that the state does not hold, in the market as it is."""
        return attempt(lambda: self._compute(position))

    def _compute(self, position: Position) -> PositionNumbers:
        """The numbers of a position. Raises: UnreadableNumberError."""
        pool = self.pool(position.market)
        price = self.collateral_price(position)
        size = position.size_in_usd
        impact = closing_impact(pool, position.is_long, size, position.size_in_tokens)
        trader = self.state.traders.get(position.account, Trader())
        fee = position_fee(pool, trader, size, impact.improved, price)
        execution = rules.execution(pool, position, impact, size, position.pending_impact_amount)
        counted = rules.counted_impact(pool, position, execution.impact_usd, execution.pending_usd)
        stored, pending = self.stored_costs(position), self.pending_costs(position)
        profit = rules.profit(pool, position)
        collateral = position.collateral_amount * price
        least = rules.min_collateral_usd(pool)
        floors = [
            rules.leverage_floor(pool, position, for_liquidation=keeper) for keeper in (True, False)
        ]

        def remaining(costs: Costs) -> int:
            owed = fee.net + costs.borrowing + costs.funding
            return collateral + profit.capped + counted - owed * price

        return PositionNumbers(
            price,
            collateral,
            profit,
            fee,
            stored,
            pending,
            execution,
            counted,
            view=Test(remaining(stored), least, floors[0]),
            keeper=Test(remaining(pending), least, floors[0]),
            user=Test(remaining(pending), least, floors[1]),
        )

    def collateral_price(self, position: Position) -> int:
        """The lower bound of a position's collateral. Raises: UnreadableNumberError."""
        return low(self._pair(position.collateral_token))

    def stored_costs(self, position: Position) -> Costs:
        """Borrowing and funding by the indexes as written. Raises: UnreadableNumberError."""
        side = self.state.markets[position.market].ledger.side(position.is_long)
        written = side.fee_per_size.get(position.collateral_token, 0)
        return self._costs(position, side.cumulative_borrowing, written)

    def pending_costs(self, position: Position) -> Costs:
        """Borrowing and funding by the indexes at the block. Raises: UnreadableNumberError."""
        cumulative = self.cumulative(position.market, position.is_long)
        return self._costs(position, cumulative, self.latest_fee_per_size(position))

    def _costs(self, position: Position, cumulative: int, fee_per_size: int) -> Costs:
        """Borrowing and funding by two indexes."""
        price = self.collateral_price(position)
        usd = borrowing.fee_usd(position, cumulative)
        amount = usd // price
        share = known(self.state.settings["BORROWING_FEE_RECEIVER_FACTOR"])
        paid = fee_amount(position.size_in_usd, fee_per_size, position.funding_fee_per_size)
        return Costs(usd, amount, apply_factor(amount, share), paid, fee_per_size)
