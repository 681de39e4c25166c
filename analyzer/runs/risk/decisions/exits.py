"""`analyzer risk exits`: what can be withdrawn now, and who is locked if the largest leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analyzer import __version__
from analyzer.documents.decisions import (
    BackstopEntry,
    DecisionRun,
    ExitEntry,
    ExitsDocument,
    LeaverEntry,
    StakeEntry,
)
from analyzer.model.rows import BackstopRow
from analyzer.protocols.decisions import ExitPool
from analyzer.risk.exits import run_on, utilisation
from analyzer.runs.risk.decisions.inputs import Decided, exit_code, open_deployment
from analyzer.runs.risk.decisions.kept import exits_rows, keep
from analyzer.runs.risk.decisions.stakes import load_stakes
from analyzer.store.snapshot import check_replaceable

FIRST = (1, 5, 10, 25)
"""How many of the largest leave, each in turn."""
LISTED = 30
"""Leavers of a pool that are listed."""
ASSUMES = (
    "whoever comes first is paid in full until the pool is empty; here the largest come first",
    "nobody repays, supplies or liquidates meanwhile, and prices stand still",
    "what an account may take out is what its own margin lets go, by the protocol's own rules,"
    " when nothing else of it goes",
)


def exits(
    db: Path, deployment: str, stakes: Path | None = None, out: Path | None = None
) -> ExitsDocument:
    """The pools of one deployment. stakes: a file of backstops with a cooldown. out: the snapshot
    to write with the rows. Raises: InputError."""
    if out is not None:
        check_replaceable(out)
    decided = open_deployment(db, deployment)
    found = decided.decisions.exit_pools()
    staked = () if stakes is None else load_stakes(stakes, found)
    pools = tuple(
        sorted(
            (_pool(decided, pool, staked) for pool in found),
            key=lambda pool: (-_value(pool), pool.symbol),
        )
    )
    scan = decided.scan
    document = ExitsDocument(
        run=DecisionRun(
            __version__, int(exit_code(scan)), db.name, scan.deployment.name, ""
        ),
        pools=pools,
        stakes=staked,
        backstops=tuple(_backstop(row) for row in scan.plug.backstops(scan.valued)),
        sentences=(*_sentences(pools), *map(_stake_sentence, staked)),
        assumes=ASSUMES,
    )  # fmt: skip
    keep(db, out, exits_rows(document, scan.scan_id), {}, [scan.scan_id])
    return document


def _pool(decided: Decided, pool: ExitPool, stakes: tuple[StakeEntry, ...]) -> ExitEntry:
    """One pool, a run on it, and what stands behind it."""
    behind = [one for one in stakes if one.asset_id == pool.asset_id]
    leaving = [(claim.account_id, claim.free) for claim in pool.claims if claim.free]
    run = run_on(leaving, pool.available)
    free = sum(claim.free for claim in pool.claims)
    first = run.paid_in_full
    placed = list(enumerate(run.leavers, start=1))
    listed = [*placed[:LISTED], *placed[max(first, LISTED) : first + LISTED]]
    return ExitEntry(
        asset_id=pool.asset_id,
        symbol=pool.symbol,
        decimals=pool.decimals,
        price_e18=decided.price_e18(pool.asset_id),
        claims=sum(claim.amount for claim in pool.claims),
        free=free,
        available=pool.available,
        lent=pool.lent,
        utilisation=utilisation(pool.lent, pool.available),
        withdrawable=min(free, pool.available),
        holders=len(leaving),
        paid_in_full=first,
        locked=run.locked,
        left_after={str(count): run.after(count) for count in FIRST},
        leavers=tuple(
            LeaverEntry(place, one.account_id, one.wants, one.paid, one.locked)
            for place, one in listed
        ),
        stakes=sum(one.capacity for one in behind) if behind else None,
        stakes_firm=sum(one.capacity - one.leaving for one in behind) if behind else None,
        stakes_delay_s=max(one.delay_s for one in behind) if behind else None,
    )


def _stake_sentence(one: StakeEntry) -> str:
    """What a stake is good for, in words."""
    unit = 10**one.decimals
    firm = (one.capacity - one.leaving) / unit
    return (
        f"Behind {one.symbol} stand {one.capacity / unit:,.2f} of {one.name} ({one.source}): it"
        f" bears losses, pays no withdrawal; {one.leaving / unit:,.2f} are leaving already, the"
        f" other {firm:,.2f} cannot for {one.delay_s / 86_400:g} days."
    )


def _backstop(row: BackstopRow) -> BackstopEntry:
    """One layer; who pays without a bound has no capacity to name."""
    note = row.rule if not row.unlimited else f"without a bound: {row.rule}"
    return BackstopEntry(row.name, row.capacity_e18, note)


def _value(pool: ExitEntry) -> float:
    """What is owed, at the block's price; 0 where it has none."""
    return 0.0 if pool.price_e18 is None else pool.claims / 10**pool.decimals * pool.price_e18


def _sentences(pools: tuple[ExitEntry, ...]) -> Iterator[str]:
    """Pools that cannot pay all, in words; where none is known, that too."""
    if not pools:
        yield "No pool is known from which anybody is paid: who can leave is not told."
        return
    short = [pool for pool in pools if pool.locked]
    for pool in short:
        unit = 10**pool.decimals
        yield (
            f"{pool.symbol}: {pool.available / unit:,.2f} can be paid of {pool.free / unit:,.2f}"
            f" that may leave; the {pool.paid_in_full} largest are paid in full, and"
            f" {pool.locked / unit:,.2f} of the others stay locked."
        )
    if not short:
        yield "Everybody who may leave can be paid now."
