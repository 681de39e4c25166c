"""What logs cannot give, read at the pinned block: revision, data words, prices, categories.

No read here is one that `truth` uses as a judge, and none is about an account, but for the
percentage of a debt's discount.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger
from analyzer.protocols.aave_v3.state.observe.categories import read_categories
from analyzer.protocols.aave_v3.state.observe.code import code_contracts, read_code
from analyzer.protocols.aave_v3.state.observe.discounts import Discounts, read_discounts
from analyzer.protocols.aave_v3.state.observe.listed import read_listed
from analyzer.protocols.aave_v3.state.observe.market import MarketFacts, read_market
from analyzer.protocols.aave_v3.state.observe.reserves import ReservesRead, read_ages, read_reserves
from analyzer.protocols.aave_v3.state.state import Category
from analyzer.protocols.kit.unreadable import Unreadable

__all__ = ["AaveObservation", "observe"]


@dataclass(slots=True)
class AaveObservation:
    """Everything that was read at the block. listed: assets of the Pool's reserves, None when not
    read."""

    market: MarketFacts
    reserves: ReservesRead
    categories: dict[int, Category | Unreadable]
    discounts: Discounts
    implementations: list[ImplementationRow]
    listed: tuple[str, ...] | None = None


def observe(
    deployment: Deployment, ledger: AaveLedger, block: BlockRef
) -> Reading[AaveObservation]:
    """The reads in dependent batches; the driver performs them.

    Raises: InputError, UnreadError as `read_market`.
    """
    contracts = deployment.contracts
    market = yield from read_market(contracts, ledger.first_release)
    assets = [asset for asset in ledger.ids if asset]
    reserves = yield from read_reserves(contracts["pool"], assets, market, block)
    yield from read_ages(reserves.reserves, block.time)
    listed = yield from read_listed(contracts["pool"])
    chosen = {account.emode for account in ledger.accounts.values() if account.emode}
    categories = yield from read_categories(contracts["pool"], ledger.categories | chosen, market)
    discounts = yield from read_discounts(market.rules, reserves.reserves, ledger.accounts)
    code = code_contracts(deployment, ledger, market, reserves.reserves)
    implementations = yield from read_code(market.rules, code)
    return AaveObservation(market, reserves, categories, discounts, implementations, listed)
