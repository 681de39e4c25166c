"""Rows for the tables beside margin: positions, collateral, markets, prices."""

from __future__ import annotations

from analyzer.model.rows import AccountRow, CollateralRow, MarketRow, PositionRow
from analyzer.protocols.base import Details
from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.records import Position, Setting
from analyzer.protocols.gmx_v2.settings import DISABLED
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.gmx_v2.value.margin import TO_E18, down_e18, up_e18
from analyzer.protocols.gmx_v2.value.market_prices import low, pick_for_pnl
from analyzer.protocols.gmx_v2.value.position import PositionNumbers
from analyzer.protocols.gmx_v2.value.prices import middle, to_e18
from analyzer.protocols.gmx_v2.value.statement import statement
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

_E6 = 10**6
_WHOLE_E6 = 10**6


def details(valued: GmxValued) -> Details:
    """Everything that is written out beside margin."""
    state = valued.state
    positions = list(state.positions.values())
    return Details(
        accounts=[_account_row(position) for position in positions],
        collateral=[_collateral_row(valued, position) for position in positions],
        positions=[_position_row(valued, position) for position in positions],
        orders=[],
        markets=[_market_row(valued, market) for market in state.markets],
        prices=list(valued.prices.by_asset.values()),
        implementations=[] if state.evidence is None else state.evidence.implementations,
        statements=[line for position in positions for line in statement(valued, position)],
    )


def _account_row(position: Position) -> AccountRow:
    """The position and whose it is."""
    return AccountRow(
        position.key,
        position.account,
        "long" if position.is_long else "short",
        position.first_block,
        position.last_block,
        position.events,
    )


def _collateral_row(valued: GmxValued, position: Position) -> CollateralRow:
    """What is pledged: counted whole, at the lower bound."""
    token = valued.state.tokens[position.collateral_token]
    pair = valued.prices.pairs.get(position.collateral_token)
    value = None if pair is None else down_e18(position.collateral_amount * low(pair))
    return CollateralRow(
        account_id=position.key,
        asset_id=token.address,
        symbol=token.symbol,
        decimals=token.decimals,
        amount=position.collateral_amount,
        price_e18=None if pair is None else to_e18(low(pair), token.decimals),
        value_e18=value,
        margin_value_e18=value,
        weight_e6=_WHOLE_E6,
    )


def _position_row(valued: GmxValued, position: Position) -> PositionRow:
    """The size in whole index tokens, at the bound that is worse for the trader."""
    state = valued.state
    ledger = state.markets[position.market].ledger
    index = state.tokens[ledger.index_token]
    numbers = valued.valuation.numbers(position.key)
    sign = 1 if position.is_long else -1
    size = sign * (position.size_in_tokens * 10**18 // 10**index.decimals)
    pair = valued.prices.pairs.get(position.market)
    price = None if pair is None else pick_for_pnl(pair, position.is_long, False)
    known = isinstance(numbers, PositionNumbers)
    blocked = ""
    if state.markets[position.market].settings[DISABLED] == 1:
        blocked = "DisabledMarket"
    closable = size if isinstance(numbers, PositionNumbers) and numbers.keeper.reason else 0
    return PositionRow(
        account_id=position.key,
        market_id=position.market,
        symbol=state.symbol(position.market),
        size_e18=size,
        open_notional_e18=-sign * (position.size_in_usd // TO_E18),
        price_e18=None if price is None else to_e18(price, index.decimals),
        value_e18=None if price is None else down_e18(sign * position.size_in_tokens * price),
        unrealized_pnl_e18=down_e18(numbers.profit.capped)
        if isinstance(numbers, PositionNumbers)
        else None,
        pending_funding_e18=up_e18(numbers.pending.funding * numbers.collateral_price)
        if isinstance(numbers, PositionNumbers)
        else None,
        liquidatable_size_e18=closable if known and not blocked else None,
        blocked=blocked,
    )


def _market_row(valued: GmxValued, market: str) -> MarketRow:
    """One market with its prices and open interest in whole index tokens."""
    state = valued.state
    found = state.markets[market]
    index = state.tokens.get(found.ledger.index_token)
    decimals = 18 if index is None else index.decimals
    pair = valued.prices.pairs.get(market)
    price = None if pair is None else to_e18(middle(pair), decimals)
    pool = attempt(lambda: valued.valuation.pool(market))
    sides = [
        None if isinstance(pool, Unreadable) else pool.in_tokens(is_long) * 10**18 // 10**decimals
        for is_long in (True, False)
    ]
    return MarketRow(
        market_id=market,
        symbol=state.symbol(market),
        factor=state.factors.get(market, market),
        status=_status(state, market),
        mark_price_e18=price,
        index_price_e18=price,
        reference_price_e18=price,
        open_interest_long_e18=sides[0],
        open_interest_short_e18=sides[1],
        initial_margin_ratio_e6=_ratio(found.settings["MIN_COLLATERAL_FACTOR"]),
        maintenance_margin_ratio_e6=_ratio(found.settings["MIN_COLLATERAL_FACTOR_FOR_LIQUIDATION"]),
    )


def _status(state: GmxState, market: str) -> str:
    """Whether orders of the market are executed."""
    flag = state.markets[market].settings[DISABLED]
    if isinstance(flag, Unreadable):
        return "not read"
    return "disabled" if flag else "open"


def _ratio(setting: Setting) -> int | None:
    """A factor in millionths, rounded up; None when not read."""
    return None if isinstance(setting, Unreadable) else -(-setting * _E6 // ONE)
