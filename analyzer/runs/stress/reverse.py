"""How far every account is from liquidation, what is forced to sell where, and which shock does it.

All along one ray: the uniform one of `contagion.scenario.ray`, on which everything but stables and
depegs moves alike. Distances and walls are the protocol's own float64 `reprice`; the shock that a
whole cascade needs is found by running the cascade where its ceiling does not rule it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from analyzer.contagion.cascade import CascadeOptions, cascade_outcome, run_cascade
from analyzer.contagion.linear import LinearBook, joined_book
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.linear.book import Nonlinear
from analyzer.contagion.reverse import (
    Distances,
    PlausibleShock,
    RayShock,
    Walls,
    cliffs,
    distances,
    liquidation_wall,
    smallest_cascade,
    smallest_static,
)
from analyzer.contagion.reverse.grid import grid
from analyzer.contagion.reverse.rays import Ray
from analyzer.contagion.scenario import Scenario, ray
from analyzer.documents.scenario import RAY
from analyzer.documents.stress import (
    CliffAccount,
    CliffEntry,
    Distance,
    PlausibleEntry,
    RayShockEntry,
    ReverseEntry,
    WallLine,
)
from analyzer.documents.stress import Distances as Told
from analyzer.market.depth.choose import Chosen
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.venues import venue_of
from analyzer.runs.stress.ceilings import all_factors, ceilings, penalties
from analyzer.runs.stress.plausible import Plausible, plausible_shocks
from analyzer.runs.stress.twins import has_more_tests, twin_of, uniform_ray

TARGET = "bad-debt"
WITHIN = (0.05, 0.1, 0.2, 0.3)
"""Falls of the market up to which it is told how much is forced to sell."""
CLIFFS = 3
"""Cliffs that are told of a deployment."""
NEAREST = 10
"""How many accounts are named as the nearest to liquidation; the table has all of them."""


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

    static: deployment -> the first shock before anybody reacts; static_together: that of all
    deployments as one book. cascade: of all together when the cascade has come to rest. plausible:
    the nearest shocks under the covariance of returns; None where no returns are given, and `note`
    says so.
    """

    target_usd: float
    static: dict[str, RayShock]
    static_together: RayShock
    cascade: RayShock
    plausible: Plausible | None
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
    names = [scan.deployment.name for scan in scans]
    whole, asked = joined_book(
        [one.linear for one in found], [one.nonlinear for one in found], names
    )
    return Reverse(
        target_usd=target_usd,
        static={
            one.scan.deployment.name: smallest_static(
                one.linear, one.ray, target_usd, nonlinear=one.nonlinear
            )
            for one in found
        },
        static_together=smallest_static(
            whole, uniform_ray(whole.factors), target_usd, nonlinear=asked
        ),
        cascade=_smallest_cascade(scans, target_usd, chosen, options),
        plausible=None if returns is None else plausible_shocks(scans, target_usd, returns),
        note=""
        if returns is not None
        else "no --returns: how plausible a shock is cannot be said, only rays are offered",
    )


def _smallest_cascade(
    scans: Sequence[ScanBook], target_usd: float, chosen: Chosen, options: CascadeOptions
) -> RayShock:
    """The first fall of a grid whose cascade leaves so much; what no cascade can leave is not run.
    Penalties are as large as any that the cascade without a shock shows."""
    still = run_cascade([venue_of(scan) for scan in scans], on_ray(0.0), chosen.market, options)
    along = uniform_ray(all_factors(scans))
    highest = ceilings(scans, chosen, along, grid(), penalties(still))
    run = cascade_run(scans, chosen, options)
    return smallest_cascade(run, along, target_usd, ceiling=highest)


def cascade_run(
    scans: Sequence[ScanBook], chosen: Chosen, options: CascadeOptions
) -> Callable[[float], float]:
    """Market return on the ray -> bad debt of all scans' cascade together, USD."""

    def run(x: float) -> float:
        venues = [venue_of(scan) for scan in scans]
        outcome = cascade_outcome(venues, on_ray(x), chosen.market, options)
        return outcome.total_bad_debt_e18 / WAD

    return run


def on_ray(x: float) -> Scenario:
    """The market's return on the ray as a scenario. No price falls to nothing: one part in a
    million is left."""
    return ray(max(Fraction(1 + x).limit_denominator(10**6), Fraction(1, 10**6)))


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
            nearest.append(_distance(one, number))
        walls += [
            WallLine(name, wall.factor, {f"{x:g}": wall.within(x) for x in WITHIN}, wall.total)
            for wall in one.walls.walls
        ]
    nearest.sort(key=lambda distance: (-distance.move, distance.deployment, distance.account_id))
    return Told(
        RAY,
        already,
        never,
        unknown,
        dict(without),
        tuple(nearest[:NEAREST]),
        tuple(walls),
        tuple(entry for one in found for entry in _cliffs(one)),
    )


def _distance(one: Standings, number: int) -> Distance:
    """One account in both directions."""
    found = one.distances

    def told(values: Floats) -> float | None:
        return float(values[number]) if np.isfinite(values[number]) else None

    return Distance(
        one.scan.deployment.name,
        one.scan.book.account_ids[number],
        float(found.liquidation_down[number]),
        insolvent=told(found.insolvency_down),
        up=told(found.liquidation_up),
        insolvent_up=told(found.insolvency_up),
    )


def _cliffs(one: Standings) -> list[CliffEntry]:
    """The nearest cliffs of a deployment."""
    ids = one.scan.book.account_ids
    return [
        CliffEntry(
            deployment=one.scan.deployment.name,
            move=cliff.level,
            before_usd=cliff.before,
            after_usd=cliff.after,
            fell=cliff.fell,
            accounts=tuple(CliffAccount(ids[number], rise) for number, rise in cliff.most),
        )
        for cliff in cliffs(one.linear, one.ray, one.nonlinear)[:CLIFFS]
    ]


def reverse_entry(found: Reverse) -> ReverseEntry:
    """The answers of reverse stress as the document has them."""
    plausible = found.plausible
    return ReverseEntry(
        target_usd=found.target_usd,
        static={name: _ray_shock(shock) for name, shock in found.static.items()},
        static_together=_ray_shock(found.static_together),
        cascade=_ray_shock(found.cascade),
        plausible={}
        if plausible is None
        else {name: _plausible_entry(shock) for name, shock in plausible.shocks.items()},
        plausible_together=None if plausible is None else _plausible_entry(plausible.together),
        left_out=() if plausible is None else plausible.left_out,
        note=found.note,
    )


def _ray_shock(shock: RayShock) -> RayShockEntry:
    """One answer along a ray."""
    return RayShockEntry(
        shock.ray.label,
        shock.x,
        shock.bad_debt,
        shock.accounts,
        shock.tried,
        shock.note,
        shock.bounded,
        shock.skipped,
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
