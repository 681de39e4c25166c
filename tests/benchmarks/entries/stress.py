"""One stress scenario on a large book: the demo's Aave V3 and Perp V2 books many times over, with
the same totals. Contents: what the cascade leaves, but for the time it took."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.benchmarks.entries.contagion import snapshot
from tests.benchmarks.suite import Benchmark, Setting, Way, Work

SCENARIO = "eth_30"


def ours(setting: Setting) -> Work:
    """One cascade of all books together, with its paths; opening the books is not timed."""
    from many_accounts import multiplied

    from analyzer.contagion.cascade import CascadeOptions
    from analyzer.contagion.trace import Limits
    from analyzer.runs.snapshot.reader import read_books
    from analyzer.runs.stress.cascades import assess, curves_for
    from analyzer.runs.stress.scenarios import named_scenarios

    scans = read_books(snapshot(setting.folder))
    books = [multiplied(scan, setting.size // len(scans)) for scan in scans]
    (scenario,) = named_scenarios((SCENARIO,), ())
    chosen, limits = curves_for(books), Limits(paths=20, victims=10)
    return lambda: assess(books, scenario, chosen, CascadeOptions(), limits=limits).result


def contents(_setting: Setting, result: Any) -> str:
    """A digest over tallies, closures, prices and edges."""
    parts = (
        result.before, result.shocked, result.after, result.failures, result.edges,
        result.bad_debt_e18, [(r.ledger, r.price_after, r.sold_e18) for r in result.rounds],
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


BENCHMARK = Benchmark(
    name="stress",
    title="One stress scenario on a large book",
    unit="account",
    size=100_000,
    growth=(1_000, 10_000, 100_000),
    ways=(
        Way("analyzer", ours, contents),
        Way("analyzer before", ours, contents, base=True),
    ),
)
