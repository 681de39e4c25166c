"""An assessed scenario as rows of the snapshot's tables of stress and contagion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import orjson

from analyzer.contagion.trace import Channel, Edge, NodeKind, Path, kind_of, parts_of
from analyzer.findings.assessed import Assessed
from analyzer.findings.registry import SCENARIO_DETECTORS
from analyzer.findings.scenario_detector import SCENARIO
from analyzer.model.finding import Finding
from analyzer.runs.scanning.rows import finding_row
from analyzer.runs.stress.cascades import losses, plain
from analyzer.store.extend import Remove
from analyzer.store.schema import literal

Row = tuple[object, ...]
Rows = dict[str, list[Row]]


def stress_rows(assessed: Sequence[Assessed]) -> Rows:
    """What `analyzer stress` keeps: the run and one result a deployment."""
    return {
        "contagion_runs": [row for one in assessed for row in _runs(one)],
        "stress_results": [row for one in assessed for row in _results(one)],
    }


def contagion_rows(assessed: Assessed) -> Rows:
    """What `analyzer contagion` keeps: the same, and rounds, edges, victims and paths."""
    return {
        **stress_rows([assessed]),
        "cascade_rounds": list(_rounds(assessed)),
        "contagion_edges": list(_edges(assessed)),
        "contagion_victims": list(_victims(assessed)),
        "contagion_paths": list(_paths(assessed)),
    }


def finding_rows(
    assessed: Sequence[Assessed], findings: Sequence[Finding]
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
    return [finding_row(finding) for finding in findings], gone


def _runs(one: Assessed) -> Iterator[Row]:
    """Rows of `contagion_runs`."""
    scenario, result = one.scenario, one.result
    moved = {f: a for f in result.shock if (a := result.amplification(f)) is not None}
    for name in one.venues:
        yield (
            one.venues[name].scan_id,
            one.cascade_id,
            scenario.name,
            scenario.title,
            scenario.source,
            scenario.verified,
            _json([*(f"unverified: {what}" for what in scenario.unverified), *scenario.notes]),
            _json(sorted(one.venues)),
            result.order,
            _json(plain(_options(one))),
            _json({factor: str(value) for factor, value in sorted(result.shock.items())}),
            float(scenario.depth_multiplier),
            _json({u.factor: {"name": u.kind, "source": u.source} for u in one.depth}),
            _json(list(result.unmapped)),
            _json(list(result.exhausted)),
            sum(1 for round_ in result.rounds if round_.closed),
            result.quiet,
            all(round_.closes for round_ in result.rounds),
            _json({factor: float(value) for factor, value in sorted(moved.items())}),
        )


def _results(one: Assessed) -> Iterator[Row]:
    """Rows of `stress_results`."""
    result, shock = one.result, one.shock()
    for name, venue in one.venues.items():
        before, static, after = (t[name] for t in (result.before, result.shocked, result.after))
        closed = [f for f in result.failures.values() if f.venue == name and f.round is not None]
        owners = sorted(static.owners_short_e18.values(), reverse=True)
        debt = one.bad_debt_e18(name)
        yield (
            venue.scan_id,
            one.cascade_id,
            one.scenario.name,
            None if shock is None else float(shock),
            before.accounts,
            static.unknown,
            before.breaching,
            before.insolvent,
            before.bad_debt_e18,
            venue.below_initial,
            static.breaching,
            static.insolvent,
            static.bad_debt_e18,
            len(closed),
            sum(sum(failure.closed_e18.values()) for failure in closed),
            after.breaching,
            after.insolvent,
            debt,
            result.bad_debt_e18[name],
            venue.fund_before_e18,
            venue.fund_left_e18,
            one.uncovered_e18(name),
            debt / static.bad_debt_e18 if static.bad_debt_e18 else None,
            sum(owners[:1]),
            sum(owners[:2]),
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
            yield (
                venue.scan_id,
                one.cascade_id,
                round_.number,
                round_.step,
                len({c.account_id for c in closed}),
                len(closed),
                sum(c.executed.closure.value_e18 for c in closed),
                left[round_.number, name],
                _texts(round_.sold_e18),
                _shares(round_.price_before),
                _shares(round_.price_after),
                _texts({party.value: amount for party, amount in round_.ledger.items()}),
                round_.closes,
            )


def _edges(one: Assessed) -> Iterator[Row]:
    """Rows of `contagion_edges`."""
    for number, edge in enumerate(one.result.edges, 1):
        yield (
            _scan_of(one, edge),
            one.cascade_id,
            number,
            edge.round,
            edge.from_node,
            str(edge.channel),
            edge.asset,
            edge.to_node,
            edge.amount_e18,
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
        yield (
            _scan_of_node(one, node),
            one.cascade_id,
            node,
            failure is not None,
            parts_of(node)[1] if kind_of(node) is NodeKind.ACCOUNT else None,
            None if failure is None else failure.owner,
            None if failure is None else failure.round,
            None if failure is None else failure.before_e18,
            loss,
            None if failure is None else failure.deficit_e18,
            None if failure is None else sum(failure.closed_e18.values()),
            listed,
            rest,
            offset,
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
        yield (
            _scan_of_node(one, path.victim),
            one.cascade_id,
            rank,
            path.path_id,
            path.victim,
            victim.failed,
            path.amount_e18,
            path.amount_e18 / victim.loss_e18 if victim.loss_e18 > 0 else None,
            _json(_steps(path)),
            sentence,
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
        "must_pay": options.must_pay,
        "rescued": options.rescued,
    }


def _texts(amounts: Mapping[str, int]) -> str:
    """Amounts as JSON, in text."""
    return _json({name: str(amount) for name, amount in sorted(amounts.items())})


def _shares(prices: Mapping[str, Fraction]) -> str:
    """Prices as JSON, in floats."""
    return _json({factor: float(price) for factor, price in sorted(prices.items())})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
