"""The pinned reads: slots of the contracts, and of tokens what they hold. No judge is asked.

Perp balances, prices, the list of accounts, insurance and socialised losses change without a log,
so that slots are the source of the book.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.kit.wiring import check_wiring
from analyzer.protocols.nado.deployments import ABI_FOLDER, NAMED_BY
from analyzer.protocols.nado.logs.ledger import NadoLedger
from analyzer.protocols.nado.state.observe.accounts import ReadAccounts, read_accounts
from analyzer.protocols.nado.state.observe.code import read_implementations
from analyzer.protocols.nado.state.observe.outside import Outside, read_outside
from analyzer.protocols.nado.state.observe.products import ReadProducts, read_products
from analyzer.protocols.nado.state.observe.venue import Venue, read_venue

__all__ = ["NadoObservation", "observe"]


@dataclass(slots=True)
class NadoObservation:
    """Everything that was read at the block."""

    venue: Venue
    products: ReadProducts
    accounts: ReadAccounts
    outside: Outside
    implementations: list[ImplementationRow]


def observe(
    deployment: Deployment, ledger: NadoLedger, block: BlockRef
) -> Reading[NadoObservation]:
    """The reads in dependent batches; the driver performs them, pinned at `block`.

    Raises: UnreadError when the block's state was not recorded or cannot be read, InputError when
    the contracts do not answer like Nado's, or belong to different venues.
    """
    del block
    yield from check_wiring(ABI_FOLDER, NAMED_BY, deployment.contracts)
    venue = yield from read_venue(deployment)
    products = yield from read_products(deployment, venue)
    accounts = yield from read_accounts(deployment, venue)
    outside = yield from read_outside(deployment, venue, products, ledger)
    implementations = yield from read_implementations(deployment, ledger, venue.liquidator)
    return NadoObservation(venue, products, accounts, outside, implementations)
