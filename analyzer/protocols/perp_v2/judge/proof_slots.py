"""Where our numbers lie in storage, so that a proof against the state root is of them.

Source: `storage/*.sol` of `@perp/curie-contract` 2.8.4 and `UniswapV3Pool.sol`, laid out by the
compiler; on real contracts every word named here was found to hold our number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.protocols.base import ProofSlot, StoredNumbers
from analyzer.protocols.kit.stored_words import WordsOf
from analyzer.protocols.perp_v2.records import Account, AccountMarket, Order
from analyzer.protocols.perp_v2.state import slots
from analyzer.protocols.perp_v2.state.state import MarketState, PerpState, state_of
from analyzer.protocols.perp_v2.value.value import PerpValued

_NOT_IN_STORAGE = (
    "index prices and collateral prices: their feeds compute them from rounds of their own; proved"
    " is which feed is asked",
    "mark prices: averages over what the pools observed; proved is each pool's present price",
)
_CONFIG_WORD = 103
_CONFIG_FIELDS = (
    ("im_ratio", 8, 24), ("mm_ratio", 32, 24), ("liquidation_penalty_ratio", 56, 24),
    ("max_funding_rate", 104, 24), ("twap_interval_s", 128, 32),
)  # fmt: skip
_INTERVAL_WORD = 106
_INTERVAL_FIELDS = (("mark_market_twap_interval_s", 0, 32), ("mark_premium_interval_s", 32, 32))
_MANAGER_WORD = 205
_MANAGER_FIELDS = (
    ("collateral_mm_ratio_buffer", 168, 24), ("debt_non_settlement_token_value_ratio", 192, 24),
    ("collateral_liquidation_ratio", 216, 24),
)  # fmt: skip
_MANAGER_NUMBERS = (
    (206, "cl_insurance_fund_fee_ratio", 24), (207, "debt_threshold", 256),
    (208, "collateral_value_dust", 256),
)  # fmt: skip
_MANAGER_CONFIGS = 203
_BASE_TOKEN_WORD, _PAUSED_PRICE, _PAUSED_TIME, _CLOSED_PRICE = 204, 205, 206, 207
_POOL_SLOT0 = 0
_ADDRESS_BITS = 160


def proof_slots(valued: PerpValued, account_ids: Sequence[str]) -> StoredNumbers:
    """The numbers of these accounts, of all markets, and of the parameters, with their words."""
    state = state_of(valued.book)
    named = list(_parameters(state))
    ticks: dict[str, set[int]] = {}
    for account_id in account_ids:
        account = state.accounts[account_id]
        named += _account(state, account)
        for base, record in account.markets.items():
            ticks.setdefault(base, set()).update(tick for key in record.orders for tick in key)
    for base, market in state.markets.items():
        if market.problem is None:
            named += _market(state, market, sorted(ticks.get(base, ())))
    return StoredNumbers(tuple(named), _NOT_IN_STORAGE)


def _account(state: PerpState, account: Account) -> Iterator[ProofSlot]:
    """One account: its balances, none of them included, what it is owed, and its markets."""
    who, contracts = account.address, state.contracts
    vault = WordsOf("vault", contracts["vault"], who)
    balances = slots.of(slots.VAULT_BALANCES, who)
    for token in (state.settlement_token, *state.collateral):
        held = account.balances.get(token, 0)
        yield vault.holds(slots.of(balances, token), f"balance of {token}", held)
    accounts = WordsOf("account_balance", contracts["account_balance"], who)
    owed = slots.of(slots.ACCOUNT_OWED_PNL, who)
    yield accounts.holds(owed, "owedRealizedPnl", account.owed_realized_pnl)
    listed = slots.of(slots.ACCOUNT_BASE_TOKENS, who)
    yield accounts.holds(listed, "baseTokens.length", len(account.markets))
    for base, record in account.markets.items():
        yield from _record(state, who, base, record)


def _record(state: PerpState, who: str, base: str, record: AccountMarket) -> Iterator[ProofSlot]:
    """An account's position and orders in one market."""
    accounts = WordsOf("account_balance", state.contracts["account_balance"], who, base)
    first = slots.of(slots.ACCOUNT_MARKETS, who, base)
    yield accounts.holds(first, "takerPositionSize", record.taker_position_size)
    yield accounts.holds(first + 1, "takerOpenNotional", record.taker_open_notional)
    growth = record.last_tw_premium_growth_global_x96
    yield accounts.holds(first + 2, "lastTwPremiumGrowthGlobalX96", growth)
    book = WordsOf("order_book", state.contracts["order_book"], who, base)
    ids = slots.of(slots.ORDER_BOOK_ORDER_IDS, who, base)
    yield book.holds(ids, "openOrderIds.length", len(record.orders))
    for order in record.orders.values():
        yield from _order(book, order)


def _order(book: WordsOf, order: Order) -> Iterator[ProofSlot]:
    """The seven words of one order."""
    first = slots.of(slots.ORDER_BOOK_ORDERS, bytes.fromhex(order.order_id[2:]))
    about = f"order {order.order_id[:10]}"
    yield book.holds(first, f"{about} liquidity", order.liquidity, 0, 128)
    yield book.holds(first, f"{about} lowerTick", order.lower_tick, 128, 24)
    yield book.holds(first, f"{about} upperTick", order.upper_tick, 152, 24)
    words = (
        ("lastFeeGrowthInsideX128", order.last_fee_growth_inside_x128),
        ("lastTwPremiumGrowthInsideX96", order.last_tw_premium_growth_inside_x96),
        ("lastTwPremiumGrowthBelowX96", order.last_tw_premium_growth_below_x96),
        (
            "lastTwPremiumDivBySqrtPriceGrowthInsideX96",
            order.last_tw_premium_div_by_sqrt_price_growth_inside_x96,
        ),
        ("baseDebt", order.base_debt),
        ("quoteDebt", order.quote_debt),
    )
    for place, (name, number) in enumerate(words, 1):
        yield book.holds(first + place, f"{about} {name}", number)


def _market(state: PerpState, market: MarketState, ticks: Sequence[int]) -> Iterator[ProofSlot]:
    """A market: funding, fees at these ticks, the pool's price, and what its token says."""
    base, contracts = market.base_token, state.contracts
    exchange = WordsOf("exchange", contracts["exchange"], None, base)
    first_traded = slots.of(slots.EXCHANGE_FIRST_TRADED, base)
    yield exchange.holds(first_traded, "firstTradedTimestamp", market.first_traded_timestamp)
    last_settled = slots.of(slots.EXCHANGE_LAST_SETTLED, base)
    yield exchange.holds(last_settled, "lastSettledTimestamp", market.last_settled_timestamp)
    growth = slots.of(slots.EXCHANGE_GROWTH, base)
    yield exchange.holds(growth, "twPremiumX96", market.growth.tw_premium_x96)
    over_sqrt = market.growth.tw_premium_div_by_sqrt_price_x96
    yield exchange.holds(growth + 1, "twPremiumDivBySqrtPriceX96", over_sqrt)
    book = WordsOf("order_book", contracts["order_book"], None, base)
    fees = slots.of(slots.ORDER_BOOK_FEE_GROWTH, base)
    yield book.holds(fees, "feeGrowthGlobalX128", market.fee_growth_global_x128)
    for tick in ticks:
        if (outside := market.growth_outside.get(tick)) is not None:
            at = slots.of(slots.ORDER_BOOK_GROWTH_OUTSIDE, base, tick)
            yield book.holds(at, f"tick {tick} feeX128", outside.fee_x128)
            yield book.holds(at + 1, f"tick {tick} twPremiumX96", outside.tw_premium_x96)
            above = outside.tw_premium_div_by_sqrt_price_x96
            yield book.holds(at + 2, f"tick {tick} twPremiumDivBySqrtPriceX96", above)
    pool = WordsOf("pool", market.pool, None, base)
    yield pool.holds(_POOL_SLOT0, "sqrtPriceX96", market.sqrt_price_x96, 0, 160)
    yield pool.holds(_POOL_SLOT0, "tick", market.tick, 160, 24)
    token = WordsOf("base_token", base, None, base)
    if market.feed:
        feed = int(market.feed, 16)
        yield token.holds(_BASE_TOKEN_WORD, "priceFeed", feed, 8, _ADDRESS_BITS)
    yield token.holds(_BASE_TOKEN_WORD, "status", int(market.status), 168, 8)
    yield token.holds(_PAUSED_PRICE, "pausedIndexPrice", market.paused_index_price_e18)
    yield token.holds(_PAUSED_TIME, "pausedTimestamp", market.paused_timestamp)
    yield token.holds(_CLOSED_PRICE, "closedPrice", market.closed_price_e18)


def _parameters(state: PerpState) -> Iterator[ProofSlot]:
    """What holds for all accounts: ratios, intervals, thresholds, and each token's terms."""
    config, contracts = state.config, state.contracts
    settings = WordsOf("clearing_house_config", contracts["clearing_house_config"])
    manager = WordsOf("collateral_manager", contracts["collateral_manager"])
    for at, word, fields in (
        (settings, _CONFIG_WORD, _CONFIG_FIELDS),
        (settings, _INTERVAL_WORD, _INTERVAL_FIELDS),
        (manager, _MANAGER_WORD, _MANAGER_FIELDS),
    ):
        for name, first, bits in fields:
            if name not in config.unread:
                yield at.holds(word, name, getattr(config, name), first, bits)
    for word, name, bits in _MANAGER_NUMBERS:
        if name not in config.unread:
            yield manager.holds(word, name, getattr(config, name), 0, bits)
    for token, terms in state.collateral.items():
        if not terms.feed:
            continue  # its terms were not read
        first = slots.of(_MANAGER_CONFIGS, token)
        feed = int(terms.feed, 16)
        yield manager.holds(first, f"priceFeed of {token}", feed, 0, _ADDRESS_BITS)
        ratio, discount = terms.collateral_ratio, terms.discount_ratio
        yield manager.holds(first, f"collateralRatio of {token}", ratio, 160, 24)
        yield manager.holds(first, f"discountRatio of {token}", discount, 184, 24)
        yield manager.holds(first + 1, f"depositCap of {token}", terms.deposit_cap)
