"""How far every account is from liquidation, what is forced to sell where, and which shock does it.

All along one ray: the uniform one of `contagion.scenario.ray`, on which everything but stables and
depegs moves alike. Distances and walls are the protocol's own float64 `reprice`; the shock that a
whole cascade needs is found by running the cascade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from analyzer.contagion.cascade import CascadeOptions, run_cascade
from analyzer.contagion.linear import LinearBook, linear_book
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.linear.book import Nonlinear
from analyzer.contagion.reverse import (
    Distances,
    PlausibleShock,
    RayShock,
    Walls,
    distances,
    liquidation_wall,
    most_plausible,
    smallest_cascade,
    smallest_static,
)
from analyzer.contagion.reverse.rays import Ray
from analyzer.contagion.reverse.rays import ray as ray_of
from analyzer.contagion.scenario import multiplier, ray
from analyzer.documents.scenario import RAY
from analyzer.documents.stress import (
    Distance,
    PlausibleEntry,
    RayShockEntry,
    ReverseEntry,
    WallLine,
)
from analyzer.documents.stress import Distances as Told
from analyzer.market.classes import base_of
from analyzer.market.covariance import ledoit_wolf
from analyzer.market.depth.choose import Chosen
from analyzer.market.history import load_history
from analyzer.market.returns import returns_of
from analyzer.model.book import Book, Prices
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.protocols.base import Plug, Repriced, Valued
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.stress.twins import has_more_tests, twin_of
from analyzer.runs.stress.venues import venue_of

TARGET = "bad-debt"
WITHIN = (0.05, 0.1, 0.2, 0.3)
"""Falls of the market up to which it is told how much is forced to sell."""
NEAREST = 10
"""How many accounts are named as the nearest to liquidation; the table has all of them."""
CASCADE_LEVELS = 10
"""Shocks at which the cascade is run before it is narrowed: every ten percent."""
CASCADE_WIDTH = 1e-3
"""How near the shock that a cascade needs is found: a tenth of a percent."""


@dataclass(frozen=True, slots=True)
class Standings:
    """One deployment along the ray. distances: by every test of the protocol; walls: of positions
    that are closed below maintenance. asked: the accounts whose distances are roots of the
    protocol's own `reprice`. value_usd [account]: what the ray moves of it, at the block; NaN where
    it has no coefficients."""

    scan: ScanBook
    linear: LinearBook
    nonlinear: Nonlinear
    ray: Ray
    distances: Distances
    asked: frozenset[int]
    walls: Walls
    value_usd: Floats


@dataclass(frozen=True, slots=True)
class Reverse:
    """The shocks that make bad debt of the target (USD).

    static: deployment -> the first shock before anybody reacts. cascade: the same of all
    deployments together when the cascade has come to rest. plausible: deployment -> the nearest
    shock under the covariance of returns, None where none does it. left_out: factors without
    returns, which keep their price in `plausible`. note: why there is no plausible shock at all.
    """

    target_usd: float
    static: dict[str, RayShock]
    cascade: RayShock
    plausible: dict[str, PlausibleShock | None]
    left_out: tuple[str, ...]
    note: str


def parse_target(text: str) -> float:
    """`bad-debt=1e6` -> a million USD. Raises: InputError for anything else."""
    name, equals, amount = text.partition("=")
    try:
        value = float(amount)
    except ValueError:
        value = float("nan")
    if name.strip() != TARGET or not equals or not 0 < value < float("inf"):
        raise InputError(f"--reverse has to be {TARGET}=AMOUNT above 0, like {TARGET}=1e6")
    return value


def standings(scan: ScanBook) -> Standings:
    """Distances and walls of one scan along the uniform ray.

    Raises: InputError when no price of it moves on that ray.
    """
    linear, nonlinear = twin_of(scan, scan.book)
    along = uniform_ray(linear.factors)
    moved = np.abs(linear.equity * along.beta[linear.column])
    value = np.bincount(linear.row, moved, minlength=len(linear)).astype(np.float64)
    every, asked = linear, nonlinear
    if has_more_tests(scan):
        every, asked = twin_of(scan, scan.book, every_test=True)
    return Standings(
        scan=scan,
        linear=linear,
        nonlinear=nonlinear,
        ray=along,
        distances=distances(every, along, asked),
        asked=frozenset(asked.accounts.tolist()),
        walls=liquidation_wall(linear, along, nonlinear=nonlinear),
        value_usd=np.where(linear.nonlinear, np.nan, value),
    )


def uniform_ray(factors: Sequence[str]) -> Ray:
    """The ray of `contagion.scenario.ray` over these factors, so that both mean the same.

    Raises: InputError when it moves none of them.
    """
    half = Fraction(1, 2)
    probe = ray(half)
    betas = {
        factor: float((multiplier(probe, probe.steps[0], factor) - 1) / (half - 1))
        for factor in factors
    }
    if not any(betas.values()):
        raise InputError("every price is a stable's: no ray moves anything here")
    return ray_of(factors, betas, label=RAY)


def reverse(
    found: Sequence[Standings],
    target_usd: float,
    chosen: Chosen,
    options: CascadeOptions,
    *,
    returns: Path | None = None,
) -> Reverse:
    """The smallest shocks on the ray, and with `returns` the most plausible ones.

    Raises: InputError for a file of returns that cannot be read.
    """
    scans = [one.scan for one in found]
    plausible, left_out = ({}, ()) if returns is None else _plausible(found, target_usd, returns)
    return Reverse(
        target_usd=target_usd,
        static={
            one.scan.deployment.name: smallest_static(
                one.linear, one.ray, target_usd, nonlinear=one.nonlinear
            )
            for one in found
        },
        cascade=smallest_cascade(
            cascade_run(scans, chosen, options),
            found[0].ray,
            target_usd,
            levels=CASCADE_LEVELS,
            width=CASCADE_WIDTH,
        ),
        plausible=plausible,
        left_out=left_out,
        note=""
        if returns is not None
        else "no --returns: how plausible a shock is cannot be said, only rays are offered",
    )


def cascade_run(
    scans: Sequence[ScanBook], chosen: Chosen, options: CascadeOptions
) -> Callable[[float], float]:
    """Market return on the ray -> bad debt in USD of all scans' cascade together."""

    def run(x: float) -> float:
        # No price falls to nothing: one part in a million is left.
        market = max(Fraction(1 + x).limit_denominator(10**6), Fraction(1, 10**6))
        venues = [venue_of(scan) for scan in scans]
        result = run_cascade(venues, ray(market), chosen.market, options)
        return result.total_bad_debt_e18 / WAD

    return run


def stand(scans: Sequence[ScanBook]) -> tuple[list[Standings], dict[str, str]]:
    """(standings of the scans, the others: deployment -> why it has none)."""
    found, without = [], {}
    for scan in scans:
        try:
            found.append(standings(scan))
        except InputError as error:
            without[scan.deployment.name] = str(error)
    return found, without


def report(found: Sequence[Standings], without: Mapping[str, str]) -> Told:
    """What the page and the document say of distances and walls."""
    nearest: list[Distance] = []
    already = never = unknown = 0
    walls: list[WallLine] = []
    for one in found:
        x, name = one.distances.liquidation_down, one.scan.deployment.name
        already += int((x == 0).sum())
        never += int(np.isneginf(x).sum())
        unknown += int(np.isnan(x).sum())
        ahead = np.flatnonzero(np.isfinite(x) & (x < 0))
        for number in ahead[np.argsort(-x[ahead], kind="stable")][:NEAREST].tolist():
            nearest.append(Distance(name, one.scan.book.account_ids[number], float(x[number])))
        walls += [
            WallLine(name, wall.factor, {f"{x:g}": wall.within(x) for x in WITHIN}, wall.total)
            for wall in one.walls.walls
        ]
    nearest.sort(key=lambda distance: (-distance.move, distance.deployment, distance.account_id))
    return Told(RAY, already, never, unknown, dict(without), tuple(nearest[:NEAREST]), tuple(walls))


def reverse_entry(found: Reverse) -> ReverseEntry:
    """The answers of reverse stress as the document has them."""
    return ReverseEntry(
        target_usd=found.target_usd,
        static={name: _ray_shock(shock) for name, shock in found.static.items()},
        cascade=_ray_shock(found.cascade),
        plausible={name: _plausible_entry(shock) for name, shock in found.plausible.items()},
        left_out=tuple(found.left_out),
        note=found.note,
    )


def _ray_shock(shock: RayShock) -> RayShockEntry:
    """One answer along a ray."""
    return RayShockEntry(
        shock.ray.label, shock.x, shock.bad_debt, shock.accounts, shock.tried, shock.note
    )


def _plausible_entry(shock: PlausibleShock | None) -> PlausibleEntry | None:
    """One most plausible shock; None = none reaches the target."""
    if shock is None:
        return None
    return PlausibleEntry(
        returns=dict(zip(shock.factors, shock.returns.tolist(), strict=True)),
        sigmas=dict(zip(shock.factors, shock.sigmas.tolist(), strict=True)),
        distance=shock.distance,
        lower_bound=shock.lower_bound,
        proven=shock.proven,
        bad_debt_usd=shock.bad_debt,
        accounts=shock.accounts,
        # On a ray that never gets there the distance is infinite, which JSON does not have.
        rays={k: None if v == float("inf") else v for k, v in shock.rays.items()},
        left_out_accounts=shock.left_out,
    )


def _plausible(
    found: Sequence[Standings], target_usd: float, path: Path
) -> tuple[dict[str, PlausibleShock | None], tuple[str, ...]]:
    """(deployment -> its most plausible shock, the factors without returns). A ratio that has none
    of its own moves with what it is quoted in."""
    history = returns_of(load_history(path), "simple")
    series = {factor: history.column(factor) for factor in history.factors}
    shocks: dict[str, PlausibleShock | None] = {}
    left_out: set[str] = set()
    for one in found:
        known, bases = dict[str, Floats](), dict[str, str]()
        for factor in one.linear.factors:
            moves_as = _with_history(series, factor)
            if moves_as is None:
                left_out.add(factor)
                continue
            known[moves_as[0]] = moves_as[1]
            if moves_as[0] != factor:
                bases[factor] = moves_as[0]
        if not known:
            shocks[one.scan.deployment.name] = None
            continue
        values = np.column_stack(list(known.values()))
        # Stables beside coins: one mean variance for all would give a stable a coin's risk.
        covariance = ledoit_wolf(values, "constant-correlation").covariance * history.per_day()
        plug = MovedWithBases(one.scan.plug, bases)
        book = linear_book(plug, one.scan.book, factors=list(known))
        rays = [replace(uniform_ray(book.factors), label=RAY)]
        shocks[one.scan.deployment.name] = most_plausible(book, covariance, target_usd, rays=rays)
    return shocks, tuple(sorted(left_out))


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
