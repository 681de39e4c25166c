"""Every reserve at the block: data words, prices with their source, totals of its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from analyzer.model.block import BlockRef
from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.records.indexes import ReserveIndexes, grown
from analyzer.protocols.aave_v3.revisions import BadDebt, VirtualBalance
from analyzer.protocols.aave_v3.state.observe.market import MarketFacts
from analyzer.protocols.aave_v3.state.state import PriceFact, ReserveState
from analyzer.protocols.aave_v3.words import reserve_config
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.price_age import read_times, status_of
from analyzer.protocols.kit.unreadable import Unreadable

_DATA_FIELDS = (
    "configuration",
    "liquidityIndex",
    "currentLiquidityRate",
    "variableBorrowIndex",
    "currentVariableBorrowRate",
    "currentStableBorrowRate",
    "lastUpdateTimestamp",
    "id",
    "aTokenAddress",
    "stableDebtTokenAddress",
    "variableDebtTokenAddress",
    "interestRateStrategyAddress",
    "accruedToTreasury",
    "unbacked",
    "isolationModeTotalDebt",
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Tickets of one reserve's first batch; None where the revision has no such view."""

    data: Ticket
    price: Ticket
    source: Ticket
    symbol: Ticket
    symbol_bytes: Ticket
    deficit: Ticket | None
    virtual: Ticket | None
    grace: Ticket | None


@dataclass(frozen=True, slots=True)
class _AskedTokens:
    """Tickets of one reserve's second batch."""

    supply: Ticket
    debt: Ticket
    stable: Ticket | None
    treasury: Ticket
    held: Ticket


@dataclass(slots=True)
class ReservesRead:
    """The reserves by asset, and why a listed one is not among them."""

    reserves: dict[str, ReserveState]
    unread: dict[str, Unreadable]


def read_reserves(
    pool: str, assets: Iterable[str], market: MarketFacts, block: BlockRef
) -> Reading[ReservesRead]:
    """All reserves of `assets`, in their order."""
    first = Batch(ABI_FOLDER)
    asked = {asset: _ask(first, pool, asset, market) for asset in assets}
    replies = yield from first.read()
    data: dict[str, Mapping[str, object]] = {}
    unread: dict[str, Unreadable] = {}
    for asset, tickets in asked.items():
        value = replies.value(tickets.data)
        if isinstance(value, Unreadable):
            unread[asset] = value
        elif isinstance(value, tuple):
            data[asset] = dict(zip(_DATA_FIELDS, value, strict=True))
    second = Batch(ABI_FOLDER)
    tokens = {asset: _ask_tokens(second, asset, words) for asset, words in data.items()}
    more = yield from second.read()
    reserves = {
        asset: _reserve(asset, words, market, block, replies, asked[asset], more, tokens[asset])
        for asset, words in data.items()
    }
    return ReservesRead(reserves, unread)


def _ask(batch: Batch, pool: str, asset: str, market: MarketFacts) -> _Asked:
    """The reads that need nothing but the asset's address."""
    rules = market.rules
    has_deficit = rules.bad_debt is not BadDebt.STAYS
    has_virtual = rules.virtual_balance is not VirtualBalance.NONE
    return _Asked(
        data=batch.call("Pool", pool, "getReserveData", asset, about=asset),
        price=batch.call("AaveOracle", market.oracle, "getAssetPrice", asset, about=asset),
        source=batch.call("AaveOracle", market.oracle, "getSourceOfAsset", asset, about=asset),
        symbol=batch.call("ERC20", asset, "symbol", about=asset, evidence=True),
        symbol_bytes=batch.call("ERC20Bytes", asset, "symbol", about=asset, evidence=True),
        deficit=_ask_pool(batch, pool, "getReserveDeficit", asset, has_deficit),
        virtual=_ask_pool(batch, pool, "getVirtualUnderlyingBalance", asset, has_virtual),
        grace=_ask_pool(batch, pool, "getLiquidationGracePeriod", asset, rules.grace_period),
    )


def _ask_pool(batch: Batch, pool: str, function: str, asset: str, there: bool) -> Ticket | None:
    """A view that only some revisions have."""
    return batch.call("Pool", pool, function, asset, about=asset) if there else None


def _ask_tokens(batch: Batch, asset: str, words: Mapping[str, object]) -> _AskedTokens:
    """The reads that need the addresses in the reserve's data."""
    a_token, stable = str(words["aTokenAddress"]), str(words["stableDebtTokenAddress"])
    variable = str(words["variableDebtTokenAddress"])
    has_stable = stable != ZERO_ADDRESS
    return _AskedTokens(
        supply=batch.call("AToken", a_token, "scaledTotalSupply", about=asset),
        debt=batch.call("VariableDebtToken", variable, "scaledTotalSupply", about=asset),
        stable=(
            batch.call("StableDebtToken", stable, "getSupplyData", about=asset)
            if has_stable
            else None
        ),
        treasury=batch.call("AToken", a_token, "RESERVE_TREASURY_ADDRESS", about=asset),
        held=batch.call("ERC20", asset, "balanceOf", a_token, about=f"aToken of {asset}"),
    )


def _integer(words: Mapping[str, object], name: str) -> int:
    """An integer of the reserve's data."""
    value = words[name]
    if not isinstance(value, int):
        raise TypeError(f"getReserveData.{name} is not an integer")
    return value


def _configuration(words: Mapping[str, object]) -> int:
    """The configuration word, which stands in a struct of its own."""
    value = words["configuration"]
    if not isinstance(value, tuple) or not isinstance(value[0], int):
        raise TypeError("getReserveData.configuration is not a struct of one word")
    return value[0]


def _optional(replies: Replies, ticket: Ticket | None) -> int | None:
    """A number, None where it was not read or there is no such view."""
    return None if ticket is None else replies.optional(ticket)


def _reserve(
    asset: str,
    words: Mapping[str, object],
    market: MarketFacts,
    block: BlockRef,
    first: Replies,
    asked: _Asked,
    second: Replies,
    tokens: _AskedTokens,
) -> ReserveState:
    """One reserve from both batches."""
    indexes = ReserveIndexes(
        supply_ray=_integer(words, "liquidityIndex"),
        debt_ray=_integer(words, "variableBorrowIndex"),
        supply_rate_ray=_integer(words, "currentLiquidityRate"),
        debt_rate_ray=_integer(words, "currentVariableBorrowRate"),
        updated_at=_integer(words, "lastUpdateTimestamp"),
    )
    income, debt = grown(market.rules, indexes, block.time)
    word = _configuration(words)
    no_deficits = market.rules.bad_debt is BadDebt.STAYS
    config = reserve_config(word)
    # A reserve that does not count its underlying says 0, whatever there is.
    counts = config.virtual_accounting or market.rules.virtual_balance is VirtualBalance.ALWAYS
    return ReserveState(
        asset=asset,
        id=_integer(words, "id"),
        symbol=_symbol(first, asked, asset),
        config=config,
        config_word=word,
        indexes=indexes,
        income_ray=income,
        debt_ray=debt,
        a_token=str(words["aTokenAddress"]),
        stable_token=str(words["stableDebtTokenAddress"]),
        variable_token=str(words["variableDebtTokenAddress"]),
        accrued_to_treasury=_integer(words, "accruedToTreasury"),
        unbacked=_integer(words, "unbacked"),
        isolation_debt=_integer(words, "isolationModeTotalDebt"),
        price=_price(first, asked),
        deficit=0 if no_deficits else _optional(first, asked.deficit),
        grace_until=_optional(first, asked.grace) or 0,
        treasury=second.optional_text(tokens.treasury),
        virtual_balance=_optional(first, asked.virtual) if counts else None,
        underlying_held=second.optional(tokens.held),
        scaled_supply=second.optional(tokens.supply),
        scaled_debt=second.optional(tokens.debt),
        stable_supply=_optional(second, tokens.stable),
    )


def _symbol(replies: Replies, asked: _Asked, asset: str) -> str:
    """The token's symbol, as text or (old tokens) as 32 bytes; else its address."""
    words = replies.optional_text(asked.symbol)
    if words:
        return words
    data = replies.value(asked.symbol_bytes)
    if isinstance(data, bytes):
        return data.rstrip(b"\0").decode("utf-8", "replace") or asset
    return asset


def _price(replies: Replies, asked: _Asked) -> PriceFact:
    """The oracle's price and who gave it; how old it is, is asked of the source later."""
    price, source = replies.number(asked.price), replies.optional_text(asked.source)
    if source is None:
        return PriceFact(price, "", note="its source was not read")
    if source == ZERO_ADDRESS:
        return PriceFact(price, "", note="no source: fallback oracle")
    return PriceFact(price, source)


def read_ages(reserves: dict[str, ReserveState], now: int) -> Reading[None]:
    """Fills in how old every price is by what its source says. The pool asks for no age, so that
    no number depends on one."""
    times = yield from read_times([r.price.source for r in reserves.values() if r.price.source])
    for asset, reserve in reserves.items():
        fact = reserve.price
        if not fact.source:
            continue
        time = times[fact.source]
        status, words = status_of(time, now)
        dated = replace(
            fact,
            updated_at=time.updated_at,
            note=words,
            status=status,
            aggregator=time.aggregator,
        )
        reserves[asset] = replace(reserve, price=dated)
