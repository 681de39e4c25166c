"""The dashboard and the alert rules that ship, held against the metrics that this version shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from scan_results import (
    MARKET,
    check,
    clean_result,
    details,
    judged,
    price,
    total,
    unknown,
)
from told import judged_of

from analyzer.cli import main
from analyzer.documents.scan import JudgedDocument
from analyzer.findings import run_detectors
from analyzer.model.rows import MarketRow, ReadRow
from analyzer.report.metrics import Place, place_of
from analyzer.report.monitoring import monitoring_text
from analyzer.runs.schedule.http import metrics_of
from analyzer.runs.schedule.watch import WatchState
from analyzer.runs.snapshot.query import queries_document
from analyzer.runs.telling.scans import reported_scan
from analyzer.solvency.result import ScanResult, Sum

NOW = 1_000_000.0
PLACE = set(Place._fields)


@dataclass(frozen=True)
class Sample:
    """One line of an exposition."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Outcome:
    """What `WatchState` has of a scan."""

    results: list[ScanResult]

    @property
    def document(self) -> JudgedDocument:
        """What is said of it."""
        return judged_of(self.results)


def samples(state: WatchState) -> list[Sample]:
    families = text_string_to_metric_families(metrics_of(state).decode())
    return [Sample(s.name, dict(s.labels), s.value) for f in families for s in f.samples]


def state_of(result: ScanResult, **changes: Any) -> WatchState:
    """A watch that has just scanned."""
    result.findings = run_detectors(result)
    state = WatchState(
        started_at=NOW - 9_000, head=result.block.number, looked_at=NOW - 10, head_since=NOW - 20,
        scanned=result.block, last_scan_at=NOW - 30, last_scan_s=4.0, scans=3,
        places=(place_of(reported_scan(result)),), outcome=Outcome([result]),  # type: ignore[arg-type]
    )  # fmt: skip
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def market() -> MarketRow:
    return MarketRow(MARKET, "ETH", "ETH", "open", 1, 2, 3, 4, 5, 6, None)


def well() -> WatchState:
    """Everything is as it should be."""
    return state_of(
        clean_result(
            [judged(0), judged(1)],
            checks=[check(0, equal=True)],
            deposits=Sum(10**24),
            details=details(prices=[price("fresh")], markets=[market()], totals=[total()]),
        )
    )


def insolvent() -> WatchState:
    result = clean_result([judged(0), judged(1, equity=-5_000_000)])
    return state_of(result, reorgs=1, failures_total=9)


def doubtful() -> WatchState:
    result = clean_result(
        [judged(0), unknown(1)],
        checks=[check(0, equal=False)],
        details=details(prices=[price("stale")], totals=[total(rebuilt=5, on_chain=9)]),
    )
    result.reads = [ReadRow("rebuild", "f()", 1, 0, 0, 1, "away")]
    return state_of(result)


def asleep() -> WatchState:
    """Nothing has come for long: the node stands, or is away."""
    return state_of(clean_result([judged(0)]), last_scan_at=NOW - 5_000, head_since=NOW - 5_000)


def away() -> WatchState:
    return state_of(clean_result([judged(0)]), looked_at=NOW - 5_000)


Vector = list[tuple[dict[str, str], float]]


class Evaluator:
    """The part of PromQL that ships: selectors, comparison, `-`, `and`, time(), increase, delta.
    A range is the difference to an earlier exposition."""

    def __init__(self, now: list[Sample], earlier: list[Sample]) -> None:
        self.now, self.earlier = now, earlier

    def value(self, node: Any) -> float | Vector:
        kind = type(node).__name__
        if kind == "NumberLiteral":
            return float(node.val)
        if kind == "ParenExpr":
            return self.value(node.expr)
        if kind == "VectorSelector":
            return select(node, self.now)
        if kind == "Call":
            return self._call(node)
        assert kind == "BinaryExpr", kind
        return binary(str(node.op), self.value(node.lhs), self.value(node.rhs))

    def _call(self, node: Any) -> float | Vector:
        name = node.func.name
        if name == "time":
            return NOW
        assert name in ("increase", "delta"), name
        selector = node.args[0].vector_selector
        before = select(selector, self.earlier)
        was = {tuple(sorted(labels.items())): value for labels, value in before}
        return [
            (labels, value - was[tuple(sorted(labels.items()))])
            for labels, value in select(selector, self.now)
            if tuple(sorted(labels.items())) in was
        ]


def select(selector: Any, among: list[Sample]) -> Vector:
    return [
        (sample.labels, sample.value)
        for sample in among
        if sample.name == selector.name and all(fits(m, sample) for m in selector.matchers.matchers)
    ]


def fits(matcher: Any, sample: Sample) -> bool:
    value, op = sample.labels.get(matcher.name, ""), str(matcher.op)
    if op == "MatchOp.Equal":
        return value == matcher.value
    if op == "MatchOp.NotEqual":
        return value != matcher.value
    assert op == "MatchOp.Re", op
    return re.fullmatch(matcher.value, value) is not None


def binary(op: str, left: float | Vector, right: float | Vector) -> Vector:
    if op == "and":
        assert isinstance(left, list)
        assert isinstance(right, list)
        there = [labels for labels, _ in right]
        return [(labels, value) for labels, value in left if labels in there]
    if op == "-":
        assert isinstance(left, float)
        assert isinstance(right, list)
        return [(labels, left - value) for labels, value in right]
    assert isinstance(left, list)
    assert isinstance(right, float)
    holds = {">": float.__gt__, "<": float.__lt__, "==": float.__eq__}[op]
    return [(labels, value) for labels, value in left if holds(value, right)]


def selectors(expression: Any) -> Iterator[Any]:
    """Every selector of an expression."""
    found: list[Any] = []

    def visit(node: Any) -> bool:
        kind = type(node).__name__
        if kind == "VectorSelector":
            found.append(node)
        elif kind == "MatrixSelector":
            found.append(node.vector_selector)
        return True

    promql_parser.walk(expression, visit, lambda node: True)
    yield from {id(one): one for one in found}.values()


RULES = [
    rule for group in yaml.safe_load(monitoring_text("rules"))["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads(monitoring_text("dashboard"))
PANELS = [(p["title"], t) for p in DASHBOARD["panels"] for t in p["targets"]]


def shown() -> dict[str, dict[str, set[str]]]:
    """Metric -> label -> values, over everything that a watch may show here."""
    found: dict[str, dict[str, set[str]]] = {}
    for state in (well(), insolvent(), doubtful()):
        for sample in samples(state):
            of_name = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                of_name.setdefault(label, set()).add(value)
    return found


@pytest.fixture(scope="module")
def catalogue() -> dict[str, dict[str, set[str]]]:
    return shown()


def check_expression(text: str, catalogue: dict[str, dict[str, set[str]]]) -> set[str]:
    """Sees that an expression parses and asks for what there is; the labels that it has."""
    plain = text.replace("$__rate_interval", "5m").replace("$__all", ".*")
    plain = re.sub(r'=~"\$\w+"', '=~".*"', plain)
    found = list(selectors(promql_parser.parse(plain)))
    assert found, text
    labels: set[str] = set()
    for selector in found:
        assert selector.name in catalogue, f"{selector.name} of {text}"
        known = catalogue[selector.name]
        labels |= known.keys()
        for matcher in selector.matchers.matchers:
            assert matcher.name in known, f"{matcher.name} of {text}"
            for value in matcher.value.split("|"):
                assert value == ".*" or value in known[matcher.name] | OTHER, f"{value} of {text}"
    return labels


OTHER = {"doubtful", "invalid", "missing"}
"""Statuses of prices that the states above do not have."""


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_a_rule_asks_for_what_there_is_and_names_its_labels(
    rule: dict[str, Any], catalogue: dict[str, dict[str, set[str]]]
) -> None:
    labels = check_expression(rule["expr"], catalogue)
    texts = " ".join(rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= labels
    assert labels >= PLACE
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    known = {query.name for query in queries_document().queries}
    assert set(re.findall(r"query run (\w+)", texts)) <= known


@pytest.mark.parametrize(("title", "target"), PANELS, ids=[title for title, _ in PANELS])
def test_a_panel_asks_for_what_there_is_and_its_legend_too(
    title: str, target: dict[str, Any], catalogue: dict[str, dict[str, set[str]]]
) -> None:
    labels = check_expression(target["expr"], catalogue)
    assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels
    assert '$deployment"' in target["expr"]


def test_the_check_itself_refuses_what_there_is_not(
    catalogue: dict[str, dict[str, set[str]]],
) -> None:
    for wrong in ("analyzer_nothing > 0", 'analyzer_answer{colour="x"}',
                  'analyzer_answer{outcome="fine"}'):  # fmt: skip
        with pytest.raises(AssertionError):
            check_expression(wrong, catalogue)
    with pytest.raises(ValueError, match=r"."):
        check_expression("analyzer_answer >", catalogue)


def test_the_variables_of_the_dashboard_are_labels_of_every_scan(
    catalogue: dict[str, dict[str, set[str]]],
) -> None:
    queries = [v["definition"] for v in DASHBOARD["templating"]["list"] if v["type"] == "query"]
    found = [re.fullmatch(r"label_values\((\w+)(\{.*\})?, (\w+)\)", text) for text in queries]
    assert [match[3] for match in found if match] == list(Place._fields)
    assert {match[1] for match in found if match} == {"analyzer_scanned_block"}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def firing(state: WatchState, earlier: WatchState | None = None) -> set[str]:
    evaluator = Evaluator(samples(state), samples(earlier or state))
    return {rule["alert"] for rule in RULES if evaluator.value(promql_parser.parse(rule["expr"]))}


def test_no_rule_fires_while_all_is_well() -> None:
    assert firing(well()) == set()


def test_each_rule_fires_for_what_it_is_about() -> None:
    debt = firing(insolvent(), well())
    assert debt >= {
        "AnalyzerInsolvent", "AnalyzerShortfall", "AnalyzerBadDebtGrows",
        "AnalyzerCriticalFindings", "AnalyzerFails", "AnalyzerReorg",
    }  # fmt: skip
    doubt = firing(doubtful())
    assert doubt >= {
        "AnalyzerContradicted", "AnalyzerControlTotalOff", "AnalyzerNotProven", "AnalyzerUnread",
        "AnalyzerUnknownAccounts", "AnalyzerBadPrices",
    }  # fmt: skip
    assert firing(asleep()) == {"AnalyzerNoScan", "AnalyzerChainStands"}
    assert firing(away()) == {"AnalyzerWatchAway"}
    told = debt | doubt | firing(asleep()) | firing(away())
    assert told == {rule["alert"] for rule in RULES}


def test_every_sample_says_of_which_chain_protocol_and_deployment_it_is() -> None:
    for state in (well(), insolvent(), doubtful()):
        for sample in samples(state):
            assert sample.labels.keys() >= PLACE, sample.name


def test_what_only_grows_is_a_counter_and_nothing_else_is() -> None:
    families = list(text_string_to_metric_families(metrics_of(well()).decode()))
    counters = {family.name for family in families if family.type == "counter"}
    assert counters == {"analyzer_scans", "analyzer_failures", "analyzer_reorgs"}
    names = {s.name for family in families for s in family.samples}
    assert {name for name in names if name.endswith("_total")} == {f"{c}_total" for c in counters}


def test_the_command_prints_both_and_replaces_nothing(tmp_path: Path) -> None:
    for what in ("dashboard", "rules"):
        done = CliRunner().invoke(main, ["monitoring", what])
        assert (done.exit_code, done.stdout) == (0, monitoring_text(what))
        file = tmp_path / what
        words = ["monitoring", what, "--out", str(file)]
        assert CliRunner().invoke(main, words).exit_code == 0
        assert file.read_text() == monitoring_text(what)
        again = CliRunner().invoke(main, words)
        assert (again.exit_code, "is there already" in again.stderr) == (2, True)
