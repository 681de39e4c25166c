"""How much bad debt a cascade may leave at most at each fall of a ray, without running it.

    twins of all deployments, one book ─▶ box of prices ─▶ ceiling (contagion.reverse.ceiling)

Prices move as the market's pairs let them, every pair with all that may ever go through it. The
penalties are those that a cascade of these books has shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analyzer.contagion.cascade import CascadeResult
from analyzer.contagion.linear import joined_book
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.reverse.ceiling import Impacts, Penalties, ceiling
from analyzer.contagion.reverse.rays import Ray
from analyzer.market.classes import base_of
from analyzer.market.depth import ImpactCurve
from analyzer.market.depth.choose import Chosen
from analyzer.market.depth.classes import UNIT
from analyzer.market.depth.route import Market, Pair
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.stress.batch_cascades import owners_part
from analyzer.runs.stress.twins import has_unit, twin_of

BLOCK = 128
"""Levels at once: their boxes are asked of the nonlinear accounts together."""


def penalties(result: CascadeResult) -> dict[tuple[str, str], float]:
    """(venue, kind of closure) -> the largest penalty of any in a cascade, as a share of what was
    closed."""
    found: dict[tuple[str, str], float] = {}
    for round_ in result.rounds:
        for closed in round_.closed:
            closure, key = closed.executed.closure, (closed.venue, closed.executed.closure.kind)
            if closure.value_e18:
                share = closure.penalty_e18 / closure.value_e18
                found[key] = max(found.get(key, 0.0), share)
    return found


def ceilings(
    scans: Sequence[ScanBook],
    chosen: Chosen,
    along: Ray,
    falls: Floats,
    shown: Mapping[tuple[str, str], float],
) -> Floats:
    """[fall]: the most bad debt, USD, that a cascade of all `scans` together may leave.

    along: a ray over the factors of `all_factors`. falls: of the market, 0 to 1. shown: penalties
    that a cascade has shown, see `penalties`.
    """
    twins = [twin_of(scan, owners_part(scan), every_test=True) for scan in scans]
    names = [scan.deployment.name for scan in scans]
    book, asked = joined_book([a for a, _ in twins], [b for _, b in twins], names)
    impacts = impacts_of_all(chosen.market, book.factors)
    paid = _penalties_of(scans, [len(linear) for linear, _ in twins], shown)
    # The lowest price that is asked for is above zero.
    shocks = np.maximum(along.at(-falls), 1e-6)
    blocks = [
        ceiling(book, asked, shocks[:, start : start + BLOCK], impacts, paid)
        for start in range(0, len(falls), BLOCK)
    ]
    return np.concatenate(blocks)


def _penalties_of(
    scans: Sequence[ScanBook], sizes: Sequence[int], shown: Mapping[tuple[str, str], float]
) -> Penalties:
    """The shown penalties, account by account. Where there is no unit of account, closing is
    seizing collateral for debt."""
    rows = []
    for scan, size in zip(scans, sizes, strict=True):
        own = {
            kind: share for (venue, kind), share in shown.items() if venue == scan.deployment.name
        }
        positions, most = own.get("position", 0.0), max(own.values(), default=0.0)
        seizes = not has_unit(scan)
        rows.append(np.tile([most if seizes else positions, most, float(seizes)], (size, 1)))
    sold, rest, debts = np.vstack(rows).T
    return Penalties(sold, rest, debts > 0)


def all_factors(scans: Sequence[ScanBook]) -> tuple[str, ...]:
    """The factors of the joined book, in its order."""
    return tuple(dict.fromkeys(asset.factor for scan in scans for asset in scan.book.assets))


def impacts_of_all(market: Market, factors: Sequence[str]) -> Impacts:
    """What sales and purchases of the factors may make of their prices: each pair takes all of
    them that any route leads through it."""
    place = {factor: number for number, factor in enumerate(factors)}
    curves: dict[Pair, ImpactCurve] = {}
    down: dict[Pair, set[int]] = {}
    up: dict[Pair, set[int]] = {}
    for factor in factors:
        for other in (*factors, UNIT):
            for leg in market.legs(factor, other):
                curves[leg.pair] = leg.curve
                if leg.sold:
                    down.setdefault(leg.pair, set()).add(place[factor])
            for leg in market.legs(other, factor):
                curves[leg.pair] = leg.curve
                if not leg.sold:
                    up.setdefault(leg.pair, set()).add(place[factor])

    def moved(volumes: Floats, through: Mapping[Pair, set[int]], sign: float) -> Floats:
        own = {factor: np.ones(volumes.shape[1]) for factor in factors}
        for pair, sources in through.items():
            volume = volumes[sorted(sources)].sum(axis=0)
            curve = curves[pair]
            most = curve.most_sellable if sign > 0 else curve.most_buyable
            ratios = [curve.price_ratio(sign * v) for v in np.minimum(volume, most).tolist()]
            own[pair[0]] = own.get(pair[0], np.ones(volumes.shape[1])) * np.array(ratios)
        return np.array([_with_bases(factor, own) for factor in factors])

    def impacts(sold: Floats, bought: Floats) -> tuple[Floats, Floats]:
        return moved(sold, down, 1.0), moved(bought, up, -1.0)

    return impacts


def _with_bases(factor: str, own: Mapping[str, Floats]) -> Floats:
    """A factor's own impact times that of what it is quoted in."""
    base = base_of(factor)
    if base is None or base not in own:
        return own[factor]
    return np.asarray(own[factor] * _with_bases(base, own), dtype=np.float64)
