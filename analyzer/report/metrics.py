"""A scan, and the watch that made it, as Prometheus metrics: few labels, none of them an account.

Every sample says of which chain, protocol and deployment it is, so that any two can be joined.

Amounts are floats in the settlement currency here, because Prometheus knows nothing else; what is
unknown has no sample (and is counted), never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer import __version__
from analyzer.documents.report import ReportedScan
from analyzer.documents.scan import JudgedDocument, Scan, ScanPlace
from analyzer.findings.scale import Grade
from analyzer.findings.summary import Answer
from analyzer.model.book import Price
from analyzer.model.errors import lacks_extra
from analyzer.model.finding import Severity
from analyzer.model.visible import visible

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

E18 = 10**18
PREFIX = "analyzer_"
REBUILD = "rebuild"
"""The purpose of a read that margin needs."""


class Place(NamedTuple):
    """What every sample is about, and which labels it has first."""

    chain: int
    protocol: str
    deployment: str


def place_of(scan: ScanPlace) -> Place:
    """What a scan's samples are about."""
    return Place(scan.chain_id, scan.protocol, scan.deployment)


def _kind(counted: bool) -> Any:
    """The library's metric family. Raises: InputError where it is not installed."""
    try:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    except ImportError as error:
        raise lacks_extra("a metrics file or port", "metrics") from error
    return CounterMetricFamily if counted else GaugeMetricFamily


class Family:
    """A metric with its help text and its labels beside the place, filled sample by sample.

    counted: it only grows while the process lives, and its samples end with `_total`.
    """

    def __init__(
        self, name: str, text: str, labels: Sequence[str] = (), *, counted: bool = False
    ) -> None:
        self.metric = _kind(counted)(PREFIX + name, text, labels=[*Place._fields, *labels])

    def add(self, value: float, place: Place, *labels: str) -> None:
        """One sample; a label of a stranger's making is made visible."""
        self.metric.add_metric([visible(str(label)) for label in (*place, *labels)], value)


def scan_families(document: JudgedDocument, rows: Sequence[ReportedScan]) -> Iterator[Metric]:
    """What a run's scans found, by deployment. rows: of the same scans."""
    yield from _solvency(document.scans)
    yield from _scale(document.scans)
    yield from _proof(document)
    yield from _markets(rows)


def _solvency(scans: Sequence[Scan]) -> Iterator[Metric]:
    """Who stands where, and who bears what."""
    block = Family("scanned_block", "Number of the scanned block.")
    time = Family("scanned_block_timestamp_seconds", "Time of the scanned block.")
    accounts = Family("accounts", "Accounts by verdict.", ["verdict"])
    debt = Family("bad_debt", "Negative equity not yet settled.")
    capacity = Family("backstop_capacity", "What the backstops can bear.")
    shortfall = Family("shortfall", "Bad debt beyond the backstops.")
    answer = Family("answer", "1 for the answer that is given.", ["outcome"])
    doubt = Family("doubts", "Reasons why the answer is not proven.")
    for scan in scans:
        place, solvency = place_of(scan), scan.solvency
        block.add(scan.block.number, place)
        time.add(scan.block.time, place)
        for verdict, count in scan.verdicts.items():
            accounts.add(count, place, verdict)
        for one in Answer:
            answer.add(one is solvency.answer, place, one.value)
        doubt.add(len(solvency.caveats), place)
        # Zero over a set that is not whole is no zero.
        if solvency.answer is not Answer.NOT_PROVEN or solvency.hidden_bad_debt_e18:
            debt.add(solvency.hidden_bad_debt_e18 / E18, place)
        if solvency.backstop_capacity_e18 is not None:
            capacity.add(solvency.backstop_capacity_e18 / E18, place)
        if solvency.shortfall_e18 is not None and solvency.answer is not Answer.NOT_PROVEN:
            shortfall.add(solvency.shortfall_e18 / E18, place)
    for family in (block, time, accounts, answer, doubt, debt, capacity, shortfall):
        yield family.metric


def _scale(scans: Sequence[Scan]) -> Iterator[Metric]:
    """How large the bad debt is beside what the deployment holds."""
    measure = Family("measure", "What bad debt is held against.", ["of"])
    share = Family("bad_debt_share", "Bad debt / that measure, 1 = all.", ["of"])
    indebted = Family("bad_debt_accounts", "Accounts with negative equity.")
    grade = Family("bad_debt_grade", "1 for the grade that it has.", ["grade"])
    for scan in scans:
        place, solvency = place_of(scan), scan.solvency
        indebted.add(solvency.insolvent_accounts, place)
        for one in Grade:
            grade.add(one is solvency.scale.grade, place, one.value)
        for held in solvency.scale.shares:
            if held.amount_e18 is not None:
                measure.add(held.amount_e18 / E18, place, held.of.value)
            # A share that may be too small is none: the answer is not proven.
            if held.share_e18 is not None and solvency.answer is not Answer.NOT_PROVEN:
                share.add(held.share_e18 / E18, place, held.of.value)
    for family in (measure, share, indebted, grade):
        yield family.metric


def _proof(document: JudgedDocument) -> Iterator[Metric]:
    """How sure and how complete it is."""
    checks = Family("checks", "Numbers compared with the contract.", ["outcome"])
    totals = Family("control_totals", "Control totals.", ["outcome"])
    unread = Family("unread", "Reads of the rebuild that were not answered.")
    findings = Family("findings", "Findings by severity.", ["severity"])
    found = Counter((finding.scan_id, finding.severity) for finding in document.findings)
    for scan in document.scans:
        place, done = place_of(scan), scan.verification
        checks.add(done.checks - done.mismatches, place, "equal")
        checks.add(done.mismatches, place, "differs")
        checks.add(done.not_compared, place, "not_compared")
        held = Counter(total.holds for total in scan.totals)
        for outcome, label in ((True, "holds"), (False, "off"), (None, "not_read")):
            totals.add(held[outcome], place, label)
        unread.add(sum(r.not_read for r in scan.reads if r.purpose == REBUILD), place)
        for severity in Severity:
            findings.add(found[scan.scan_id, severity], place, severity.label)
    for family in (checks, totals, unread, findings):
        yield family.metric


def _markets(rows: Sequence[ReportedScan]) -> Iterator[Metric]:
    """How old prices are, and how much is open."""
    age = Family("oracle_age_seconds", "Age of a price at the block.", ["symbol"])
    bad = Family("prices", "Prices by status.", ["status"])
    interest = Family("open_interest", "Open interest.", ["market", "side"])
    for scan in rows:
        place = place_of(scan)
        for symbol, oldest in _oldest_by_symbol(scan.prices).items():
            age.add(scan.block.time - oldest, place, symbol)
        for status, count in sorted(Counter(p.status for p in scan.prices).items()):
            bad.add(count, place, status)
        symbols = Counter(visible(market.symbol) for market in scan.markets)
        for market in scan.markets:
            unique = symbols[visible(market.symbol)] == 1
            label = market.symbol if unique else f"{market.symbol} {market.market_id}"
            for side, amount in (
                ("long", market.open_interest_long_e18),
                ("short", market.open_interest_short_e18),
            ):
                if amount is not None:
                    interest.add(amount / E18, place, label, side)
    for family in (age, bad, interest):
        yield family.metric


def _oldest_by_symbol(prices: Sequence[Price]) -> dict[str, int]:
    """When the oldest price of a symbol is of (unix seconds), as it is shown: anybody may give a
    token the symbol of another, and a fresh one must not hide a frozen one."""
    oldest: dict[str, int] = {}
    for price in prices:
        if price.updated_at is not None:
            symbol = visible(price.symbol)
            oldest[symbol] = min(price.updated_at, oldest.get(symbol, price.updated_at))
    return oldest


def watch_families(facts: Mapping[str, float | None], places: Sequence[Place]) -> Iterator[Metric]:
    """What a watch says of itself: name -> value; None = not known yet, and no sample. It is said
    of each of its deployments, which it scans together."""
    for name, value in facts.items():
        family = Family(name, WATCH_TEXTS[name], counted=name in WATCH_COUNTERS)
        if value is not None:
            for place in places:
                family.add(float(value), place)
        yield family.metric
    version = Family("build_info", "Version of the program.", ["version"])
    for place in places:
        version.add(1, place, __version__)
    yield version.metric


WATCH_COUNTERS = frozenset({"scans", "failures", "reorgs"})
"""Metrics of a watch that only grow while it lives."""
WATCH_TEXTS = {
    "head_block": "Newest block that was seen.",
    "head_since_timestamp_seconds": "When the newest block was first seen: old = the chain stands.",
    "last_look_timestamp_seconds": "When a node last answered: old = it, or the watch, is away.",
    "lag_blocks": "Blocks between the head and the scanned block.",
    "scans": "Scans made by this process.",
    "run_success": "1 when the last attempt succeeded.",
    "run_duration_seconds": "How long the last scan took.",
    "run_last_success_timestamp_seconds": "When the last scan ended.",
    "failures": "Failed attempts of this process.",
    "reorgs": "Scanned blocks that left the chain.",
    "reorg_depth": "Blocks above the last scanned block that left the chain.",
}
"""Every metric of a watch, with its help text."""


def exposition(families: Iterator[Metric]) -> bytes:
    """The families in Prometheus' text format. Raises: InputError without the library."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.registry import Collector
    except ImportError as error:
        raise lacks_extra("a metrics file or port", "metrics") from error
    listed = list(families)

    class Once(Collector):
        """Gives what was collected already."""

        def collect(self) -> list[Metric]:
            """The families."""
            return listed

    registry = CollectorRegistry()
    registry.register(Once())
    return generate_latest(registry)
