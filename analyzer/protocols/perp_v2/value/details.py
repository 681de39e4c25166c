"""Rows for the tables beside margin: accounts, collateral, positions, orders, markets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analyzer.model.integers import WAD
from analyzer.model.rows import (
    AccountRow,
    CollateralRow,
    MarketRow,
    OrderRow,
    PositionRow,
)
from analyzer.protocols.base import Details
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.fixed_point import RATIO_ONE, from_settlement
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import MarketState, PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.funding import pending_fee
from analyzer.protocols.perp_v2.value.limits import Reverts, max_position_size
from analyzer.protocols.perp_v2.value.position import MarketMath, TokenMath
from analyzer.protocols.perp_v2.value.prices import contract_mark_price_e18, index_price_e18
from analyzer.protocols.perp_v2.value.statement import statements
from analyzer.protocols.perp_v2.value.takeover import ORDERS_FIRST
from analyzer.protocols.perp_v2.value.value import PerpValued


def known(number: Callable[[], int]) -> int | None:
    """The number, or None where it cannot be had (then the account's margin row says why)."""
    try:
        return number()
    except UnreadableNumberError:
        return None


def known_of(thing: TokenMath | MarketMath, name: str) -> int | None:
    """The number of that name of a token or position, or None where it cannot be had."""
    return known(lambda: int(getattr(thing, name)))


def details(valued: PerpValued) -> Details:
    """Everything that is written out beside margin."""
    state, prices = valued.state, valued.prices
    accounts = list(state.accounts.values())
    evidence = state.evidence
    return Details(
        accounts=[_account_row(state, account) for account in accounts],
        collateral=[row for account in accounts for row in _collateral(valued, account)],
        positions=[row for account in accounts for row in _positions(valued, account)],
        orders=[row for account in accounts for row in _orders(valued, account)],
        markets=[_market_row(valued, market) for market in state.markets.values()],
        prices=list(prices.by_asset.values()),
        implementations=[] if evidence is None else evidence.implementations,
        statements=statements(valued),
        silent_changes=[] if evidence is None else evidence.silent_changes,
    )


def _account_row(state: PerpState, account: Account) -> AccountRow:
    """Who it is and when it was seen."""
    kind = "trader"
    if account.address == state.insurance_fund:
        kind = "insurance_fund"
    elif any(record.orders for record in account.markets.values()):
        kind = "maker"
    seen = account.events > 0
    return AccountRow(
        account_id=account.address,
        owner=account.address,
        kind=kind,
        first_block=account.first_block if seen else None,
        last_block=account.last_block if seen else None,
        events=account.events,
    )


def _collateral(valued: PerpValued, account: Account) -> Iterator[CollateralRow]:
    """The settlement balance (where not zero) and every token."""
    state = valued.state
    math = valued.account(account.address)
    if math.balance:
        value = from_settlement(math.balance, state.settlement_decimals)
        yield CollateralRow(
            account_id=account.address,
            asset_id=state.settlement_token,
            symbol=state.settlement_symbol,
            decimals=state.settlement_decimals,
            amount=math.balance,
            price_e18=WAD,
            value_e18=value,
            margin_value_e18=value,
            weight_e6=RATIO_ONE,
        )
    for name, held in math.tokens.items():
        token = state.collateral[name]
        yield CollateralRow(
            account_id=account.address,
            asset_id=name,
            symbol=token.symbol,
            decimals=token.decimals,
            amount=held.balance,
            price_e18=valued.prices.e18(name),
            value_e18=known_of(held, "value"),
            margin_value_e18=known_of(held, "margin_value"),
            weight_e6=token.collateral_ratio,
        )


def _positions(valued: PerpValued, account: Account) -> Iterator[PositionRow]:
    """One row a registered market."""
    math = valued.account(account.address)
    reverts = _obstacles(valued, account.address)
    readable = account.address not in valued.state.unreadable
    for base, held in math.markets.items():
        size = _liquidatable(math, base) if readable else None
        blocked = reverts.get(base, "")
        if isinstance(size, Reverts):
            blocked = blocked or size.reason
        yield PositionRow(
            account_id=account.address,
            market_id=base,
            symbol=valued.state.markets[base].symbol,
            size_e18=held.size,
            open_notional_e18=held.open_notional,
            price_e18=valued.prices.e18(base),
            value_e18=known_of(held, "value") if readable else None,
            unrealized_pnl_e18=known_of(held, "unrealized_pnl") if readable else None,
            pending_funding_e18=known_of(held, "pending_funding") if readable else None,
            liquidatable_size_e18=size if isinstance(size, int) and not blocked else None,
            blocked=blocked,
        )


def _liquidatable(math: AccountMath, base: str) -> int | Reverts | None:
    """What may be taken over at most; None where it cannot be known."""
    try:
        return max_position_size(math, base)
    except UnreadableNumberError:
        return None


def _obstacles(valued: PerpValued, address: str) -> dict[str, str]:
    """Market -> why its liquidation would revert now, for an account that may be liquidated."""
    if address in valued.state.unreadable:
        return {}
    try:
        found = valued.obstacles(address)
    except UnreadableNumberError:
        return {}
    return {base: why for base, why in found.items() if why not in (None, ORDERS_FIRST)}


def _orders(valued: PerpValued, account: Account) -> Iterator[OrderRow]:
    """One row a maker range."""
    readable = account.address not in valued.state.unreadable
    for base, record in account.markets.items():
        market = valued.state.markets[base]
        for order in record.orders.values():
            amounts: tuple[int | None, int | None] = (None, None)
            fee: int | None = None
            if readable:
                amounts = amounts_in_range(
                    market.sqrt_price_x96, order.lower_tick, order.upper_tick, order.liquidity
                )
                fee = pending_fee(market, order)
            yield OrderRow(
                account_id=account.address,
                market_id=base,
                order_id=order.order_id,
                lower_tick=order.lower_tick,
                upper_tick=order.upper_tick,
                liquidity=order.liquidity,
                base_debt_e18=order.base_debt,
                quote_debt_e18=order.quote_debt,
                base_amount_e18=amounts[0],
                quote_amount_e18=amounts[1],
                pending_fee_e18=fee,
            )


def _market_row(valued: PerpValued, market: MarketState) -> MarketRow:
    """One market with its prices and open interest (by total sizes, makers included)."""
    state, base = valued.state, market.base_token
    sizes = [
        valued.account(account.address).markets[base].size
        for account in state.accounts.values()
        if base in account.markets
    ]
    factors = {} if state.evidence is None else state.evidence.factors
    return MarketRow(
        market_id=base,
        symbol=market.symbol,
        factor=factors.get(base, market.symbol),
        status=market.status.name.lower(),
        mark_price_e18=known(lambda: contract_mark_price_e18(market, state.config)),
        index_price_e18=known(lambda: index_price_e18(market, 0)),
        reference_price_e18=valued.prices.e18(base),
        open_interest_long_e18=sum(size for size in sizes if size > 0),
        open_interest_short_e18=-sum(size for size in sizes if size < 0),
        initial_margin_ratio_e6=state.config.im_ratio,
        maintenance_margin_ratio_e6=state.config.mm_ratio,
    )
