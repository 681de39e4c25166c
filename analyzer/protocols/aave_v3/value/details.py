"""Rows for the tables beside margin: accounts, collateral, debts, reserves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model.book import Prices
from analyzer.model.integers import WAD, trunc_div
from analyzer.model.rows import (
    AccountRow,
    CollateralRow,
    MarketRow,
    PositionRow,
    StatementLine,
)
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.balances import Side, balance_of
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.state.sums import Sums
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.aave_v3.value.statement import statement
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.base import Details, SilentChange
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

E6_PER_BPS = 100


@dataclass(frozen=True, slots=True)
class _View:
    """One account worked out once for all its rows."""

    valued: AaveValued
    account: Account
    data: AccountData | Unreadable
    holdings: dict[str, Holding]

    @property
    def valuation(self) -> Valuation:
        """The book's numbers."""
        return self.valued.valuation

    def holding(self, reserve: ReserveState) -> Holding | None:
        """The account's holding, also of what it does not use; None where it is not known."""
        found = self.holdings.get(reserve.asset)
        state = self.valuation.state
        if found is not None or state.problem or self.account.address in state.unreadable:
            return found
        try:
            return self.valuation.holding(self.account, reserve)
        except UnreadableNumberError:
            return None


def _view(valued: AaveValued, account: Account) -> _View:
    """The account's view."""
    data = valued.valuation.account_data(account.address)
    known = () if isinstance(data, Unreadable) else data.holdings
    return _View(valued, account, data, {h.reserve.asset: h for h in known})


def details(valued: AaveValued) -> Details:
    """Everything that is written out beside margin."""
    state, prices, valuation = valued.state, valued.prices, valued.valuation
    summed = valuation.sums
    treasuries = {r.treasury for r in state.reserves.values() if r.treasury}
    collateral: list[CollateralRow] = []
    positions: list[PositionRow] = []
    statements: list[StatementLine] = []
    for account in state.accounts.values():
        view = _view(valued, account)
        collateral += _collateral(view)
        positions += _positions(view)
        statements += statement(valuation, account.address, view.data)
    return Details(
        accounts=[_account_row(a, treasuries, state.umbrella) for a in state.accounts.values()],
        collateral=collateral,
        positions=positions,
        orders=[],
        markets=[_market_row(state, summed, prices, r) for r in state.reserves.values()],
        prices=list(prices.by_asset.values()),
        implementations=state.implementations,
        statements=statements,
        silent_changes=[
            *(
                SilentChange(f"log: {note.kind}", "", "", f"block {note.block_number}: {note.text}")
                for note in state.ledger.notes
            ),
            *_anchored(state),
        ],
    )


def _anchored(state: AaveState) -> Iterator[SilentChange]:
    """What upgrades wrote without an event, and where each was taken up again."""
    for asset, reserve in state.ledger.reserves.items():
        for anchor in reserve.anchors:
            how = "by the initializer's rule"
            if anchor.start is None:
                how = "not known: it is not compared until what was given to the aToken is"
            elif anchor.read_at is not None:
                how = f"read at the end of block {anchor.read_at}"
            yield SilentChange(
                "upgrade: virtual balance",
                "",
                asset,
                f"block {anchor.block_number}, to revision {anchor.revision}: {anchor.flows} by"
                f" the logs became {'?' if anchor.start is None else anchor.start}, {how}",
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


def _collateral(view: _View) -> Iterator[CollateralRow]:
    """Every supplied balance; one that is not used as collateral has weight 0."""
    state, account = view.valuation.state, view.account
    for asset, scaled in account.supplied.items():
        reserve = state.reserves.get(asset)
        if not scaled or reserve is None:
            continue
        holding = view.holding(reserve)
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


def _positions(view: _View) -> Iterator[PositionRow]:
    """Every debt, as a short position; what a liquidation may repay of it at most."""
    state, account = view.valuation.state, view.account
    repayable, refusals = _repayable(view)
    for asset in dict.fromkeys([*account.borrowed, *account.stable]):
        reserve = state.reserves.get(asset)
        if reserve is None or not account.borrows(asset):
            continue
        debt = state.variable_debt(account, reserve) + state.stable_debt(account, reserve)
        holding, decimals = view.holding(reserve), reserve.config.decimals
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


def _repayable(view: _View) -> tuple[dict[str, int], dict[str, str]]:
    """(debt asset -> the most that one liquidation may repay, debt asset -> why none may)."""
    most: dict[str, int] = {}
    refusals: dict[str, str] = {}
    for _, debt, outcome in view.valued.pairs(view.account.address):
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
