"""What feeds on itself in a deployment: loss spirals, liquidations that bring more of them."""

from __future__ import annotations

import math
from pathlib import Path

from analyzer.contagion.reverse import liquidation_wall
from analyzer.contagion.reverse.rays import ray
from analyzer.documents.risk import ClusteringEntry, SpiralEntry, SpiralPoint
from analyzer.indexer.past import Past, past_events
from analyzer.model.errors import InputError
from analyzer.risk.hawkes import LEAST, Hawkes, fit
from analyzer.risk.spiral import Spiral, spiral
from analyzer.runs.risk.inputs import Opened
from analyzer.runs.risk.tails import moment
from analyzer.runs.scanning.pipeline import index_beside
from analyzer.runs.snapshot.books import ScanBook

DAY_S = 86_400
NEGLIGIBLE = 1e-6
"""A kappa below which a factor has no spiral to tell of."""


def spirals_of(opened: Opened) -> tuple[SpiralEntry, ...]:
    """Every factor that falls alone, all deployments together, the largest kappa first."""
    book = opened.book
    found = []
    for number, factor in enumerate(book.factors):
        if not (book.headroom[book.column == number] != 0).any():
            continue
        along = ray(book.factors, {factor: 1.0})
        walls = liquidation_wall(book, along, nonlinear=opened.asked).walls
        own = next((wall for wall in walls if wall.factor == factor), None)
        curve = opened.chosen.curves.get(factor)
        if own is not None and curve is not None:
            found.append(spiral(factor, own.levels, own.net, curve))
    told = [_entry(one) for one in found if one.largest[0] > NEGLIGIBLE]
    return tuple(sorted(told, key=lambda one: (-one.largest, one.factor)))


def _entry(found: Spiral) -> SpiralEntry:
    """One factor in a document."""
    largest, at = found.largest
    return SpiralEntry(
        factor=found.factor,
        largest=largest,
        largest_at=at,
        reaches_one=found.reaches_one,
        points=tuple(
            SpiralPoint(*point)
            for point in zip(
                found.falls.tolist(), found.kappas.tolist(), found.sold.tolist(), strict=True
            )
        ),
    )


def clustering_of(opened: Opened) -> tuple[tuple[ClusteringEntry, ...], tuple[str, ...]]:
    """(the indexed liquidations of the subject's deployment, why there is no number)."""
    options = opened.options
    scan = next(one for one in opened.scans if one.deployment.name == opened.name)
    kinds = tuple(getattr(scan.plug, "liquidations", ()))
    if not kinds:
        return (), (f"clustering: {scan.plug.name} names no events of liquidations",)
    path: Path = options.index or index_beside(options.db)
    try:
        past = past_events(path, scan.deployment, scan.plug, kinds, up_to=scan.block.number)
    except InputError as error:
        if options.index is not None:
            raise
        return (), (f"clustering: {error}",)
    return _clustering(scan, past)


def _clustering(scan: ScanBook, past: Past) -> tuple[tuple[ClusteringEntry, ...], tuple[str, ...]]:
    """The process of the times of their blocks, in days since the first log."""
    times = sorted({event.time for event in past.events})
    if not times:
        return (), (f"clustering: no liquidation of {scan.deployment.name} is indexed",)
    why: tuple[str, ...] = ()
    fitted: Hawkes | None = None
    if len(times) < LEAST:
        why = (
            f"clustering: {len(times)} blocks of {scan.deployment.name} hold liquidations, {LEAST}"
            " are needed",
        )
    else:
        days = [(time - past.since) / DAY_S for time in times]
        fitted = fit(days, (scan.block.time - past.since) / DAY_S)
    error = None if fitted is None else fitted.branching_error
    entry = ClusteringEntry(
        deployment=scan.deployment.name,
        liquidations=len(past.events),
        moments=len(times),
        first=moment(times[0]),
        last=moment(times[-1]),
        branching=None if fitted is None else fitted.branching,
        branching_error=None if error is None or math.isnan(error) else error,
        base_per_day=None if fitted is None else fitted.mu,
        half_life_days=None if fitted is None else math.log(2) / fitted.beta,
        gain=None if fitted is None else fitted.gain,
    )
    return (entry,), why
