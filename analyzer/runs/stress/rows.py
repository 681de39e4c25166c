"""An assessed scenario as rows of the snapshot's tables of stress and contagion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from math import isfinite

import numpy as np

from analyzer.contagion.trace import Channel, Edge, NodeKind, Path, kind_of, parts_of
from analyzer.documents.scenario import RAY
from analyzer.findings.assessed import Assessed
from analyzer.findings.markets import market_rows
from analyzer.findings.registry import SCENARIO_DETECTORS
from analyzer.findings.scenario_detector import SCENARIO
from analyzer.model.finding import Finding
from analyzer.runs.stress.cascades import losses, plain
from analyzer.runs.stress.reverse import Standings
from analyzer.runs.telling.cover import largest
from analyzer.store.extend import Remove
from analyzer.store.rows import Row
from analyzer.store.schema import literal
from analyzer.store.tables import (
    cascade_markets,
    cascade_rounds,
    contagion_edges,
    contagion_paths,
    contagion_runs,
    contagion_victims,
    distances,
    findings,
    liquidation_wall,
    stress_results,
)

Rows = dict[str, list[Row]]


def stress_rows(assessed: Sequence[Assessed]) -> Rows:
    """What `analyzer stress` keeps: the run and one result a deployment, where the scenario is
    about these books."""
    return {
        "contagion_runs": [row for one in assessed for row in _runs(one)],
        "stress_results": [
            row for one in assessed if not one.not_applicable for row in _results(one)
        ],
    }


def contagion_rows(assessed: Assessed) -> Rows:
    """What `analyzer contagion` keeps: the same, and rounds, edges, victims and paths."""
    return {
        **stress_rows([assessed]),
        "cascade_rounds": list(_rounds(assessed)),
        "cascade_markets": list(_markets(assessed)),
        "contagion_edges": list(_edges(assessed)),
        "contagion_victims": list(_victims(assessed)),
        "contagion_paths": list(_paths(assessed)),
    }


def finding_rows(
    assessed: Sequence[Assessed], found: Sequence[Finding]
) -> tuple[list[Row], list[Remove]]:
    """Rows of `findings`, and what goes before they come: what these scenarios found before."""
    detectors = ", ".join(literal(detector.id) for detector in SCENARIO_DETECTORS)
    gone = [
        Remove(
            "findings",
            f"scan_id = ? AND detector IN ({detectors})"
            f" AND json_extract_string(evidence, '$.{SCENARIO}') = ?",
            (venue.scan_id, one.scenario.name),
        )
        for one in assessed
        for venue in one.venues.values()
    ]
    return [findings.to_row(finding) for finding in found], gone


def _runs(one: Assessed) -> Iterator[Row]:
    """Rows of `contagion_runs`."""
    scenario, result = one.scenario, one.result
    moved = {f: a for f in result.shock if (a := result.amplification(f)) is not None}
    half = double = None
    if one.sensitivity is not None:
        half, double = one.sensitivity.half_depth_e18, one.sensitivity.double_depth_e18
    least = most = None
    if one.order_range is not None:
        least, most = one.order_range.least, one.order_range.most
    for name in one.venues:
        yield contagion_runs.to_row(
            scan_id=one.venues[name].scan_id,
            cascade_id=one.cascade_id,
            scenario=scenario.name,
            title=scenario.title,
            source=scenario.source,
            verified=scenario.verified,
            notes=[*(f"unverified: {what}" for what in scenario.unverified), *scenario.notes],
            deployments=sorted(one.venues),
            order_name=result.order,
            options=plain(_options(one)),
            shocks={factor: str(value) for factor, value in sorted(result.shock.items())},
            depth_multiplier=float(scenario.depth_multiplier),
            curves={u.factor: {"name": u.kind, "source": u.source} for u in one.depth},
            unmapped=list(result.unmapped),
            exhausted=list(result.exhausted),
            implausible=list(result.implausible),
            unprofitable={name: len(accounts) for name, accounts in result.unprofitable.items()},
            rounds=sum(1 for round_ in result.rounds if round_.closed),
            quiet=result.quiet,
            ledger_closes=all(round_.closes for round_ in result.rounds),
            amplification={factor: float(value) for factor, value in sorted(moved.items())},
            not_applicable=one.not_applicable,
            bad_debt_half_depth_e18=half,
            bad_debt_double_depth_e18=double,
            bad_debt_least_e18=None if least is None else least.bad_debt_e18,
            bad_debt_least_order=None if least is None else least.order,
            bad_debt_most_e18=None if most is None else most.bad_debt_e18,
            bad_debt_most_order=None if most is None else most.order,
        )


def _markets(one: Assessed) -> Iterator[Row]:
    """Rows of `cascade_markets`: the same under every scan of the cascade."""
    for venue in one.venues.values():
        for row in market_rows(one):
            yield cascade_markets.to_row(
                scan_id=venue.scan_id, cascade_id=one.cascade_id, **asdict(row)
            )


def _results(one: Assessed) -> Iterator[Row]:
    """Rows of `stress_results`."""
    result, shock = one.result, one.shock()
    for name, venue in one.venues.items():
        before, static, after = (t[name] for t in (result.before, result.shocked, result.after))
        closed = [f for f in result.failures.values() if f.venue == name and f.round is not None]
        owners = largest(one, name, 2)
        debt = one.bad_debt_e18(name)
        yield stress_results.to_row(
            scan_id=venue.scan_id,
            cascade_id=one.cascade_id,
            scenario=one.scenario.name,
            shock=None if shock is None else float(shock),
            accounts=before.accounts,
            unknown=static.unknown,
            liquidatable_before=before.breaching,
            insolvent_before=before.insolvent,
            bad_debt_before_e18=before.bad_debt_e18,
            below_initial=static.below_initial,
            liquidatable=static.breaching,
            insolvent=static.insolvent,
            bad_debt_static_e18=static.bad_debt_e18,
            closed_accounts=len(closed),
            closed_value_e18=sum(sum(failure.closed_e18.values()) for failure in closed),
            liquidatable_after=after.breaching,
            insolvent_after=after.insolvent,
            bad_debt_after_e18=debt,
            charged_e18=result.bad_debt_e18[name],
            fund_before_e18=venue.fund_before_e18,
            fund_left_e18=venue.fund_left_e18,
            uncovered_e18=one.uncovered_e18(name),
            amplification=debt / static.bad_debt_e18 if static.bad_debt_e18 else None,
            cover1_e18=sum(short for _, short in owners[:1]),
            cover2_e18=sum(short for _, short in owners),
            cover_owners=[owner for owner, _ in owners],
            bad_debt_static_market_e18=static.bad_debt_market_e18,
            bad_debt_after_market_e18=one.bad_debt_market_e18(name),
        )


def _rounds(one: Assessed) -> Iterator[Row]:
    """Rows of `cascade_rounds`."""
    left: Counter[tuple[int, str | None]] = Counter()
    for edge in one.result.edges:
        if edge.channel == Channel.DEFICIT:
            left[edge.round, one.venue_of_node(edge.from_node)] += edge.amount_e18
    for name, venue in one.venues.items():
        for round_ in one.result.rounds:
            closed = [c for c in round_.closed if c.venue == name]
            yield cascade_rounds.to_row(
                scan_id=venue.scan_id,
                cascade_id=one.cascade_id,
                round=round_.number,
                step=round_.step,
                closed_accounts=len({c.account_id for c in closed}),
                closures=len(closed),
                closed_value_e18=sum(c.executed.closure.value_e18 for c in closed),
                bad_debt_e18=left[round_.number, name],
                sold=_texts(round_.sold_e18),
                price_before=_shares(round_.price_before),
                price_after=_shares(round_.price_after),
                ledger=_texts({party.value: amount for party, amount in round_.ledger.items()}),
                ledger_closes=round_.closes,
            )


def _edges(one: Assessed) -> Iterator[Row]:
    """Rows of `contagion_edges`."""
    for number, edge in enumerate(one.result.edges, 1):
        yield contagion_edges.to_row(
            scan_id=_scan_of(one, edge),
            cascade_id=one.cascade_id,
            edge_no=number,
            round=edge.round,
            from_node=edge.from_node,
            channel=str(edge.channel),
            asset=edge.asset,
            to_node=edge.to_node,
            amount_e18=edge.amount_e18,
        )


def _scan_of(one: Assessed, edge: Edge) -> str:
    """The scan of the account or layer that an edge goes to, else comes from."""
    for node in (edge.to_node, edge.from_node):
        venue = one.venue_of_node(node)
        if venue is not None and venue in one.venues:
            return one.venues[venue].scan_id
    return next(iter(one.venues.values())).scan_id


def _victims(one: Assessed) -> Iterator[Row]:
    """Rows of `contagion_victims`: every account that failed, and everybody who pays."""
    result, told = one.result, {victim.victim: victim for victim in one.paths.victims}
    for node, loss in losses(result).items():
        failure, victim = result.failures.get(node), told.get(node)
        listed = 0 if victim is None else sum(path.amount_e18 for path in victim.paths)
        # Who failed without a loss was in breach already, or gained: no path leads there.
        rest, offset = (0, loss) if victim is None else (victim.rest_e18, victim.offset_e18)
        yield contagion_victims.to_row(
            scan_id=_scan_of_node(one, node),
            cascade_id=one.cascade_id,
            node=node,
            failed=failure is not None,
            account_id=parts_of(node)[1] if kind_of(node) is NodeKind.ACCOUNT else None,
            owner=None if failure is None else failure.owner,
            round=None if failure is None else failure.round,
            equity_before_e18=None if failure is None else failure.before_e18,
            loss_e18=loss,
            deficit_e18=None if failure is None else failure.deficit_e18,
            closed_value_e18=None if failure is None else sum(failure.closed_e18.values()),
            listed_e18=listed,
            rest_e18=rest,
            offset_e18=offset,
        )


def _scan_of_node(one: Assessed, node: str) -> str:
    """The scan that a node belongs to; the first one for a node of none."""
    known = one.venues.get(one.venue_of_node(node) or "")
    return (known or next(iter(one.venues.values()))).scan_id


def _paths(one: Assessed) -> Iterator[Row]:
    """Rows of `contagion_paths`."""
    victims = {victim.victim: victim for victim in one.paths.victims}
    for rank, (path, sentence) in enumerate(zip(one.paths.paths, one.sentences, strict=True), 1):
        victim = victims[path.victim]
        yield contagion_paths.to_row(
            scan_id=_scan_of_node(one, path.victim),
            cascade_id=one.cascade_id,
            rank=rank,
            path_id=path.path_id,
            victim=path.victim,
            victim_failed=victim.failed,
            amount_e18=path.amount_e18,
            share_of_loss=victim.share(path.amount_e18),
            steps=_steps(path),
            words=sentence,
        )


def _steps(path: Path) -> list[dict[str, object]]:
    """A path's steps as JSON has them."""
    return [
        {
            "round": step.round,
            "from": step.from_node,
            "channel": str(step.channel),
            "asset": step.asset,
            "to": step.to_node,
        }
        for step in path.steps
    ]


def _options(one: Assessed) -> dict[str, object]:
    """The options of a run, as the table shows them."""
    options = one.options
    return {
        "order": options.order.value,
        "sequential": options.sequential,
        "max_rounds": str(options.max_rounds),
        "liquidators": one.scenario.liquidators.mode.value,
        "rescued": options.rescued,
    }


def distance_rows(found: Sequence[Standings]) -> list[Row]:
    """Rows of `distances`."""
    return [row for one in found for row in _distances(one)]


def wall_rows(found: Sequence[Standings]) -> list[Row]:
    """Rows of `liquidation_wall`: one a level at which somebody becomes liquidatable."""
    return [row for one in found for row in _wall(one)]


def _distances(one: Standings) -> list[Row]:
    """Rows of `distances` of one scan, in book order."""
    rows: list[Row] = []
    places = zip(one.scan.book.account_ids, one.distances.liquidation_down.tolist(), strict=True)
    for number, (account, x) in enumerate(places):
        if x != x:
            multiple, reason = None, "unknown"
        elif x == -np.inf:
            multiple, reason = None, "nowhere on the ray"
        else:
            root = "a root of the protocol's own reprice" if number in one.asked else "closed form"
            multiple, reason = 1.0 + x, "already" if x == 0 else root
        value = float(one.value_usd[number])
        rows.append(
            distances.to_row(
                scan_id=one.scan.scan_id,
                ray=RAY,
                account_id=account,
                multiple=multiple,
                reason=reason,
                value_usd=value if value == value else None,
                up_multiple=_multiple(one.distances.liquidation_up[number]),
                insolvent_multiple=_multiple(one.distances.insolvency_down[number]),
                insolvent_up_multiple=_multiple(one.distances.insolvency_up[number]),
            )
        )
    return rows


def _multiple(x: float) -> float | None:
    """The multiple of the block's prices after a market return; None for nowhere and unknown."""
    return 1.0 + float(x) if isfinite(x) else None


def _wall(one: Standings) -> list[Row]:
    """Rows of `liquidation_wall` of one scan."""
    rows: list[Row] = []
    for wall in one.walls.walls:
        accounts = Counter(wall.levels.tolist())
        reached = dict(zip(wall.levels.tolist(), wall.cumulative.tolist(), strict=True))
        before = 0.0
        for level, cumulative in reached.items():
            rows.append(
                liquidation_wall.to_row(
                    scan_id=one.scan.scan_id,
                    ray=RAY,
                    factor=wall.factor,
                    level=1.0 - level,
                    accounts=accounts[level],
                    value_usd=cumulative - before,
                    cumulative_usd=cumulative,
                )
            )
            before = cumulative
    return rows


def _texts(amounts: Mapping[str, int]) -> dict[str, str]:
    """Amounts in text, exact in any reader of JSON."""
    return {name: str(amount) for name, amount in sorted(amounts.items())}


def _shares(prices: Mapping[str, Fraction]) -> dict[str, float]:
    """Prices in floats, by factor."""
    return {factor: float(price) for factor, price in sorted(prices.items())}
