"""Rows for the tables beside margin: accounts, collateral, debts, reserves."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.book import Prices
from analyzer.model.rows import (
    AccountRow,
    MarketRow,
)
from analyzer.protocols.aave_v3.ray_math import PERCENT
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.records.balances import Side, balance_of
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.state.sums import Sums
from analyzer.protocols.aave_v3.value.holdings import (
    E6_PER_BPS,
    collateral_rows,
    in_18_decimals,
    position_rows,
)
from analyzer.protocols.aave_v3.value.statement import statement
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.base import Details, SilentChange
from analyzer.protocols.kit.rows_of import RowsOf
from analyzer.protocols.kit.statement import Statements


def details(valued: AaveValued) -> Details:
    """Everything that is written out beside margin."""
    state, prices, valuation = valued.state, valued.prices, valued.valuation
    summed = valuation.sums
    treasuries = {r.treasury for r in state.reserves.values() if r.treasury}
    accounts = list(state.accounts.values())
    return Details(
        accounts=[_account_row(a, treasuries, state.umbrella) for a in accounts],
        collateral=RowsOf(accounts, lambda account: collateral_rows(valued, account)),
        positions=RowsOf(accounts, lambda account: position_rows(valued, account)),
        orders=[],
        markets=[_market_row(state, summed, prices, r) for r in state.reserves.values()],
        prices=list(prices.by_asset.values()),
        implementations=state.implementations,
        statements=Statements(
            list(state.accounts),
            lambda address: statement(valuation, address, valuation.account_data(address)),
        ),
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
