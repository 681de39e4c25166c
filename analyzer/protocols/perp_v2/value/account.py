"""One account's numbers, each computed when it is asked for, each with the contract's rounding.

A number raises `UnreadableNumberError` only when something that it itself needs cannot be had, as
the contract's own view of it reverts. `margin` asks for all of them at once.
Source: `Vault.sol`, `AccountBalance.sol`, `OrderBook.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from analyzer.model.book import Prices
from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.kit.once import once
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import (
    convert_decimals,
    div_ratio,
    from_settlement,
    mul_ratio,
    to_settlement,
    token_amount_for_value,
    token_value_e18,
)
from analyzer.protocols.perp_v2.records import (
    Account,
    AccountMarket,
    Config,
    FundingGrowth,
    MarketStatus,
)
from analyzer.protocols.perp_v2.state.ranges import amounts_in_ranges, without_dust
from analyzer.protocols.perp_v2.state.state import CollateralState, MarketState, PerpState
from analyzer.protocols.perp_v2.value.funding import growth_now, pending_fee, pending_payment
from analyzer.protocols.perp_v2.value.prices import (
    collateral_price,
    contract_mark_price_e18,
    contract_reference_price_e18,
    usable,
)


class Valuation:
    """What all accounts of one block share: prices and funding growth, computed once each.

    With `prices` the accounts are valued at them, and a price that is stale, invalid or missing
    cannot be had. Without, at what the contract itself uses at the block, whatever its age.
    """

    def __init__(self, state: PerpState, prices: Prices | None = None) -> None:
        self.state = state
        self.prices = prices
        self._growths: dict[str, FundingGrowth | UnreadableNumberError] = {}
        self._references: dict[str, int | UnreadableNumberError] = {}

    def market(self, base_token: str) -> MarketState:
        """The market's state. Raises: UnreadableNumberError when it was not read at all."""
        market = self.state.markets.get(base_token)
        if market is None:
            raise UnreadableNumberError(Unreadable(f"market {base_token}", "was not read"))
        return market

    def token(self, token: str) -> CollateralState:
        """The collateral token's state. Raises: UnreadableNumberError when it was not read."""
        found = self.state.collateral.get(token)
        if found is None:
            raise UnreadableNumberError(Unreadable(f"collateral token {token}", "was not read"))
        return found

    def config_with(self, *names: str) -> Config:
        """The parameters, once it is sure that these (fields that only liquidations need) were
        read. Raises: UnreadableNumberError when one was not."""
        for name in names:
            if name in self.state.config.unread:
                raise UnreadableNumberError(self.state.config.unread[name])
        return self.state.config

    def growth(self, base_token: str) -> FundingGrowth:
        """The market's funding growth at the block. Raises: UnreadableNumberError."""
        if base_token not in self._growths:
            try:
                self._growths[base_token] = growth_now(
                    self.market(base_token), self.state.config, self.state.block_time
                )
            except UnreadableNumberError as error:
                self._growths[base_token] = error
        found = self._growths[base_token]
        if isinstance(found, UnreadableNumberError):
            raise found
        return found

    def reference_price_e18(self, base_token: str) -> int:
        """The price that positions are valued at. Raises: UnreadableNumberError."""
        if self.prices is not None:
            return self._given_e18(base_token)
        if base_token not in self._references:
            try:
                self._references[base_token] = contract_reference_price_e18(
                    self.market(base_token), self.state.config
                )
            except UnreadableNumberError as error:
                self._references[base_token] = error
        found = self._references[base_token]
        if isinstance(found, UnreadableNumberError):
            raise found
        return found

    def mark_price_e18(self, base_token: str) -> int:
        """The price that a liquidator takes a position over at. Raises: UnreadableNumberError.

        Only an open market can be liquidated in, and there mark and reference are the same.
        """
        market = self.market(base_token)
        if market.status == MarketStatus.OPEN:
            return self.reference_price_e18(base_token)
        return contract_mark_price_e18(market, self.state.config)

    def token_price(self, token: str) -> int:
        """The token's price in its feed's decimals. Raises: UnreadableNumberError."""
        state = self.token(token)
        if self.prices is None:
            return collateral_price(state)
        given = self._given_e18(token)
        read = state.price
        if (
            not isinstance(read, Unreadable)
            and convert_decimals(read, state.feed_decimals, 18) == given
        ):
            return read
        return convert_decimals(given, 18, state.feed_decimals)

    def _given_e18(self, asset_id: str) -> int:
        """The given price, unless its status says that it is not to be used."""
        price = None if self.prices is None else self.prices.by_asset.get(asset_id)
        if price is None:
            raise UnreadableNumberError(Unreadable(f"price of {asset_id}", "is missing"))
        if price.price_e18 is None or not usable(price):
            what = f"price of {price.symbol}"
            raise UnreadableNumberError(Unreadable(what, f"is {price.status}: {price.detail}"))
        return price.price_e18


class MarketMath:
    """One account in one market. All amounts 18 decimals; base positive = long."""

    def __init__(self, valuation: Valuation, base_token: str, held: AccountMarket) -> None:
        self.valuation = valuation
        self.base_token = base_token
        self.held = held
        self.base_debt = sum(order.base_debt for order in held.orders.values())
        self.quote_debt = sum(order.quote_debt for order in held.orders.values())
        self.base = held.taker_position_size - self.base_debt
        self.quote = held.taker_open_notional - self.quote_debt
        self.taker_size = without_dust(held.taker_position_size)

    @once
    def in_pool(self) -> tuple[int, int]:
        """(base, quote) that the orders hold at the pool's present price, each order floored."""
        if not self.held.orders:
            return 0, 0
        market = self.valuation.market(self.base_token)
        return amounts_in_ranges(self.held, market.sqrt_price_x96)

    @once
    def pending_fee(self) -> int:
        """Maker fees not yet collected, floored per order."""
        if not self.held.orders:
            return 0
        market = self.valuation.market(self.base_token)
        return sum(pending_fee(market, order) for order in self.held.orders.values())

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

    @once
    def pending_funding(self) -> int:
        """Funding owed since the last settlement, positive = pays."""
        growth = self.valuation.growth(self.base_token)
        return pending_payment(self.valuation.market(self.base_token), self.held, growth)

    @property
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


class AccountMath:
    """One account across all its markets and tokens; 18 decimals unless said otherwise."""

    def __init__(self, valuation: Valuation, account: Account) -> None:
        self.valuation = valuation
        self.account = account
        settlement = valuation.state.settlement_token
        self.markets = {
            base: MarketMath(valuation, base, held) for base, held in account.markets.items()
        }
        self.tokens = {
            token: TokenMath(valuation, token, balance)
            for token, balance in account.balances.items()
            if token != settlement and balance != 0
        }
        self.settlement_decimals = valuation.state.settlement_decimals
        self.balance = account.balances.get(settlement, 0)

    @once
    def pending_fee(self) -> int:
        """Maker fees not yet collected, all markets."""
        return sum(market.pending_fee for market in self.markets.values())

    @once
    def pending_funding(self) -> int:
        """Funding owed, all markets, positive = pays; each market truncated on its own."""
        return sum(market.pending_funding for market in self.markets.values())

    @once
    def settlement_balance(self) -> int:
        """Settlement token with fees, funding and realized PnL counted in, no unrealized PnL."""
        return (
            from_settlement(self.balance, self.settlement_decimals)
            + self.pending_fee
            - self.pending_funding
            + self.account.owed_realized_pnl
        )

    @once
    def unrealized_pnl(self) -> int:
        """Position values and open notionals of all markets."""
        return sum(market.unrealized_pnl for market in self.markets.values())

    @once
    def settlement_value(self) -> int:
        """Settlement balance plus unrealized PnL."""
        return self.settlement_balance + self.unrealized_pnl

    @once
    def token_value(self) -> int:
        """All other tokens at full value."""
        return sum(token.value for token in self.tokens.values())

    @once
    def token_margin_value(self) -> int:
        """All other tokens after their collateral ratios."""
        return sum(token.margin_value for token in self.tokens.values())

    @once
    def total_collateral(self) -> int:
        """Tokens after haircut plus settlement balance."""
        return self.token_margin_value + self.settlement_balance

    @once
    def account_value(self) -> int:
        """Total collateral plus unrealized PnL, before any floor."""
        return self.total_collateral + self.unrealized_pnl

    @once
    def equity(self) -> int:
        """Account value with every token counted at 100 %."""
        return self.settlement_value + self.token_value

    @property
    def tested_account_value(self) -> int:
        """ClearingHouse.getAccountValue: floored to the settlement token's decimals, at 18."""
        return from_settlement(
            to_settlement(self.account_value, self.settlement_decimals), self.settlement_decimals
        )

    @once
    def total_abs_position_value(self) -> int:
        """Sum of the absolute position values."""
        return sum(abs(market.value) for market in self.markets.values())

    @once
    def total_debt_value(self) -> int:
        """Quote debt netted over the markets, plus the value of each negative base balance."""
        quote = sum(market.quote for market in self.markets.values())
        return abs(min(quote, 0) + sum(market.base_debt_value for market in self.markets.values()))

    @once
    def maintenance(self) -> int:
        """Maintenance requirement of positions: total absolute value times the mm ratio."""
        return mul_ratio(self.total_abs_position_value, self.valuation.state.config.mm_ratio)

    def free_collateral_by_ratio(self, ratio: int) -> int:
        """min(total collateral, account value) less `ratio` of the debt; signed, not floored."""
        return min(self.total_collateral, self.account_value) - mul_ratio(
            self.total_debt_value, ratio
        )

    @property
    def is_liquidatable(self) -> bool:
        """The test of positions: the floored account value is below the maintenance requirement.

        True also for an account without positions whose value is negative.
        """
        return self.tested_account_value < self.maintenance

    @once
    def has_open_order(self) -> bool:
        """Whether an order stands in a market that is open (others do not count)."""
        return any(
            market.held.orders and self.valuation.market(base).status == MarketStatus.OPEN
            for base, market in self.markets.items()
        )

    @once
    def collateral_requirement(self) -> int:
        """The requirement below which tokens may be liquidated: mm ratio plus buffer."""
        config = self.valuation.state.config
        ratio = config.mm_ratio + config.collateral_mm_ratio_buffer
        return mul_ratio(self.total_abs_position_value, ratio)

    @once
    def settlement_debt(self) -> int:
        """How far the settlement value is below zero, else 0."""
        return max(-self.settlement_value, 0)

    @once
    def is_collateral_liquidatable(self) -> bool:
        """Vault.isLiquidatable: holds a token, and is below the requirement (account value not
        floored), or its debt is too large against its tokens, or above its threshold."""
        if not self.tokens:
            return False
        config = self.valuation.state.config
        if self.account_value < self.collateral_requirement:
            return True
        limit = mul_ratio(self.token_margin_value, config.debt_non_settlement_token_value_ratio)
        if self.settlement_debt > limit:
            return True
        address = self.account.address
        threshold = config.whitelisted_debt_threshold.get(address, 0) or config.debt_threshold
        return to_settlement(self.settlement_debt, self.settlement_decimals) > threshold

    def free_collateral_by_token(self, token: str) -> int:
        """How much of one token may be withdrawn, in its own decimals.

        Raises: UnreadableNumberError when a number cannot be had, or when the contract divides
        by a price or ratio of 0.
        """
        if self.settlement_value < 0:
            return 0
        free = max(self.free_collateral_by_ratio(self.valuation.state.config.im_ratio), 0)
        if free == 0:
            return 0
        if token == self.valuation.state.settlement_token:
            return to_settlement(
                max(min(free, self.settlement_balance), 0), self.settlement_decimals
            )
        info, price = self.valuation.token(token), self.valuation.token_price(token)
        if price == 0 or info.collateral_ratio == 0:
            what = f"Vault.getFreeCollateralByToken({info.symbol})"
            raise UnreadableNumberError(Unreadable(what, "reverts: division by zero", True))
        worth = token_amount_for_value(free, info.decimals, price, info.feed_decimals)
        balance = self.tokens[token].balance if token in self.tokens else 0
        return min(div_ratio(worth, info.collateral_ratio), balance)
