"""`analyzer risk clearing`: the fund against owners who fail together, and on whom all hangs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzer import __version__
from analyzer.chain.base import Progress
from analyzer.documents.clearing import (
    ClearingDocument,
    CoverEntry,
    OwnerEntry,
    ShareEntry,
    WinnersEntry,
)
from analyzer.documents.decisions import (
    DecisionRun,
)
from analyzer.market.history import Floats
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.integers import WAD
from analyzer.risk.clearing import Covers, covers
from analyzer.risk.protocol_var import BROKEN, DOWNTURN, broad_downturn, broken_correlation
from analyzer.risk.winners import by_rule, winners
from analyzer.runs.risk.decisions.keepers import keeper_share
from analyzer.runs.risk.decisions.kept import clearing_rows, keep
from analyzer.runs.risk.decisions.owners import gross_by_owner, owners_that_matter
from analyzer.runs.risk.inputs import Opened, RiskOptions, open_risk
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import bounded_capacity_e18, bounded_layers
from analyzer.runs.stress.batch_cascades import LEAVES_OUT, impacts_of

NAMED, PLAYERS = 10, 6
"""Owners that are left out one by one, and those among whom Shapley values are told."""
DRAWS, FEW = 2_000, 200
"""Draws of a class; and those that a rescue is run over."""


@dataclass(frozen=True, slots=True)
class ClearingOptions:
    """Whose, on which days. out: the snapshot to write with the rows. index: whose closures tell
    the keepers; None = the one beside the snapshot, if there is one."""

    db: Path
    deployment: str
    returns: Path
    still: tuple[str, ...] = ()
    market: str | None = None
    seed: int = 0
    out: Path | None = None
    index: Path | None = None


def clearing(options: ClearingOptions, progress: Progress) -> ClearingDocument:
    """The clearing risk of one deployment. Raises: InputError."""
    progress("clearing", 0, 1)
    [scan] = read_books(options.db, (options.deployment,))
    opened = _opened(options, scan)
    rows = scan.plug.backstops(scan.valued)
    capacity = bounded_capacity_e18(rows)
    fund = None if capacity is None else max(capacity, 0) / WAD
    days, seed = opened.days, options.seed
    market = days.number(opened.market)
    sets = {
        "all days of the history": days.values.T,
        DOWNTURN: broad_downturn(days.values, market, DRAWS, seed),
        BROKEN: broken_correlation(days.values, DRAWS, seed),
    }
    impacts = impacts_of(opened.book.factors, opened.chosen)
    try:
        found = {
            name: covers(opened.book, moves, impacts, fund, opened.asked)
            for name, moves in sets.items()
        }
    except ValueError as error:
        raise InputError(f"{options.deployment}: {error}") from error
    entries = tuple(_cover(name, one, fund) for name, one in found.items())
    owners = _owners(opened, sets[DOWNTURN][:, :FEW])
    interest = _open_interest(scan)
    code = ExitCode.NOT_FULLY_READ if scan.caveats or capacity is None else ExitCode.CLEAN
    shares, untold = _shares(scan, opened, options)
    document = ClearingDocument(
        run=DecisionRun(__version__, int(code), options.db.name, scan.deployment.name, ""),
        source=options.returns.name,
        fund_e18=capacity,
        open_interest_usd=interest,
        fund_to_open_interest=None if fund is None or not interest else fund / interest,
        covers=entries,
        shares=shares,
        owners=owners,
        winners=tuple(_winners(opened, sets, found, fund)),
        draws=FEW,
        sentences=(*_sentences(entries, fund, owners), *untold),
        assumes=LEAVES_OUT,
    )
    keep(options.db, options.out, clearing_rows(document, scan.scan_id), {}, [scan.scan_id])
    progress("clearing", 1, 1)
    return document


def _opened(options: ClearingOptions, scan: ScanBook) -> Opened:
    """The deployment alone. Raises: InputError, also where somebody holds what has no prices."""
    held = {asset.factor for asset in scan.book.assets}
    asked = RiskOptions(
        options.db, "protocol", scan.deployment.name, options.returns,
        still=tuple(factor for factor in options.still if factor in held),
        market=options.market, out=options.out, seed=options.seed,
    )  # fmt: skip
    opened = open_risk(asked, [scan])
    if opened.days.missing:
        missing = ",".join(opened.days.missing)
        raise InputError(
            f"{options.returns} has no prices of {missing}: give them, or say --still {missing}"
        )
    return opened


def _cover(name: str, found: Covers, fund: float | None) -> CoverEntry:
    """One set of scenarios in a document."""
    return CoverEntry(
        scenarios=name,
        cover_1_usd=found.cover_1,
        cover_2_usd=found.cover_2,
        cover_owners=found.cover_owners,
        covered_1=None if fund is None else found.cover_1 <= fund,
        covered_2=None if fund is None else found.cover_2 <= fund,
        worst_usd=found.worst,
        mean_usd=found.mean,
        exhausted=found.exhausted,
        error=found.error,
        count=found.scenarios,
        unknown=found.unknown,
    )


def _winners(
    opened: Opened, sets: Mapping[str, Floats], found: Mapping[str, Covers], fund: float | None
) -> Iterator[WinnersEntry]:
    """Rule by rule, of each set that exceeds the fund in its worst scenario."""
    book = opened.book
    for name, one in found.items():
        gap = one.worst - (fund or 0.0)
        if gap <= 0:
            continue
        for paid in by_rule(gap, *winners(book, sets[name][:, one.worst_at])):
            owner = "" if paid.largest < 0 else book.owner_names[int(book.owner[paid.largest])]
            yield WinnersEntry(
                name, paid.rule, gap, paid.paid, paid.payers, owner, paid.most, paid.moved
            )


def _open_interest(scan: ScanBook) -> float:
    """Shorts or debts of all markets at their reference prices."""
    total = 0
    for row in scan.plug.details(scan.valued).markets:
        if row.open_interest_short_e18 is not None and row.reference_price_e18 is not None:
            total += row.open_interest_short_e18 * row.reference_price_e18 // WAD
    return total / WAD


def _shares(
    scan: ScanBook, opened: Opened, options: ClearingOptions
) -> tuple[tuple[ShareEntry, ...], tuple[str, ...]]:
    """(the largest of each kind, why one is not told)."""
    keeper, untold = keeper_share(scan, options.db, options.index)
    found = [*_held(scan, opened), *([] if keeper is None else [keeper])]
    return tuple(found), untold


def _held(scan: ScanBook, opened: Opened) -> Iterator[ShareEntry]:
    """The largest owner, oracle, venue and layer."""
    gross = gross_by_owner(opened)
    if gross.sum() > 0:
        most = int(np.argmax(gross))
        name = opened.book.owner_names[most]
        yield ShareEntry("owner", name, float(gross[most] / gross.sum()))
    by_source: dict[str, float] = {}
    factors = dict(zip(opened.book.factors, _gross_by_factor(opened).tolist(), strict=True))
    # A factor with two assets of one source counts once.
    said = {(p.source, p.factor) for p in scan.prices.by_asset.values() if p.status != "fixed"}
    for source, factor in sorted(said):
        by_source[source] = by_source.get(source, 0.0) + factors.get(factor, 0.0)
    total = sum(factors.values())
    if by_source and total > 0:
        source = max(by_source, key=lambda name: by_source[name])
        yield ShareEntry("oracle", source, min(by_source[source] / total, 1.0))
    venues: dict[str, float] = {}
    for used in opened.chosen.used:
        venues[used.source] = venues.get(used.source, 0.0) + factors.get(used.factor, 0.0)
    if total > 0 and venues:
        source = max(venues, key=lambda name: venues[name])
        yield ShareEntry("venue", source, min(venues[source] / total, 1.0))
    layers = {
        row.name: row.capacity_e18 or 0 for row in bounded_layers(scan.plug.backstops(scan.valued))
    }
    held = sum(max(value, 0) for value in layers.values())
    if held:
        name = max(layers, key=lambda layer: layers[layer])
        yield ShareEntry("backstop", name, layers[name] / held)


def _gross_by_factor(opened: Opened) -> Floats:
    """[factor]: what moves with it, without sign."""
    book = opened.book
    out: Floats = np.bincount(book.column, np.abs(book.equity), minlength=len(book.factors)).astype(
        np.float64
    )
    return out


def _owners(opened: Opened, moves: Floats) -> tuple[OwnerEntry, ...]:
    """The largest owners and what their rescue is worth, the most first."""
    found = owners_that_matter(opened, moves, NAMED, PLAYERS)
    gross = gross_by_owner(opened)
    made = [
        OwnerEntry(
            owner=opened.book.owner_names[owner],
            gross_usd=float(gross[owner]),
            saved_usd=saved,
            shapley_usd=found.shapley.get(owner),
        )
        for owner, saved in found.saved.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.saved_usd, -one.gross_usd, one.owner)))


def _sentences(
    entries: tuple[CoverEntry, ...], fund: float | None, owners: tuple[OwnerEntry, ...]
) -> Iterator[str]:
    """What matters, in words."""
    for one in entries:
        if fund is None or one.exhausted is None:
            yield f"{one.scenarios}: no fund is known; two owners may cost {one.cover_2_usd:,.0f}."
            continue
        met = "Cover-2" if one.covered_2 else "Cover-1" if one.covered_1 else "no Cover"
        yield (
            f"{one.scenarios}: the fund of {fund:,.0f} meets {met} (one owner"
            f" {one.cover_1_usd:,.0f}, two {one.cover_2_usd:,.0f}); it is exhausted in"
            f" {one.exhausted:.1%} of {one.count:,} (standard error {one.error or 0:.1%})."
        )
    if owners and owners[0].saved_usd > 0:
        yield (
            f"Of bad debt in broad downturns {owners[0].saved_usd:,.0f} goes with {owners[0].owner}"
            " alone."
        )
