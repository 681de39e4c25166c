"""What each account has and owes, as rows: one a balance, one a debt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.model.integers import WAD, trunc_div
from analyzer.model.rows import CollateralRow, PositionRow
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.state.state import ReserveState
from analyzer.protocols.aave_v3.value.account import AccountData, Holding, Valuation
from analyzer.protocols.aave_v3.value.many import Terms
from analyzer.protocols.aave_v3.value.prices import to_e18
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

E6_PER_BPS = 100


def in_18_decimals(amount: int, decimals: int) -> int:
    """A token amount with 18 decimals; a token with more loses its last ones."""
    return trunc_div(amount * WAD, 10**decimals)


def collateral_rows(valued: AaveValued, account: Account) -> Iterator[CollateralRow]:
    """Every supplied balance; one that is not used as collateral has weight 0."""
    terms = valued.valuation.many.plain_terms(account)
    if terms is not None:
        yield from _plain_collateral(valued, account, terms)
    else:
        yield from _collateral(_view(valued, account))


def position_rows(valued: AaveValued, account: Account) -> Iterator[PositionRow]:
    """Every debt, as a short position; what a liquidation may repay of it at most."""
    terms = valued.valuation.many.plain_terms(account)
    if terms is not None:
        yield from _plain_positions(valued, account, terms)
    else:
        yield from _positions(_view(valued, account))


def _plain_collateral(
    valued: AaveValued, account: Account, terms: dict[str, Terms]
) -> Iterator[CollateralRow]:
    """The balances of an account with nothing out of the ordinary."""
    base_unit = valued.state.base_unit
    for asset, scaled in account.supplied.items():
        found = terms.get(asset)
        if not scaled or found is None:
            continue
        amount = valued.valuation.many.supplied(scaled, found)
        counted = found.counts and account.collateral_bits & found.bit
        weight = found.threshold_bps * E6_PER_BPS if counted else 0
        value = to_e18(amount * found.price // found.unit, base_unit)
        yield CollateralRow(
            account.address,
            asset,
            found.reserve.symbol,
            found.reserve.config.decimals,
            amount,
            to_e18(found.price, base_unit),
            value,
            value * weight // (PERCENT * E6_PER_BPS),
            weight,
        )


def _plain_positions(
    valued: AaveValued, account: Account, terms: dict[str, Terms]
) -> Iterator[PositionRow]:
    """The debts of such an account, which nobody may liquidate."""
    base_unit = valued.state.base_unit
    for asset, scaled in account.borrowed.items():
        found = terms.get(asset)
        if not scaled or found is None:
            continue
        debt, value = valued.valuation.many.owed(scaled, found)
        yield PositionRow(
            account.address,
            asset,
            found.reserve.symbol,
            -in_18_decimals(debt, found.reserve.config.decimals),
            None,
            to_e18(found.price, base_unit),
            -to_e18(value, base_unit),
            None,
            None,
        )


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


def _collateral(view: _View) -> Iterator[CollateralRow]:
    """The balances of any account."""
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


def _positions(view: _View) -> Iterator[PositionRow]:
    """The debts of any account."""
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
