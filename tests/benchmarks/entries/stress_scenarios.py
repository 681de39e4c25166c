"""Many scenarios on one book, one after the other in one process: the demo's books with a thousand
accounts, falls of the whole market of all sizes. Contents: bad debt and closures of each."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.benchmarks.entries.contagion import snapshot
from tests.benchmarks.suite import Benchmark, Setting, Way, Work

ACCOUNTS = 1_000


def ours(setting: Setting) -> Work:
    """The cascades with their paths; opening the books is not timed."""
    from many_accounts import multiplied

    from analyzer.contagion.cascade import CascadeOptions
    from analyzer.contagion.scenario import ray
    from analyzer.contagion.trace import Limits
    from analyzer.runs.snapshot.reader import read_books
    from analyzer.runs.stress.cascades import assess, curves_for

    scans = read_books(snapshot(setting.folder))
    books = [multiplied(scan, ACCOUNTS // len(scans)) for scan in scans]
    chosen, limits = curves_for(books), Limits(paths=20, victims=10)
    falls = [ray(1 - Fraction(number + 1, 2 * setting.size)) for number in range(setting.size)]
    return lambda: [
        assess(books, fall, chosen, CascadeOptions(), limits=limits).result for fall in falls
    ]


def contents(_setting: Setting, results: Any) -> str:
    """Scenario by scenario."""
    return str([(r.total_bad_debt_market_e18, r.closed_accounts) for r in results])


BENCHMARK = Benchmark(
    name="stress_scenarios",
    title="Many scenarios on one book",
    unit="scenario",
    size=48,
    growth=(1, 10, 100),
    ways=(
        Way("analyzer", ours, contents),
        Way("analyzer before", ours, contents, base=True),
    ),
)
