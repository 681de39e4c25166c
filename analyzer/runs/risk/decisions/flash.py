"""`analyzer risk flash`: a jump of prices, minute by minute, over all deployments of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from analyzer import __version__
from analyzer.contagion.batch import cascades
from analyzer.contagion.linear import joined_book
from analyzer.contagion.scenario import parse_shock
from analyzer.documents.clearing import (
    FlashDocument,
    MinuteEntry,
)
from analyzer.documents.decisions import (
    DecisionRun,
)
from analyzer.market.depth.file import NO_DEPTH, load_depth
from analyzer.model.errors import ExitCode, InputError
from analyzer.risk.flash import Minutes, Terms, flash
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.batch_cascades import LEAVES_OUT, impacts_of, owners_part, shocks_of
from analyzer.runs.stress.cascades import curves_for
from analyzer.runs.stress.twins import twin_of

ASSUMES = (
    "the jump stays: no price comes back but for what sales had moved",
    "who waits longest is closed first, whole, by whoever has the capacity; nobody adds collateral",
    *LEAVES_OUT,
)


@dataclass(frozen=True, slots=True)
class FlashOptions:
    """jump: as `--shock` of stress. terms: how the minutes go."""

    db: Path
    jump: str
    terms: Terms
    depth: Path | None = None


def flash_crash(options: FlashOptions) -> FlashDocument:
    """The minutes of a crash. Raises: InputError for wrong input."""
    scans = read_books(options.db, ())
    if not scans:
        raise InputError(f"{options.db} holds no scan")
    file = NO_DEPTH if options.depth is None else load_depth(options.depth)
    if file.pools:
        raise InputError(f"{options.depth} names pools: give curves")
    twins = [twin_of(scan, owners_part(scan)) for scan in scans]
    book, asked = joined_book(
        [linear for linear, _ in twins],
        [nonlinear for _, nonlinear in twins],
        [scan.deployment.name for scan in scans],
    )
    shocks = shocks_of([parse_shock(options.jump)], book.factors)
    if (shocks == 1).all():
        raise InputError(f"--jump {options.jump} moves nothing that anybody holds")
    impacts = impacts_of(book.factors, curves_for(scans, file))
    try:
        found = flash(book, shocks[:, 0], impacts, options.terms, asked)
    except ValueError as error:
        raise InputError(f"a crash in minutes: {error}") from error
    at_once = cascades(book, shocks, impacts, nonlinear=asked)
    moved = [n for n, low in enumerate(found.lowest.tolist()) if low < 1 or shocks[n, 0] > 1]
    names = [book.factors[number] for number in moved]
    whole = not any(scan.caveats for scan in scans) and found.unknown == 0
    terms = options.terms
    document = FlashDocument(
        run=DecisionRun(
            __version__,
            int(ExitCode.CLEAN if whole else ExitCode.NOT_FULLY_READ),
            options.db.name,
            ", ".join(scan.deployment.name for scan in scans),
            "",
        ),
        jump=options.jump,
        depth_left=terms.depth_left,
        recovery_minutes=terms.recovery,
        resilience=terms.resilience,
        capacity_usd=terms.capacity,
        delay_minutes=terms.delay,
        bad_debt_usd=float(found.bad_debt.sum()),
        at_once_usd=float(at_once.bad_debt[0]),
        lasting_usd=found.lasting,
        closed=int(found.closed.sum()),
        unknown=found.unknown,
        lowest={name: float(found.lowest[n]) for name, n in zip(names, moved, strict=True)},
        minutes=tuple(_minutes(found, names, moved)),
        sentences=(),
        assumes=ASSUMES,
    )
    return _told(document)


def _minutes(found: Minutes, names: list[str], moved: list[int]) -> Iterator[MinuteEntry]:
    """Every minute."""
    for minute in range(len(found.closed)):
        yield MinuteEntry(
            minute=minute,
            prices={
                name: float(found.market[minute, n]) for name, n in zip(names, moved, strict=True)
            },
            closed=int(found.closed[minute]),
            notional_usd=float(found.notional[minute]),
            bad_debt_usd=float(found.bad_debt[minute]),
            waiting=int(found.waiting[minute]),
        )


def _told(document: FlashDocument) -> FlashDocument:
    """The document with its sentences."""
    busy = [one.minute for one in document.minutes if one.closed]
    waiting = document.minutes[-1].waiting
    sentences = [
        f"{document.closed:,} accounts are closed"
        + (f", from minute {busy[0]} to {busy[-1]}" if busy else "")
        + f"; they lack {document.bad_debt_usd:,.0f}, in one go it would be"
        f" {document.at_once_usd:,.0f}."
    ]
    if document.lowest:
        worst = min(document.lowest, key=lambda name: document.lowest[name])
        sentences.append(
            f"The lowest price is {worst}'s: {document.lowest[worst] - 1:+.1%} of the block's."
        )
    if waiting:
        sentences.append(
            f"At the end {waiting:,} accounts still wait, and lack {document.lasting_usd:,.0f}."
        )
    return replace(document, sentences=tuple(sentences))
