"""From events and pinned reads to a scan's result: every stage of the plug, in order.

events ─▶ fold ─▶ observe ─▶ book ─▶ prices ─▶ value ─▶ margin ─▶ verdicts ─▶ details ─▶ judges
                 (reads)                                                                 (compare)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from analyzer.chain.base import Chain, Progress
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.deployment import Deployment
from analyzer.model.identity import scan_id
from analyzer.model.logs import Event
from analyzer.model.rows import JudgedRow
from analyzer.protocols.base import Ledger, Plug, Valued
from analyzer.solvency.drive import JUDGE, CountedReads
from analyzer.solvency.result import Completeness, ScanResult
from analyzer.solvency.verdicts import judge_accounts, within_bounds
from analyzer.solvency.verify import VerifyMode, accounts_to_verify, compare, with_verified

STAGES = 5
"""Steps of a rebuild, for its progress."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A scan's result before any judge was asked, the book valued, and the counted reads at its
    block."""

    result: ScanResult
    valued: Valued
    reads: CountedReads


def rebuild(
    plug: Plug,
    deployment: Deployment,
    *,
    chain: Chain,
    block: BlockRef,
    events: Iterable[Event],
    completeness: Completeness,
    progress: Progress,
) -> Rebuilt:
    """Rebuilds every account of `deployment` at `block`; asks no judge.

    `events`: all events up to the block, in (block, log index) order.
    Raises: UnreadError when the block has no state; ValueError when the plug breaks an identity.
    """
    progress("fold the events", 0, STAGES)
    reads = CountedReads(chain, block)
    ledger = reads.drive(plug.fold(deployment, events))
    return rebuild_folded(
        plug,
        deployment,
        ledger,
        reads,
        block=block,
        completeness=completeness,
        progress=progress,
    )


def rebuild_folded(
    plug: Plug,
    deployment: Deployment,
    ledger: Ledger,
    reads: CountedReads,
    *,
    block: BlockRef,
    completeness: Completeness,
    progress: Progress,
) -> Rebuilt:
    """The same from the ledger of all events, with the reads that its fold asked."""
    progress("read the block's state", 1, STAGES)
    observation = reads.drive(plug.observe(deployment, ledger, block))
    progress("rebuild the book", 2, STAGES)
    book = plug.book(deployment, block, ledger, observation)
    progress("compute margin", 3, STAGES)
    result, valued = judge_book(
        plug, deployment, block=block, book=book, completeness=completeness, progress=progress
    )
    progress("rebuilt", STAGES, STAGES)
    return Rebuilt(replace(result, reads=reads.rows()), valued, reads)


def judge_book(
    plug: Plug,
    deployment: Deployment,
    *,
    block: BlockRef,
    book: Book,
    completeness: Completeness,
    progress: Progress,
) -> tuple[ScanResult, Valued]:
    """(the result of a book that is there, before any judge is asked; the book valued).

    Raises: ValueError when the plug breaks an identity.
    """
    prices = plug.prices(book)
    valued = plug.value(book, prices)
    margin = within_bounds(plug.margin(valued))
    judged = judge_accounts(margin)
    progress("write the statements", 4, STAGES)
    details = plug.details(valued)
    result = ScanResult(
        scan_id=scan_id(deployment, block.hash, plug.methodology),
        deployment=deployment,
        block=block,
        methodology=plug.methodology,
        book=book,
        prices=prices,
        margin=judged,
        details=details,
        backstops=plug.backstops(valued),
        cautions=plug.cautions(valued, margin),
        completeness=completeness,
        verify_mode=VerifyMode.NONE.value,
        own=judge_accounts(within_bounds(details.own)),
    )
    return result, valued


def verify(plug: Plug, rebuilt: Rebuilt, mode: VerifyMode, *, seed: int = 0) -> ScanResult:
    """The result with its comparisons: the accounts of `mode`, and the deployment's own views.

    Nothing of the rebuild changes but `verified`. With `none` no judge is asked. Over code that is
    not known nothing is verified unless every view of every account was compared and is equal.
    """
    result = replace(rebuilt.result, verify_mode=mode.value)
    if mode is VerifyMode.NONE:
        return result
    accounts = accounts_to_verify(result.margin, mode, seed=seed)
    asked = [*accounts, *(row.margin.account_id for row in result.own)]
    rows = [row.margin for row in (*result.margin, *result.own)]
    judges = plug.truth(rebuilt.valued, rows, asked)
    answers = rebuilt.reads.ask([judge.request for judge in judges], purpose=JUDGE)
    checks = compare(judges, answers)
    result = replace(
        result,
        margin=with_verified(result.margin, checks),
        own=with_verified(result.own, checks),
        checks=checks,
        verified_accounts=len(accounts),
        reads=rebuilt.reads.rows(),
    )
    if not result.unproven_code:
        return result
    unproven = _without_proof(result.margin), _without_proof(result.own)
    return replace(result, margin=unproven[0], own=unproven[1])


def _without_proof(rows: Sequence[JudgedRow]) -> list[JudgedRow]:
    """The rows of a deployment whose code is not known and whose views do not all agree: what
    was equal is not verified by that, what differs stays so."""
    return [replace(row, verified=None) if row.verified else row for row in rows]
