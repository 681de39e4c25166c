"""Ledger and reads together: the state that margin reads, and the book around it.

Two legs a position: its collateral, and its size in index tokens under the market's id (negative =
short). What it cost (its size in USD) is in the state.
"""

from __future__ import annotations

import numpy as np

from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind
from analyzer.model.deployment import Deployment
from analyzer.protocols.gmx_v2.logs.fold.ledger import GmxLedger
from analyzer.protocols.gmx_v2.records import Market
from analyzer.protocols.gmx_v2.state.evidence import Evidence
from analyzer.protocols.gmx_v2.state.observe import GmxObservation
from analyzer.protocols.gmx_v2.state.state import GmxState
from analyzer.protocols.kit.factors import factor_of


def book(
    deployment: Deployment, block: BlockRef, ledger: GmxLedger, observation: GmxObservation
) -> Book:
    """Every open position, in order of opening; its owner is the trader."""
    state = rebuild_state(deployment, block, ledger, observation)
    assets = _assets(deployment, state)
    state.factors = {asset.asset_id: asset.factor for asset in assets}
    number = {asset.asset_id: at for at, asset in enumerate(assets)}
    counts, legs, amounts = [0], [], []
    for position in state.positions.values():
        legs += [number[position.collateral_token], number[position.market]]
        size = position.size_in_tokens
        amounts += [position.collateral_amount, size if position.is_long else -size]
        counts.append(len(legs))
    return Book(
        account_ids=list(state.positions),
        owners=[position.account for position in state.positions.values()],
        assets=assets,
        indptr=np.array(counts, dtype=np.int64),
        asset=np.array(legs, dtype=np.int32),
        amount=amounts,
        state=state,
    )


def rebuild_state(
    deployment: Deployment, block: BlockRef, ledger: GmxLedger, observation: GmxObservation
) -> GmxState:
    """The protocol at the block."""
    return GmxState(
        block_number=block.number,
        block_time=block.time,
        contracts=dict(deployment.contracts),
        settings=observation.settings,
        markets={
            address: Market(
                found,
                observation.markets[address],
                observation.supplies[address],
                observation.virtual_ids.get(found.index_token),
                observation.virtual_market_ids[address],
            )
            for address, found in ledger.markets.items()
        },
        positions=dict(ledger.positions),
        tokens=observation.tokens,
        traders=observation.traders,
        virtual=dict(ledger.virtual),
        virtual_swaps={one: dict(both) for one, both in ledger.virtual_swaps.items()},
        virtual_in_tokens=observation.virtual_in_tokens,
        evidence=Evidence(ledger, observation.must_exist, observation.implementations),
    )


def _assets(deployment: Deployment, state: GmxState) -> list[Asset]:
    """Every token that may be pledged, then every market (its id stands for its index)."""
    named = deployment.factors
    pledged = dict.fromkeys(
        token for market in state.markets.values() for token in market.ledger.collateral_tokens
    )
    out = []
    for address in pledged:
        token = state.tokens[address]
        factor = factor_of(named, address, token.symbol)
        out.append(Asset(address, token.symbol, LegKind.COLLATERAL, token.decimals, factor))
    for address, market in state.markets.items():
        index = state.tokens.get(market.ledger.index_token)
        if index is None:
            continue
        factor = named.get(address) or factor_of(named, index.address, index.symbol)
        symbol = state.symbol(address)
        out.append(Asset(address, symbol, LegKind.POSITION, index.decimals, factor))
    return out
