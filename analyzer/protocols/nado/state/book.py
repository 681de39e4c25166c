"""Reads and logs together: the state that margin reads, and the book around it."""

from __future__ import annotations

from collections import Counter

from analyzer.model.block import BlockRef
from analyzer.model.book import Asset, Book, LegKind, make_book
from analyzer.model.deployment import Deployment
from analyzer.protocols.kit.factors import factor_of
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.nado.account_ids import Kind, kind_of, owner_of
from analyzer.protocols.nado.logs.ledger import NadoLedger
from analyzer.protocols.nado.records import Account, PerpProduct, SpotProduct
from analyzer.protocols.nado.state.balances import perp_now, spot_amount
from analyzer.protocols.nado.state.compare import compare_with_logs
from analyzer.protocols.nado.state.evidence import Evidence
from analyzer.protocols.nado.state.observe import NadoObservation
from analyzer.protocols.nado.state.state import QUOTE, NadoState

DECIMALS = 18
NO_TOKEN = "0x0000000000000000000000000000000000000000"
OWN = (Kind.SYSTEM, Kind.POOL)
"""The protocol's own accounts: listed, and in no book, count or sum."""


def book(
    deployment: Deployment, block: BlockRef, ledger: NadoLedger, observation: NadoObservation
) -> Book:
    """Every account of a user, in the order of the Endpoint's list; the state holds the protocol's
    own ones too.

    Legs: spot amounts, sizes of perps, and in the quote product the cash: its amount and the quote
    of all perps.
    """
    state = rebuild_state(deployment, block, ledger, observation)
    products = state.products()
    assets = [_asset(product) for product in products]
    index = {product.product_id: number for number, product in enumerate(products)}
    users = [account for name, account in state.accounts.items() if kind_of(name) not in OWN]
    legs = ([(index[p], amount) for p, amount in _legs(state, account)] for account in users)
    found = make_book([account.account_id for account in users], assets, legs, state)
    return Book(
        account_ids=found.account_ids,
        owners=[owner_of(account.account_id) for account in users],
        assets=found.assets,
        indptr=found.indptr,
        asset=found.asset,
        amount=found.amount,
        state=state,
    )


def _asset(product: SpotProduct | PerpProduct) -> Asset:
    """One product as an asset."""
    kind = LegKind.COLLATERAL if isinstance(product, SpotProduct) else LegKind.POSITION
    return Asset(product.asset_id, product.symbol, kind, DECIMALS, product.factor)


def _legs(state: NadoState, account: Account) -> list[tuple[int, int]]:
    """(product, amount) of one account; nothing of one that was not read."""
    if account.account_id in state.unreadable:
        return []
    amounts = {p: spot_amount(state.spots[p], n) for p, n in account.spot.items()}
    for product, held in account.perps.items():
        amount, v_quote = perp_now(state.perps[product], held)
        amounts[QUOTE] = amounts.get(QUOTE, 0) + v_quote
        if amount:
            amounts[product] = amount
    return sorted(amounts.items())


def rebuild_state(
    deployment: Deployment, block: BlockRef, ledger: NadoLedger, observation: NadoObservation
) -> NadoState:
    """The venue at the block. Products and accounts of which a word was not read are listed with
    the reason."""
    venue, read, outside = observation.venue, observation.products, observation.outside
    state = NadoState(
        block_number=block.number,
        block_time=block.time,
        contracts=dict(deployment.contracts),
        spots=read.spots,
        perps=read.perps,
        spreads=venue.spreads,
        insurance=venue.insurance,
        last_fees=venue.last_fees,
        spot_time=venue.spot_time,
        perp_time=venue.perp_time,
        submissions=venue.submissions,
        accounts=observation.accounts.accounts,
        pools=venue.pools,
        problems=read.problems,
        unreadable=dict(observation.accounts.problems),
        evidence=Evidence(
            ledger,
            observation.implementations,
            listed=venue.listed,
            engines=venue.engines,
            held=outside.held,
            pending=_scaled(observation),
            builder_fees=outside.builder_fees,
            endpoint_prices=read.endpoint_prices,
        ),
    )
    _name_products(state, deployment, observation)
    _mark_accounts(state)
    compare_with_logs(state)
    return state


def _scaled(observation: NadoObservation) -> dict[int, int] | None:
    """Deposits that wait, in 18 decimals; None where one of them is not known."""
    pending, decimals = observation.outside.pending, observation.outside.decimals
    out = {}
    for product, raw in (pending or {}).items():
        known = decimals.get(product)
        if known is None:
            return None
        out[product] = raw * 10 ** (DECIMALS - known)
    return None if pending is None else out


def _name_products(state: NadoState, deployment: Deployment, observation: NadoObservation) -> None:
    """Ids, names and factors. A spot asset is its token, so that the same token elsewhere is the
    same; a perp has no name on the chain: the pair that it stands in names it."""
    outside, factors = observation.outside, deployment.factors
    tokens = Counter(spot.token for spot in state.spots.values())
    for product, spot in state.spots.items():
        plain = spot.token != NO_TOKEN and tokens[spot.token] == 1
        spot.asset_id = spot.token if plain else f"{product}"
        spot.symbol = outside.symbols.get(product) or f"spot {product}"
        known = outside.decimals.get(product)
        spot.decimals = DECIMALS if known is None else known
        spot.factor = factors.get(str(product)) or factor_of(factors, spot.asset_id, spot.symbol)
    underlying = {perp: spot for spot, perp in reversed(state.spreads)}
    for product, perp in state.perps.items():
        paired = state.spots.get(underlying.get(product, -1))
        perp.symbol = f"perp {product}" if paired is None else f"{paired.symbol}-PERP"
        default = f"perp {product}" if paired is None else paired.factor
        perp.factor = factors.get(perp.asset_id) or factors.get(perp.symbol) or default


def _mark_accounts(state: NadoState) -> None:
    """An account with anything of a product that was not read, or that no engine lists, is not
    known either."""
    for name, account in state.accounts.items():
        for product in (*account.spot, *account.perps):
            problem = state.problems.get(product)
            if problem is None and product not in state.spots and product not in state.perps:
                problem = Unreadable(f"product {product}", "no engine lists it")
            if problem is not None:
                state.unreadable.setdefault(name, problem)
