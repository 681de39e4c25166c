"""`analyzer risk importance`: who matters to all deployments together, and who holds the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.clearing import ImportanceDocument, ImportanceEntry, OverlapEntry
from analyzer.documents.decisions import DecisionRun
from analyzer.market.history import Floats
from analyzer.model.errors import ExitCode, InputError
from analyzer.risk.protocol_var import broad_downturn
from analyzer.runs.risk.decisions.kept import importance_rows, keep
from analyzer.runs.risk.decisions.owners import (
    Mattering,
    dollars_by_factor,
    gross_by_owner,
    likeness,
    owners_that_matter,
)
from analyzer.runs.risk.inputs import Opened, RiskOptions, open_risk
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.batch_cascades import LEAVES_OUT

NAMED, PLAYERS = 10, 6
"""Owners that are left out one by one, and those among whom Shapley values are told."""
DRAWS = 200
"""Broad downturns that a rescue is run over."""
ASSUMES = (
    "a rescued owner holds nothing in any deployment: it neither fails nor sells",
    "leave-one-out counts what several cause together for each of them, Shapley once; both are"
    " causal within the model, over the same draws",
    "likeness is of dollars by factor at the block's prices, without sign",
)


@dataclass(frozen=True, slots=True)
class ImportanceOptions:
    """Whose, on which days. deployments: none = all of the snapshot. out: the snapshot to write."""

    db: Path
    returns: Path
    deployments: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    market: str | None = None
    depth: Path | None = None
    seed: int = 0
    out: Path | None = None


def importance(options: ImportanceOptions, progress: Progress) -> ImportanceDocument:
    """The owners of all deployments together. Raises: InputError."""
    progress("importance", 0, 1)
    scans = read_books(options.db, options.deployments)
    if not scans:
        raise InputError(f"{options.db} holds no scan")
    asked = RiskOptions(
        options.db, "protocol", scans[0].deployment.name, options.returns, still=options.still,
        market=options.market, depth=options.depth, out=options.out, seed=options.seed,
    )  # fmt: skip
    opened = open_risk(asked, scans)
    if opened.days.missing:
        missing = ",".join(opened.days.missing)
        raise InputError(
            f"{options.returns} has no prices of {missing}: give them, or say --still {missing}"
        )
    days = opened.days
    moves = broad_downturn(days.values, days.number(opened.market), DRAWS, options.seed)
    found = owners_that_matter(opened, moves, NAMED, PLAYERS)
    owners, overlaps = _owners(opened, found), tuple(_overlaps(opened))
    unknown = int(opened.book.unknown.sum())
    code = (
        ExitCode.NOT_FULLY_READ
        if unknown or any(scan.caveats for scan in scans)
        else ExitCode.CLEAN
    )
    names = ", ".join(scan.deployment.name for scan in scans)
    document = ImportanceDocument(
        run=DecisionRun(__version__, int(code), options.db.name, names, ""),
        source=options.returns.name,
        bad_debt_usd=found.base,
        rescued_usd=found.floor,
        owners=owners,
        overlaps=overlaps,
        draws=moves.shape[1],
        unknown=unknown,
        sentences=tuple(_sentences(found, owners, overlaps)),
        assumes=(*ASSUMES, *LEAVES_OUT),
    )
    scan_ids = [scan.scan_id for scan in scans]
    rows = importance_rows(document, scan_ids)
    keep(options.db, options.out, rows, {"history": document.source}, scan_ids)
    progress("importance", 1, 1)
    return document


def _owners(opened: Opened, found: Mattering) -> tuple[ImportanceEntry, ...]:
    """Those who were left out, and who of them is most like each."""
    book = opened.book
    gross = gross_by_owner(opened)
    held = dollars_by_factor(opened, book.owner, len(book.owner_names))
    made = []
    for owner, saved in found.saved.items():
        like, nearest = _nearest(book.owner_names, held, owner, list(found.saved))
        made.append(
            ImportanceEntry(
                owner=book.owner_names[owner],
                gross_usd=float(gross[owner]),
                saved_usd=saved,
                shapley_usd=found.shapley.get(owner),
                deployments=_places(opened, owner),
                nearest_owner=nearest,
                overlap=like,
            )
        )
    return tuple(made)


def _places(opened: Opened, owner: int) -> tuple[str, ...]:
    """The deployments in which it has accounts."""
    book = opened.book
    rows = np.flatnonzero(book.owner == owner).tolist()
    return tuple(sorted({book.account_ids[row].partition("/")[0] for row in rows}))


def _nearest(
    names: Sequence[str], held: Floats, owner: int, among: Sequence[int]
) -> tuple[float | None, str]:
    """(how like, who) of those named who is most like it; ties: the first name."""
    others = [(likeness(held[owner], held[other]), other) for other in among if other != owner]
    if not others:
        return None, ""
    like, other = min(others, key=lambda one: (-one[0], names[one[1]]))
    return like, names[other]


def _overlaps(opened: Opened) -> Iterator[OverlapEntry]:
    """Every two deployments."""
    book, names = opened.book, [scan.deployment.name for scan in opened.scans]
    place = {name: number for number, name in enumerate(names)}
    group = np.array([place[key.partition("/")[0]] for key in book.account_ids], dtype=np.int64)
    held = dollars_by_factor(opened, group, len(names))
    owners = [set(book.owner[group == number].tolist()) for number in range(len(names))]
    for one, other in combinations(range(len(names)), 2):
        both = np.flatnonzero((held[one] > 0) & (held[other] > 0)).tolist()
        yield OverlapEntry(
            first=names[one],
            second=names[other],
            overlap=likeness(held[one], held[other]),
            factors=tuple(book.factors[number] for number in both),
            owners=len(owners[one] & owners[other]),
        )


def _sentences(
    found: Mattering, owners: Sequence[ImportanceEntry], overlaps: Sequence[OverlapEntry]
) -> Iterator[str]:
    """What matters, in words."""
    if not found.base:
        yield "No broad downturn of the draws leaves bad debt: nobody's rescue saves anything."
    elif owners and owners[0].saved_usd > 0:
        first = owners[0]
        shared = found.base - found.floor
        yield (
            f"Of {found.base:,.0f} of mean bad debt {first.saved_usd:,.0f} goes with"
            f" {first.owner} alone; those with a Shapley value share {shared:,.0f}."
        )
    else:
        yield f"No single owner's rescue saves anything of {found.base:,.0f} of mean bad debt."
    for one in overlaps:
        yield (
            f"{one.first} and {one.second}: likeness {one.overlap:.2f},"
            f" {len(one.factors)} factor{'' if len(one.factors) == 1 else 's'} and {one.owners:,}"
            f" owner{'' if one.owners == 1 else 's'} in common."
        )
