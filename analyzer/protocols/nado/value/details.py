"""Rows beside margin: accounts, balances, positions, markets, prices, statements."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.integers import WAD
from analyzer.model.rows import AccountRow, CollateralRow, MarketRow, PositionRow
from analyzer.protocols.base import Details
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.account_ids import kind_of, owner_of
from analyzer.protocols.nado.arithmetic import mul
from analyzer.protocols.nado.logs.ledger import Seen
from analyzer.protocols.nado.records import Account, PerpProduct
from analyzer.protocols.nado.value.account import Numbers
from analyzer.protocols.nado.value.health import NOT_BORROWABLE, HealthType, weight
from analyzer.protocols.nado.value.liquidation.call import Mode
from analyzer.protocols.nado.value.margin import EXEMPT, own_margin
from analyzer.protocols.nado.value.statement import statement
from analyzer.protocols.nado.value.value import NadoValued

DECIMALS = 18
_E6 = WAD // 10**6
_NEVER = Seen(-1)


def details(valued: NadoValued) -> Details:
    """Everything that is written out beside margin. Balances and positions are those of users;
    the protocol's own accounts have their statements."""
    state, evidence = valued.state, valued.state.evidence
    users = list(valued.book.account_ids)
    return Details(
        accounts=[_account_row(valued, account) for account in state.accounts.values()],
        collateral=[row for name in users for row in _collateral(valued, name)],
        positions=[row for name in users for row in _positions(valued, name)],
        orders=[],
        markets=[_market(valued, perp) for perp in state.perps.values()],
        prices=list(valued.prices.by_asset.values()),
        implementations=[] if evidence is None else evidence.implementations,
        statements=[line for name in state.accounts for line in statement(valued, name)],
        silent_changes=[] if evidence is None else evidence.silent_changes,
        own=own_margin(valued),
    )


def _account_row(valued: NadoValued, account: Account) -> AccountRow:
    """Whose it is and when it was seen."""
    name, evidence = account.account_id, valued.state.evidence
    seen = _NEVER if evidence is None else evidence.ledger.accounts.get(name, _NEVER)
    return AccountRow(
        account_id=name,
        owner=owner_of(name),
        kind=kind_of(name).value,
        first_block=seen.first_block if seen.events else None,
        last_block=seen.last_block if seen.events else None,
        events=seen.events,
        parent_id=account.parent,
    )


def _numbers(valued: NadoValued, name: str) -> Numbers | None:
    """The numbers of a known account."""
    numbers = valued.valuation.numbers(name)
    return None if isinstance(numbers, Unreadable) else numbers


def _collateral(valued: NadoValued, name: str) -> Iterator[CollateralRow]:
    """Spot amounts at their price, and what of them maintenance counts: of one that may not be
    borrowed that is no amount."""
    numbers, state = _numbers(valued, name), valued.state
    for product, amount in {} if numbers is None else numbers.held.spots.items():
        spot, price = state.spots[product], valued.valuation.prices[product]
        share = weight(spot.risk, amount, HealthType.MAINTENANCE)
        counted = None if share == NOT_BORROWABLE else mul(mul(amount, share), price)
        yield CollateralRow(
            account_id=name,
            asset_id=spot.asset_id,
            symbol=spot.symbol,
            decimals=DECIMALS,
            amount=amount,
            price_e18=price,
            value_e18=mul(amount, price),
            margin_value_e18=counted,
            weight_e6=share // _E6,
        )


def _positions(valued: NadoValued, name: str) -> Iterator[PositionRow]:
    """Perps, with funding settled to the block; what may be liquidated singly of each now."""
    numbers, state = _numbers(valued, name), valued.state
    if numbers is None:
        return
    closable = _closable(valued, name, numbers)
    for product, (amount, v_quote) in numbers.held.perps.items():
        stored, price = state.accounts[name].perps[product], valued.valuation.prices[product]
        yield PositionRow(
            account_id=name,
            market_id=state.perps[product].asset_id,
            symbol=state.perps[product].symbol,
            size_e18=amount,
            open_notional_e18=stored.v_quote,
            price_e18=price,
            value_e18=mul(amount, price),
            unrealized_pnl_e18=mul(price, amount) + v_quote,
            pending_funding_e18=stored.v_quote - v_quote,
            liquidatable_size_e18=closable.get(product, 0),
        )


def _closable(valued: NadoValued, name: str, numbers: Numbers) -> dict[int, int]:
    """Perp -> the most that a liquidator may take singly now."""
    if numbers.maintenance.total >= 0 or name in EXEMPT:
        return {}
    return {
        step.call.product: step.call.amount
        for step in valued.steps(name)
        if step.outcome.mode is Mode.PERP
    }


def _market(valued: NadoValued, perp: PerpProduct) -> MarketRow:
    """One perp; its sizes are of every account, the protocol's own included."""
    sizes = [
        held.amount
        for account in valued.state.accounts.values()
        for product, held in account.perps.items()
        if product == perp.product_id
    ]
    price = valued.prices.e18(perp.asset_id)
    return MarketRow(
        market_id=perp.asset_id,
        symbol=perp.symbol,
        factor=perp.factor,
        status="open",
        mark_price_e18=price,
        index_price_e18=None,
        reference_price_e18=price,
        open_interest_long_e18=sum(size for size in sizes if size > 0),
        open_interest_short_e18=-sum(size for size in sizes if size < 0),
        initial_margin_ratio_e6=(WAD - perp.risk.long_initial) // _E6,
        maintenance_margin_ratio_e6=(WAD - perp.risk.long_maintenance) // _E6,
    )
