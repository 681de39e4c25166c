"""Rows for the tables beside margin: accounts, collateral, debts, reserves."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.book import Prices
from analyzer.model.integers import WAD, trunc_div
from analyzer.model.rows import AccountRow, CollateralRow, MarketRow, PositionRow
from analyzer.protocols.aave_v3.account import Holding, Valuation
from analyzer.protocols.aave_v3.accounts import Account
from analyzer.protocols.aave_v3.balances import Side, balance_of
from analyzer.protocols.aave_v3.closures import pair_outcomes
from analyzer.protocols.aave_v3.prices import UnreadableNumberError, to_e18
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.statement import statement
from analyzer.protocols.aave_v3.sums import Sums, sums
from analyzer.protocols.aave_v3.totals import totals
from analyzer.protocols.base import Details, SilentChange
from analyzer.protocols.batch import Unreadable

E6_PER_BPS = 100


def details(state: AaveState, prices: Prices) -> Details:
    """Everything that is written out beside margin."""
    valuation = Valuation(state, prices)
    accounts = list(state.accounts.values())
    summed = sums(state)
    treasuries = {r.treasury for r in state.reserves.values() if r.treasury}
    return Details(
        accounts=[_account_row(account, treasuries, state.umbrella) for account in accounts],
        collateral=[row for account in accounts for row in _collateral(valuation, account)],
        positions=[row for account in accounts for row in _positions(valuation, account)],
        orders=[],
        markets=[
            _market_row(state, summed, prices, reserve) for reserve in state.reserves.values()
        ],
        prices=list(prices.by_asset.values()),
        totals=totals(state, summed),
        implementations=state.implementations,
        statements=[line for a in accounts for line in statement(valuation, a.address)],
        silent_changes=[
            SilentChange(f"log: {note.kind}", "", "", f"block {note.block_number}: {note.text}")
            for note in state.ledger.notes
        ],
    )


def _account_row(account: Account, treasuries: set[str], umbrella: str | None) -> AccountRow:
    """Who it is and when it was seen."""
    kind = "supplier" if any(account.supplied.values()) else "former"
    if account.address in treasuries:
        kind = "treasury"
    elif account.address == umbrella:
        kind = "umbrella"
    elif account.has_debt:
        kind = "borrower"
    return AccountRow(
        account.address,
        account.address,
        kind,
        account.first_block,
        account.last_block,
        account.events,
    )


def _holding(valuation: Valuation, account: Account, reserve: ReserveState) -> Holding | None:
    """The account's holding, None where its price or its account is not known."""
    state = valuation.state
    if state.problem is not None or account.address in state.unreadable:
        return None
    try:
        return valuation.holding(account, reserve)
    except UnreadableNumberError:
        return None


def _collateral(valuation: Valuation, account: Account) -> Iterator[CollateralRow]:
    """Every supplied balance; one that is not used as collateral has weight 0."""
    state = valuation.state
    for asset, scaled in account.supplied.items():
        reserve = state.reserves.get(asset)
        if not scaled or reserve is None:
            continue
        holding = _holding(valuation, account, reserve)
        price = value = margin_value = None
        weight = 0
        if holding is not None:
            price = to_e18(holding.price, state.base_unit)
            value = to_e18(holding.supplied * holding.price // reserve.unit, state.base_unit)
            weight = holding.threshold_bps * E6_PER_BPS if holding.counted else 0
            margin_value = value * weight // (PERCENT * E6_PER_BPS)
        yield CollateralRow(
            account_id=account.address,
            asset_id=asset,
            symbol=reserve.symbol,
            decimals=reserve.config.decimals,
            amount=state.supply(account, reserve),
            price_e18=price,
            value_e18=value,
            margin_value_e18=margin_value,
            weight_e6=weight,
        )


def in_18_decimals(amount: int, decimals: int) -> int:
    """A token amount with 18 decimals; a token with more loses its last ones."""
    return trunc_div(amount * WAD, 10**decimals)


def _positions(valuation: Valuation, account: Account) -> Iterator[PositionRow]:
    """Every debt, as a short position; what a liquidation may repay of it at most."""
    state = valuation.state
    repayable, refusals = _repayable(valuation, account)
    for asset in dict.fromkeys([*account.borrowed, *account.stable]):
        reserve = state.reserves.get(asset)
        if reserve is None or not account.borrows(asset):
            continue
        debt = state.variable_debt(account, reserve) + state.stable_debt(account, reserve)
        holding, decimals = _holding(valuation, account, reserve), reserve.config.decimals
        most = repayable.get(asset)
        yield PositionRow(
            account_id=account.address,
            market_id=asset,
            symbol=reserve.symbol,
            size_e18=-in_18_decimals(debt, decimals),
            open_notional_e18=None,
            price_e18=None if holding is None else to_e18(holding.price, state.base_unit),
            value_e18=None if holding is None else -to_e18(holding.debt_value, state.base_unit),
            unrealized_pnl_e18=None,
            pending_funding_e18=None,
            liquidatable_size_e18=None if most is None else -in_18_decimals(most, decimals),
            blocked="" if most is not None else refusals.get(asset, ""),
        )


def _repayable(valuation: Valuation, account: Account) -> tuple[dict[str, int], dict[str, str]]:
    """(debt asset -> the most that one liquidation may repay, debt asset -> why none may)."""
    most: dict[str, int] = {}
    refusals: dict[str, str] = {}
    data = valuation.account_data(account.address)
    if isinstance(data, Unreadable):
        return most, refusals
    for _, debt, outcome in pair_outcomes(valuation, data):
        asset = debt.reserve.asset
        if outcome.reverts is None:
            most[asset] = max(most.get(asset, 0), outcome.debt_repaid)
        else:
            refusals[asset] = outcome.reverts
    return most, refusals


def _market_row(state: AaveState, summed: Sums, prices: Prices, reserve: ReserveState) -> MarketRow:
    """One reserve. Open interest: what is supplied (long) and owed (short). Ratios: the part of
    the value that backs no debt, 1 - LTV and 1 - liquidation threshold."""
    decimals, supplied = reserve.config.decimals, summed.scaled_supply[reserve.asset]
    price = prices.e18(reserve.asset)
    held = balance_of(state.rules, Side.SUPPLY, supplied, reserve.income_ray)
    return MarketRow(
        market_id=reserve.asset,
        symbol=reserve.symbol,
        factor=reserve.factor,
        status=reserve.config.status,
        mark_price_e18=price,
        index_price_e18=price,
        reference_price_e18=price,
        open_interest_long_e18=in_18_decimals(held, decimals),
        open_interest_short_e18=in_18_decimals(summed.debt[reserve.asset], decimals),
        initial_margin_ratio_e6=(PERCENT - reserve.config.ltv_bps) * E6_PER_BPS,
        maintenance_margin_ratio_e6=(PERCENT - reserve.config.threshold_bps) * E6_PER_BPS,
    )
