"""What logs cannot give, read at the pinned block: prices, parameters, storage, implementations.

No read here is one that `truth` uses as a judge: getters of parameters and tokens, the pool, the
feeds, and storage words.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import FEED_ROLE, ImplementationRow
from analyzer.protocols.kit.wiring import check_wiring
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER, NAMED_BY, REQUIRED_CONTRACTS
from analyzer.protocols.perp_v2.logs.fold.ledger import PerpLedger
from analyzer.protocols.perp_v2.state.observe.code import BASE_TOKEN_ROLE, read_implementations
from analyzer.protocols.perp_v2.state.observe.feeds import FeedFacts, read_feeds
from analyzer.protocols.perp_v2.state.observe.markets import MarketReading, read_markets
from analyzer.protocols.perp_v2.state.observe.schedule import Schedule, read_schedule
from analyzer.protocols.perp_v2.state.observe.storage import AccountWords, read_accounts
from analyzer.protocols.perp_v2.state.state import POOL_AVERAGE, CollateralState, MarketState

__all__ = ["PerpObservation", "observe"]


@dataclass(slots=True)
class PerpObservation:
    """Everything that was read at the block."""

    schedule: Schedule
    markets: dict[str, MarketReading]
    accounts: dict[str, AccountWords]
    implementations: list[ImplementationRow]


def observe(
    deployment: Deployment, ledger: PerpLedger, block: BlockRef
) -> Reading[PerpObservation]:
    """The reads in dependent batches; the driver performs them.

    Raises: InputError as `check_wiring`; InputError, UnreadError as `read_schedule`.
    """
    yield from check_wiring(ABI_FOLDER, NAMED_BY, deployment.contracts)
    schedule = yield from read_schedule(deployment, ledger)
    markets = yield from read_markets(
        deployment, ledger, block, config=schedule.config, quote_token=schedule.quote_token
    )
    holders: list[MarketState | CollateralState] = [m.state for m in markets.values()]
    holders += schedule.collateral.values()
    feeds = list(dict.fromkeys(holder.feed for holder in holders if holder.feed))
    facts = (yield from read_feeds(feeds)) if feeds else {}
    for holder in holders:
        known = facts.get(holder.feed, FeedFacts())
        holder.feed_time, holder.feed_timeout_s = known.time, known.timeout_s
        holder.feed_frozen_reason = known.frozen_reason
        holder.feed_source = POOL_AVERAGE if known.fallback else known.source
    entries = ledger.with_fund(deployment.contracts["insurance_fund"])
    accounts = yield from read_accounts(deployment.contracts, entries, schedule.settlement_token)
    named = [(role, deployment.contracts[role]) for role in REQUIRED_CONTRACTS]
    named += [(f"{BASE_TOKEN_ROLE} {m.state.symbol}", base) for base, m in markets.items()]
    for holder in holders:
        if holder.feed:
            parts = (holder.feed, *facts.get(holder.feed, FeedFacts()).parts)
            named += [
                (f"{FEED_ROLE} {holder.symbol}{f' part {n}' if n else ''}", at)
                for n, at in enumerate(parts)
            ]
    implementations = yield from read_implementations(named, ledger.implementations)
    return PerpObservation(schedule, markets, accounts, implementations)
