"""Ledger and reads together: the state that margin reads, and the book around it."""

from __future__ import annotations

from dataclasses import replace

from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind, make_book
from analyzer.model.deployment import Deployment
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger
from analyzer.protocols.aave_v3.records.accounts import Account
from analyzer.protocols.aave_v3.state.observe import AaveObservation
from analyzer.protocols.aave_v3.state.state import AaveState, Category, ReserveState
from analyzer.protocols.kit.factors import factor_of
from analyzer.protocols.kit.unreadable import Unreadable


def book(
    deployment: Deployment, block: BlockRef, ledger: AaveLedger, observation: AaveObservation
) -> Book:
    """Every account's state, in order of first appearance in the logs.

    Legs: what is supplied (a collateral leg, positive, flagged as collateral or not), and what is
    owed (a position leg, negative), both in the underlying asset and with interest to the block.
    """
    state = rebuild_state(deployment, block, ledger, observation)
    assets = _assets(state)
    index = {(asset.asset_id, asset.kind): number for number, asset in enumerate(assets)}
    legs = (
        [(index[asset, kind], amount) for asset, kind, amount in _legs(state, account)]
        for account in state.accounts.values()
    )
    return make_book(list(state.accounts), assets, legs, state)


def _legs(state: AaveState, account: Account) -> list[tuple[str, LegKind, int]]:
    """(asset, kind, amount) of one account's balances that are not 0, in listed reserves."""
    out = []
    for asset, scaled in account.supplied.items():
        reserve = state.reserves.get(asset)
        if scaled and reserve is not None:
            out.append((asset, LegKind.COLLATERAL, state.supply(account, reserve)))
    for asset in dict.fromkeys([*account.borrowed, *account.stable]):
        reserve = state.reserves.get(asset)
        if reserve is not None and account.borrows(asset):
            debt = state.variable_debt(account, reserve) + state.stable_debt(account, reserve)
            out.append((asset, LegKind.POSITION, -debt))
    return out


def _assets(state: AaveState) -> list[Asset]:
    """Every listed reserve twice: as what is pledged and as what is owed."""
    return [
        Asset(r.asset, r.symbol, kind, r.config.decimals, r.factor)
        for kind in (LegKind.COLLATERAL, LegKind.POSITION)
        for r in state.reserves.values()
    ]


def rebuild_state(
    deployment: Deployment, block: BlockRef, ledger: AaveLedger, observation: AaveObservation
) -> AaveState:
    """The market at the block. Accounts of which something needed was not read are listed in
    `unreadable` with the reason."""
    market, discounts = observation.market, observation.discounts
    contracts = {**deployment.contracts, "oracle": market.oracle}
    state = AaveState(
        block_number=block.number,
        block_time=block.time,
        contracts=contracts,
        rules=market.rules,
        base_unit=market.base_unit,
        reserves={
            asset: _with_factor(deployment, reserve)
            for asset, reserve in observation.reserves.reserves.items()
        },
        categories={n: c for n, c in observation.categories.items() if isinstance(c, Category)},
        accounts=dict(ledger.accounts),
        sentinel=market.sentinel,
        sentinel_allows=market.sentinel_allows,
        sequencer=market.sequencer,
        umbrella=market.umbrella or None,
        problem=market.problem,
        unread_reserves=observation.reserves.unread,
        unreadable={**discounts.unread, **ledger.unknown},
        discounts=discounts.percents,
        listed=observation.listed,
        ledger=ledger,
        implementations=observation.implementations,
    )
    for address, account in state.accounts.items():
        problem = _problem(state, account, observation)
        if problem is not None:
            state.unreadable.setdefault(address, problem)
    return state


def _with_factor(deployment: Deployment, reserve: ReserveState) -> ReserveState:
    """The reserve with its risk factor: the deployment file's, else by symbol."""
    named = factor_of(deployment.factors, reserve.asset, reserve.symbol)
    return replace(reserve, factor=named)


def _problem(state: AaveState, account: Account, observation: AaveObservation) -> Unreadable | None:
    """Why the account cannot be valued: its category or one of its reserves was not read."""
    category = observation.categories.get(account.emode)
    if isinstance(category, Unreadable):
        return category
    for asset, why in state.unread_reserves.items():
        if account.supplied.get(asset) or account.borrows(asset):
            return why
    return None
