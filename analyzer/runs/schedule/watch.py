"""`watch`: follows the head and scans again and again; a node that is away is waited for.

    head - confirmations ──▶ due? ──▶ scan ──▶ snapshot (replaced as a whole) ──▶ metrics, alerts
                              ▲         │
          is the scanned block still there?  a failure is counted, named and waited out

What was scanned is in the snapshot itself, so that a watch that was killed goes on from it. A
block that left the chain is noticed by its hash, whether or not a new one is due: its scan is made
again, and the index rolls its logs back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from analyzer.chain.base import Progress
from analyzer.model.block import BlockRef
from analyzer.model.errors import AnalyzerError, InputError
from analyzer.report.metrics import Place
from analyzer.runs.scanning.freshness import check_head
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan
from analyzer.runs.scanning.sources import open_source
from analyzer.store.snapshot import open_snapshot

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
"""A node that is away is asked again after 2, 4, 8 ... seconds, and then every five minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What to watch and how closely.

    scan: what every scan does; its `block` is not used. confirmations: blocks between the head
    and the scanned one. every: blocks between two scans. poll_s: seconds between two looks at the
    head. stale_s: without a scan for so long the watch is unhealthy. times: stop after so many
    scans; None = never.
    """

    scan: ScanOptions
    confirmations: int = 12
    every: int = 1
    poll_s: float = 12.0
    stale_s: float = 3_600.0
    times: int | None = None


@dataclass(slots=True)
class WatchState:
    """What the watch knows of itself; metrics and `/health` are made from it.

    head: newest block number that was seen. looked_at: when the node last answered; head_since:
    when its newest block was first seen, both 0 = not yet: a chain that stands, or a node that is
    stuck, is asked in vain, and a watch that is dead asks nothing. scanned: the block of the
    snapshot in place. last_scan_at: when that scan ended, by the clock; 0 = not yet by this
    process. places: of its deployments. outcome: of the newest scan of this process. failures:
    since the last success; error:
    the last one, one line.
    """

    started_at: float
    head: int | None = None
    head_hash: str = ""
    looked_at: float = 0.0
    head_since: float = 0.0
    scanned: BlockRef | None = None
    last_scan_at: float = 0.0
    last_scan_s: float = 0.0
    scans: int = 0
    reorgs: int = 0
    reorg_depth: int = 0
    failures: int = 0
    failures_total: int = 0
    error: str = ""
    places: tuple[Place, ...] = ()
    outcome: ScanOutcome | None = field(default=None, repr=False)

    def is_fresh(self, now: float, stale_s: float) -> bool:
        """Whether a scan has ended within the limit (a new watch has that long for its first)."""
        return now - max(self.last_scan_at, self.started_at) <= stale_s

    def why_stale(self, now: float, stale_s: float) -> str:
        """Why no scan has ended within the limit, in words; empty = one has. It tells a chain that
        stands from a node that does not answer and from blocks that are not due yet."""
        if self.is_fresh(now, stale_s):
            return ""
        if self.error:
            return self.error
        if not self.looked_at or now - self.looked_at > stale_s:
            return "no node has answered"
        asked = f"the node answered {now - self.looked_at:.0f} s ago"
        if now - self.head_since > stale_s:
            stands = f"its newest block has been {self.head} for {now - self.head_since:.0f} s"
            return f"{asked}, and {stands}: the chain stands, or the node is stuck"
        return f"{asked}, and no block has been due"


class Head(Protocol):
    """How the watch sees the chain without scanning."""

    def __call__(self, number: int | None) -> tuple[BlockRef, BlockRef | None]:
        """(the newest block, the block of that number now; None for none asked)."""
        ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the watch needs of the world; tests give their own.

    now: seconds. wait: waits so long, or less when the watch is to end; whether it is to end.
    say: one line for people. scanned: called after each scan with its state; looked: after each
    look at which none was due. scan, head: the work.
    """

    now: Callable[[], float]
    wait: Callable[[float], bool]
    say: Callable[[str], None]
    scanned: Callable[[WatchState], None]
    head: Head
    scan: Callable[[ScanOptions], ScanOutcome]
    looked: Callable[[WatchState], None] = lambda _state: None


def live_head(options: ScanOptions) -> Head:
    """Asks the endpoints of `options`; every look opens them anew, so that a node which was away
    is no reason to stay away."""

    def look(number: int | None) -> tuple[BlockRef, BlockRef | None]:
        with open_source(
            rpc=options.rpc, recording=None, deployments=options.deployments
        ) as source:
            newest = source.chain.resolve("latest")
            check_head(source, "latest", newest, options.max_age)
            if number is None or number > newest.number:
                return newest, None
            return newest, source.chain.headers([number])[0]

    return look


def live_scan(progress: Progress) -> Callable[[ScanOptions], ScanOutcome]:
    """The scan that `analyzer scan` makes."""
    return lambda options: scan(options, progress)


def watch(options: WatchOptions, hooks: Hooks, state: WatchState) -> WatchState:
    """Looks and scans until `hooks.wait` says that it is over, or `times` scans are made.

    Raises: InputError when the very first look or scan says that the input is wrong; later
    failures, wrong input included, are waited out: a deployment does not become wrong by itself,
    but a node behind the wrong load balancer does.
    """
    if options.confirmations < 0 or options.every < 1:
        raise InputError("--confirmations is at least 0 and --every at least 1")
    state.scanned = _resumed(options.scan)
    if state.scanned is not None:
        hooks.say(f"goes on after block {state.scanned.number}")
    pause = FIRST_WAIT_S
    while True:
        try:
            looked = _look(options, hooks, state)
            pause = FIRST_WAIT_S
        except AnalyzerError as error:
            if isinstance(error, InputError) and not state.scans and not state.failures_total:
                raise
            _failed(state, hooks, error, pause)
            if hooks.wait(pause):
                return state
            pause = min(pause * 2, LONGEST_WAIT_S)
            continue
        if options.times is not None and state.scans >= options.times:
            return state
        if not looked and hooks.wait(options.poll_s):
            return state


def _resumed(options: ScanOptions) -> BlockRef | None:
    """The block of the snapshot that is in place; None when there is none yet.

    Raises: InputError for a file that is not ours.
    """
    if not options.db.exists():
        return None
    with open_snapshot(options.db) as snapshot:
        _, rows = snapshot.query(
            "SELECT block_number, block_hash, block_time FROM scans ORDER BY 1 LIMIT 1"
        )
    if not rows:
        return None
    number, block_hash, time = rows[0]
    return BlockRef(int(number), str(block_hash), "", int(time))


def _look(options: WatchOptions, hooks: Hooks, state: WatchState) -> bool:
    """One look at the chain, and a scan when one is due; whether there was a scan."""
    before = state.scanned
    newest, now_there = hooks.head(None if before is None else before.number)
    _seen(state, newest, hooks.now())
    gone = before is not None and (now_there is None or now_there.hash != before.hash)
    target = newest.number - options.confirmations
    if target < 0:
        hooks.looked(state)
        return False
    if before is not None and not gone and target < before.number + options.every:
        state.failures, state.error = 0, ""
        hooks.looked(state)
        return False
    if gone and before is not None:
        state.reorgs += 1
        state.reorg_depth = max(newest.number - before.number, 0)
        hooks.say(f"block {before.number} has left the chain: its scan is made again")
    begun = hooks.now()
    outcome = hooks.scan(replace(options.scan, block=str(target), read_again_daily=True))
    state.outcome = outcome
    state.scanned = outcome.results[0].block
    state.scans += 1
    state.failures, state.error = 0, ""
    state.last_scan_at = hooks.now()
    state.last_scan_s = state.last_scan_at - begun
    hooks.scanned(state)
    return True


def _seen(state: WatchState, newest: BlockRef, now: float) -> None:
    """Notes that the node answered, and since when this has been its newest block."""
    if newest.hash != state.head_hash:
        state.head_since = now
    state.head, state.head_hash, state.looked_at = newest.number, newest.hash, now


def _failed(state: WatchState, hooks: Hooks, error: AnalyzerError, pause: float) -> None:
    """Counts a failure and says it, once for each kind of text in a row."""
    text = " ".join(str(error).split())
    if text != state.error:
        hooks.say(f"{text}; the last snapshot stays, next try in {pause:.0f} s")
    state.error = text
    state.failures += 1
    state.failures_total += 1
