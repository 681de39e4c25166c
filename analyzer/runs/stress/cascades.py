"""Runs scenarios over opened scans: venues, curves, the cascade, its paths, and their identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

from analyzer.contagion.cascade import CascadeOptions, CascadeResult, Venue, run_cascade
from analyzer.contagion.scenario import Scenario, Step
from analyzer.contagion.tell import facts_of, names_of_unsettled, path_sentence
from analyzer.contagion.trace import Limits, top_paths
from analyzer.findings.assessed import Assessed, AssessedVenue
from analyzer.market.depth.choose import Chosen, choose_curves
from analyzer.market.depth.file import NO_DEPTH, DepthFile
from analyzer.market.depth.impact import ImpactCurve
from analyzer.model import identity
from analyzer.model.bearers import bearers_of
from analyzer.model.collector import without_collector
from analyzer.model.errors import InputError
from analyzer.model.rows import BackstopRow
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.venues import (
    bounded_capacity_e18,
    bounded_layers,
    venue_of,
)
from analyzer.runs.stress.scenarios import Held, held_in, not_held, why_not_applicable


def split_by_simulation(
    scans: Sequence[ScanBook],
) -> tuple[list[ScanBook], dict[str, str]]:
    """(scans whose protocol has a simulation, the others: deployment -> why it is left out)."""
    able, left_out = [], {}
    for scan in scans:
        try:
            scan.plug.simulate(scan.valued)
        except InputError as error:
            left_out[scan.deployment.name] = str(error)
        else:
            able.append(scan)
    return able, left_out


def curves_for(
    scans: Sequence[ScanBook],
    file: DepthFile = NO_DEPTH,
    pools: Mapping[str, ImpactCurve | Unreadable] | None = None,
) -> Chosen:
    """The depth curve of every factor that can be sold in these scans: the file's, else that of
    a pool as `read_depth_pools` read it, else the stated default."""
    return choose_curves({asset.factor for s in scans for asset in s.book.assets}, file, pools)


def assess(
    scans: Sequence[ScanBook],
    scenario: Scenario,
    chosen: Chosen,
    options: CascadeOptions,
    *,
    limits: Limits | None = None,
    held: Held | None = None,
) -> Assessed:
    """One scenario's cascade over all `scans` together, its paths found. held: what the books hold,
    where it is known already.

    Raises: InputError for a protocol without a simulation.
    """
    venues = [venue_of(scan) for scan in scans]
    before = {v.name: v.simulation.backstops() for v in venues}
    held = held or held_in(scans)
    why_not = why_not_applicable(scenario, held)
    played = as_without_a_shock(scenario) if why_not else scenario
    with without_collector():
        result = run_cascade(venues, played, chosen.market, options)
        why_not = why_not or _nobody_defaults(scenario, result)
        paths = top_paths(result.edges, losses(result), set(result.failures), limits=limits)
    names = names_of_unsettled({name: bearers_of(rows) for name, rows in before.items()})
    facts, victims = facts_of(result, names), {victim.victim: victim for victim in paths.victims}
    return Assessed(
        cascade_id=id_of_cascade(scans, scenario, chosen, options),
        scenario=scenario,
        options=options,
        venues={
            scan.deployment.name: _venue(scan, venue, before[venue.name])
            for scan, venue in zip(scans, venues, strict=True)
        },
        depth=chosen.used,
        curves=chosen.curves,
        result=result,
        paths=paths,
        sentences=tuple(path_sentence(path, facts, victims[path.victim]) for path in paths.paths),
        not_held=tuple(not_held(scenario, held)),
        not_applicable=why_not,
    )


def as_without_a_shock(scenario: Scenario) -> Scenario:
    """What a scenario does to books that it is not about: nothing, not to their depth either."""
    return replace(
        scenario,
        steps=(Step(),),
        depth_multiplier=Fraction(1),
        depth_multipliers={},
        stale=frozenset(),
    )


def _nobody_defaults(scenario: Scenario, result: CascadeResult) -> str:
    """Why a default of the n owners who lack most happens to nobody; empty where it happens."""
    wanted = scenario.default_owners
    if not isinstance(wanted, int) or not wanted:
        return ""
    short = any(tally.owners_short_e18 for tally in result.shocked.values())
    return "" if short else "no owner is short of anything at its prices"


def losses(result: CascadeResult) -> dict[str, int]:
    """Victim -> its loss: failed accounts what they lost, others what they bear."""
    failed = {node: failure.loss_e18 for node, failure in result.failures.items()}
    return {**{n: a for n, a in result.absorbed.items() if n not in failed}, **failed}


KEYS_OF_OPTIONS = {"first": "visits"}
"""Field of `CascadeOptions` -> what it is called in a cascade's key, where that is another name."""


def id_of_cascade(
    scans: Sequence[ScanBook], scenario: Scenario, chosen: Chosen, options: CascadeOptions
) -> str:
    """The key of this cascade, of everything that decides its course (`identity.cascade_id`). Every
    field counts, by the key of `KEYS_OF_OPTIONS` or else by its name; curves with their class."""
    return identity.cascade_id(
        (scan.scan_id for scan in scans),
        _key_of(scenario),
        [plain(asdict(used)) for used in chosen.used],
        {
            **{factor: repr(curve) for factor, curve in chosen.curves.items()},
            **{"->".join(pair): repr(curve) for pair, curve in chosen.pairs.items()},
        },
        {KEYS_OF_OPTIONS.get(name, name): item for name, item in plain(asdict(options)).items()},
    )


def _key_of(scenario: Scenario) -> dict[str, Any]:
    """What a scenario says, for a cascade's key; an impairment that there is none of is left out,
    so that older keys stay."""
    said = asdict(scenario)
    if scenario.impairment is None:
        del said["impairment"]
    found: dict[str, Any] = plain(said)
    return found


def plain(value: Any) -> Any:
    """`value` as JSON has it: fractions as exact text, sets sorted, big integers as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    return str(value)


def _venue(scan: ScanBook, venue: Venue, before: Sequence[BackstopRow]) -> AssessedVenue:
    """What is said of one venue beside the cascade. before: its waterfall at the block."""
    return AssessedVenue(
        scan_id=scan.scan_id,
        deployment=scan.deployment.name,
        chain_id=scan.deployment.chain_id,
        block=f"{scan.block.number} ({scan.block.hash})",
        fund_before_e18=bounded_capacity_e18(before),
        fund_left_e18=bounded_capacity_e18(venue.simulation.backstops()),
        bounded=frozenset(row.name for row in bounded_layers(before)),
        bearers=bearers_of(before),
    )
