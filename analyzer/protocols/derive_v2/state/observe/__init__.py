"""What logs cannot give, read at the pinned block: parameters, heartbeats, wiring, cash totals.

No read here is one that `truth` uses as a judge: getters of stored parameters and totals only,
nothing that computes a margin, a price or a balance.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.derive_v2.deployments import ABI_FOLDER, NAMED_BY
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.feeds import Feeds
from analyzer.protocols.derive_v2.records.parameters import PortfolioManager, StandardManager
from analyzer.protocols.derive_v2.records.perps import PerpMarket
from analyzer.protocols.derive_v2.state.observe.code import read_implementations
from analyzer.protocols.derive_v2.state.observe.feeds import read_feeds
from analyzer.protocols.derive_v2.state.observe.perps import read_options, read_perps
from analyzer.protocols.derive_v2.state.observe.pmrm import read_portfolio_managers
from analyzer.protocols.derive_v2.state.observe.positions import read_total_positions
from analyzer.protocols.derive_v2.state.observe.schedule import Schedule, read_schedule
from analyzer.protocols.derive_v2.state.observe.srm import read_standard_manager
from analyzer.protocols.derive_v2.state.observe.whole import MustExist, read_whole
from analyzer.protocols.kit.wiring import check_wiring

__all__ = ["DeriveObservation", "observe"]


@dataclass(slots=True)
class DeriveObservation:
    """Everything that was read at the block, with the ledger's signed data filled in."""

    schedule: Schedule
    feeds: Feeds
    srm: StandardManager
    pmrms: dict[str, PortfolioManager]
    perps: dict[str, PerpMarket]
    options: dict[str, str]
    implementations: list[ImplementationRow]
    total_positions: dict[tuple[str, str], int | None]
    must_exist: MustExist


def observe(
    deployment: Deployment, ledger: DeriveLedger, block: BlockRef
) -> Reading[DeriveObservation]:
    """The reads in dependent batches; the driver performs them, pinned at `block`, and no rule of
    the rebuild needs the block itself.

    Raises: UnreadError when the block's state was not recorded or cannot be read, InputError when
    the contracts do not answer like Derive V2's, or belong to different markets.
    """
    yield from check_wiring(ABI_FOLDER, NAMED_BY, deployment.contracts)
    schedule = yield from read_schedule(deployment, ledger)
    feeds = yield from read_feeds(deployment, ledger)
    perps = yield from read_perps(deployment, ledger)
    options = yield from read_options(deployment)
    srm = yield from read_standard_manager(deployment, ledger)
    pmrms = yield from read_portfolio_managers(deployment, ledger)
    implementations = yield from read_implementations(deployment, ledger.upgraded)
    positions = yield from read_total_positions(deployment)
    must_exist = yield from read_whole(deployment, len(srm.markets), perps, feeds)
    return DeriveObservation(
        schedule, feeds, srm, pmrms, perps, options, implementations, positions, must_exist
    )
