"""Ledger and reads together: the state that margin reads, and the book around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind
from analyzer.model.deployment import Deployment
from analyzer.protocols.derive_v2.deployments import of_kind, prefix
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.accounts import Account
from analyzer.protocols.derive_v2.records.options import decode_sub_id
from analyzer.protocols.derive_v2.records.parameters import AssetType, SrmMarket
from analyzer.protocols.derive_v2.state.evidence import Evidence
from analyzer.protocols.derive_v2.state.observe import DeriveObservation
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.kit.unreadable import Unreadable

DECIMALS = 18
CASH_SYMBOL = "USDC"
_WRAPPED = {"WETH": "ETH", "WBTC": "BTC"}


def asset_id(state: DeriveState, asset: str, sub_id: int) -> str:
    """The id of what a balance is of: the contract, for an option also its sub id."""
    return f"{asset}:{sub_id}" if asset in state.options else asset


def book(
    deployment: Deployment, block: BlockRef, ledger: DeriveLedger, observation: DeriveObservation
) -> Book:
    """Every account of every manager, in order of creation; one leg per balance.

    Options are one asset per expiry, strike and kind. Unsettled PnL of perps is in the state.
    """
    state = rebuild_state(deployment, block, ledger, observation)
    assets = _assets(deployment, state)
    index = {asset.asset_id: number for number, asset in enumerate(assets)}
    if state.evidence is not None:
        state.evidence.factors = {asset.asset_id: asset.factor for asset in assets}
    counts, legs, amounts = [0], [], []
    for account in state.accounts.values():
        for held in account.balances:
            legs.append(index[asset_id(state, held.asset, held.sub_id)])
            amounts.append(held.balance)
        counts.append(len(legs))
    return Book(
        account_ids=[str(number) for number in state.accounts],
        owners=[account.owner for account in state.accounts.values()],
        assets=assets,
        indptr=np.array(counts, dtype=np.int64),
        asset=np.array(legs, dtype=np.int32),
        amount=amounts,
        state=state,
    )


def rebuild_state(
    deployment: Deployment, block: BlockRef, ledger: DeriveLedger, observation: DeriveObservation
) -> DeriveState:
    """The protocol at the block. An account under a manager that the deployment does not name is
    listed in `unreadable`: no rules are known for it."""
    schedule, contracts = observation.schedule, deployment.contracts
    state = DeriveState(
        block_number=block.number,
        block_time=block.time,
        contracts=dict(contracts),
        names={address.lower(): name for name, address in contracts.items()},
        feeds=observation.feeds,
        cash=schedule.cash,
        srm=observation.srm,
        pmrms=observation.pmrms,
        perps=observation.perps,
        options=observation.options,
        bases={
            address: name.removesuffix("_Base")
            for address, name in of_kind(contracts, "WrappedERC20Asset").items()
        },
        auction_house=schedule.auction_house,
        security_account=schedule.security_account,
        accounts={},
        evidence=Evidence(
            ledger,
            observation.implementations,
            schedule.last_account,
            total_positions=observation.total_positions,
            must_exist=observation.must_exist,
        ),
    )
    managers = {state.srm.address, *state.pmrms}
    for number, found in ledger.accounts.items():
        account = replace(found, kind=_kind(state, found, schedule.manager_accounts, managers))
        state.accounts[number] = account
        if account.manager not in managers:
            state.unreadable[number] = Unreadable(
                f"manager {account.manager}", "is not in the deployment", False
            )
    return state


def _kind(
    state: DeriveState, account: Account, manager_accounts: frozenset[int], managers: set[str]
) -> str:
    """Whose account it is: the security module's, a manager's own, or a trader's."""
    if account.number == state.security_account:
        return "security_module"
    if account.number in manager_accounts or account.owner in managers:
        return "manager"
    return "trader"


def _assets(deployment: Deployment, state: DeriveState) -> list[Asset]:
    """Cash, base assets, perps, then every option that an account holds, by first holder."""
    assets = [_asset(deployment, state.cash.address, CASH_SYMBOL, LegKind.COLLATERAL, CASH_SYMBOL)]
    for address, symbol in state.bases.items():
        factor = _factor(state, address, symbol)
        assets.append(_asset(deployment, address, symbol, LegKind.COLLATERAL, factor))
    for address, perp in state.perps.items():
        factor = _factor(state, address, prefix(perp.symbol))
        assets.append(_asset(deployment, address, perp.symbol, LegKind.POSITION, factor))
    seen = {asset.asset_id for asset in assets}
    for account in state.accounts.values():
        for held in account.balances:
            key = asset_id(state, held.asset, held.sub_id)
            if key in seen:
                continue
            seen.add(key)
            name = prefix(state.names.get(held.asset.lower(), held.asset))
            factor = _factor(state, held.asset, name)
            symbol = option_symbol(factor, held.sub_id) if held.asset in state.options else name
            assets.append(_asset(deployment, key, symbol, LegKind.POSITION, factor))
    return assets


def option_symbol(underlying: str, sub_id: int) -> str:
    """An option for people: `ETH-1772265600-2500-C`; a strike that is no whole number with its
    decimals."""
    option = decode_sub_id(sub_id)
    whole, rest = divmod(option.strike, 10**DECIMALS)
    strike = f"{whole}.{rest:018d}".rstrip("0") if rest else str(whole)
    return f"{underlying}-{option.expiry}-{strike}-{'C' if option.is_call else 'P'}"


def _asset(deployment: Deployment, key: str, symbol: str, kind: LegKind, factor: str) -> Asset:
    """One asset, its factor as the deployment file says it, else as given."""
    named = deployment.factors
    return Asset(key, symbol, kind, DECIMALS, named.get(key) or named.get(symbol) or factor)


def _factor(state: DeriveState, asset: str, symbol: str) -> str:
    """The name of the asset's market in the StandardManager, else the symbol unwrapped."""
    _, market_id = state.srm.assets.get(asset, (AssetType.NOT_SET, 0))
    market = state.srm.markets.get(market_id)
    if isinstance(market, SrmMarket):
        return market.name
    return _WRAPPED.get(symbol, symbol)
