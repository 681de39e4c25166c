"""One account in one market, and one token that it holds: what they are worth.

Each number is computed when it is first asked for, with the contract's rounding, and raises
`UnreadableNumberError` only when something that it itself needs cannot be had.
Source: `AccountBalance.sol`, `OrderBook.sol`, `Vault.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.kit.once import once
from analyzer.protocols.perp_v2.fixed_point import mul_ratio, token_value_e18
from analyzer.protocols.perp_v2.records import AccountMarket
from analyzer.protocols.perp_v2.state.ranges import amounts_in_ranges, without_dust
from analyzer.protocols.perp_v2.value.funding import pending_fee, pending_payment
from analyzer.protocols.perp_v2.value.valuation import Valuation


class StillMarket:
    """What of one account in one market stays while prices move: debts, fees and funding.

    It is that of the valuation it was made with, and of every other of the same block.
    """

    def __init__(self, valuation: Valuation, base_token: str, held: AccountMarket) -> None:
        self.valuation = valuation
        self.base_token = base_token
        self.held = held
        self.base_debt = self.quote_debt = 0
        for order in held.orders.values():
            self.base_debt += order.base_debt
            self.quote_debt += order.quote_debt
        self.base = held.taker_position_size - self.base_debt
        self.quote = held.taker_open_notional - self.quote_debt
        self.taker_size = without_dust(held.taker_position_size)

    @once
    def pending_fee(self) -> int:
        """Maker fees not yet collected, floored per order."""
        if not self.held.orders:
            return 0
        market = self.valuation.market(self.base_token)
        return sum(pending_fee(market, order) for order in self.held.orders.values())

    @once
    def pending_funding(self) -> int:
        """Funding owed since the last settlement, positive = pays."""
        growth = self.valuation.growth(self.base_token)
        return pending_payment(self.valuation.market(self.base_token), self.held, growth)


class MarketMath:
    """One account in one market. All amounts 18 decimals; base positive = long."""

    def __init__(self, valuation: Valuation, still: StillMarket) -> None:
        self.valuation = valuation
        self.still = still
        self.base_token = still.base_token
        self.held = still.held
        self.base_debt = still.base_debt
        self.quote_debt = still.quote_debt
        self.base = still.base
        self.quote = still.quote
        self.taker_size = still.taker_size

    @once
    def in_pool(self) -> tuple[int, int]:
        """(base, quote) that the orders hold at the pool's present price, each order floored."""
        if not self.held.orders:
            return 0, 0
        market = self.valuation.market(self.base_token)
        return amounts_in_ranges(self.held, market.sqrt_price_x96)

    @property
    def pending_fee(self) -> int:
        """Maker fees not yet collected, floored per order."""
        return self.still.pending_fee

    @once
    def size(self) -> int:
        """Total position: taker size and what the ranges hold more or less than they owe."""
        return without_dust(self.in_pool[0] - self.base_debt + self.held.taker_position_size)

    @once
    def open_notional(self) -> int:
        """Total open notional: taker's, and what the ranges hold more or less than they owe."""
        return self.in_pool[1] + self.quote

    @once
    def value(self) -> int:
        """Position value at the reference price, truncated toward zero; 0 needs no price."""
        if self.size == 0:
            return 0
        return mul_div(self.size, self.valuation.reference_price_e18(self.base_token), WAD)

    @once
    def base_debt_value(self) -> int:
        """Value of a negative base balance (<= 0); 0 needs no price."""
        if self.base >= 0:
            return 0
        return mul_div(self.base, self.valuation.reference_price_e18(self.base_token), WAD)

    @property
    def pending_funding(self) -> int:
        """Funding owed since the last settlement, positive = pays."""
        return self.still.pending_funding

    @once
    def unrealized_pnl(self) -> int:
        """Position value plus total open notional."""
        return self.value + self.open_notional


class TokenMath:
    """One non-settlement token of an account: its balance and what it is worth."""

    def __init__(self, valuation: Valuation, token: str, balance: int) -> None:
        self.valuation = valuation
        self.token = token
        self.balance = balance

    @once
    def value(self) -> int:
        """Value in 18 decimals at the collateral price, rounded down, no haircut."""
        state = self.valuation.token(self.token)
        price = self.valuation.token_price(self.token)
        return token_value_e18(self.balance, state.decimals, price, state.feed_decimals)

    @once
    def margin_value(self) -> int:
        """`value` times the token's collateral ratio, rounded down."""
        return mul_ratio(self.value, self.valuation.token(self.token).collateral_ratio)
