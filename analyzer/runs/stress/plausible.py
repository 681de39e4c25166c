"""The most plausible shock under a covariance of returns, by deployment and of all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from analyzer.contagion.linear import LinearBook, linear_book
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.linear.joined import joined_linear
from analyzer.contagion.reverse import PlausibleShock, most_plausible
from analyzer.documents.scenario import RAY
from analyzer.market.classes import base_of
from analyzer.market.covariance import ledoit_wolf
from analyzer.market.history import load_history
from analyzer.market.returns import Returns, returns_of
from analyzer.model.book import Book, Prices
from analyzer.protocols.base import Plug, Repriced, Valued
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.stress.twins import uniform_ray


@dataclass(frozen=True, slots=True)
class Plausible:
    """shocks: deployment -> its most plausible shock; together: that of all deployments as one
    book; None = none reaches the target. left_out: factors without returns."""

    shocks: Mapping[str, PlausibleShock | None]
    together: PlausibleShock | None
    left_out: tuple[str, ...]


def plausible_shocks(scans: Sequence[ScanBook], target_usd: float, path: Path) -> Plausible:
    """The most plausible shocks. A ratio that has no returns of its own moves with what it is
    quoted in. Raises: InputError for a file of returns that cannot be read."""
    history = returns_of(load_history(path), "simple")
    series = {factor: history.column(factor) for factor in history.factors}
    shocks: dict[str, PlausibleShock | None] = {}
    books: dict[str, LinearBook] = {}
    left_out: set[str] = set()
    for scan in scans:
        known, bases = dict[str, Floats](), dict[str, str]()
        for factor in dict.fromkeys(asset.factor for asset in scan.book.assets):
            moves_as = _with_history(series, factor)
            if moves_as is None:
                left_out.add(factor)
                continue
            known[moves_as[0]] = moves_as[1]
            if moves_as[0] != factor:
                bases[factor] = moves_as[0]
        name = scan.deployment.name
        shocks[name] = None
        if known:
            plug = MovedWithBases(scan.plug, bases)
            books[name] = linear_book(plug, scan.book, factors=list(known))
            shocks[name] = _nearest(books[name], series, history, target_usd)
    together = None
    if books:
        whole = joined_linear(list(books.values()), list(books))
        together = _nearest(whole, series, history, target_usd)
    return Plausible(shocks, together, tuple(sorted(left_out)))


def _nearest(
    book: LinearBook, series: Mapping[str, Floats], history: Returns, target_usd: float
) -> PlausibleShock | None:
    """The shock of least distance under the returns of a book's factors."""
    found = [_with_history(dict(series), factor) for factor in book.factors]
    values = np.column_stack([known[1] for known in found if known is not None])
    # Stables beside coins: one mean variance for all would give a stable a coin's risk.
    covariance = ledoit_wolf(values, "constant-correlation").covariance * history.per_day()
    rays = [replace(uniform_ray(book.factors), label=RAY)]
    return most_plausible(book, covariance, target_usd, rays=rays)


@dataclass(frozen=True, slots=True)
class MovedWithBases:
    """A plug whose `bases` (factor -> another one) are shocked as these others are."""

    plug: Plug
    bases: Mapping[str, str]

    def reprice(self, valued: Valued, factors: Sequence[str], shocks: Floats) -> Repriced:
        """As the plug's, with one more factor for each that moves with one of these."""
        place = {factor: number for number, factor in enumerate(factors)}
        more = [factor for factor, base in self.bases.items() if base in place]
        rows = [*range(len(factors)), *(place[self.bases[factor]] for factor in more)]
        return self.plug.reprice(valued, [*factors, *more], shocks[rows])

    def prices(self, book: Book) -> Prices:
        """The reference prices at the block."""
        return self.plug.prices(book)

    def value(self, book: Book, prices: Prices) -> Valued:
        """The book at `prices`."""
        return self.plug.value(book, prices)


def _with_history(series: dict[str, Floats], factor: str) -> tuple[str, Floats] | None:
    """(the factor that this one moves as, its returns): itself where it has a history, a ratio
    without one as what it is quoted in; None where neither has."""
    found, name = _series(series, factor), factor
    while found is None:
        base = base_of(name)
        if base is None:
            return None
        found, name = _series(series, base), base
    return name, found


def _series(series: dict[str, Floats], factor: str) -> Floats | None:
    """Simple returns of a factor; of a ratio those of the whole token, None when either part has
    none."""
    base = base_of(factor)
    if base is None:
        return series.get(factor)
    own, quoted = series.get(factor), _series(series, base)
    return None if own is None or quoted is None else (1 + own) * (1 + quoted) - 1
