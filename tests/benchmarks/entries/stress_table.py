"""One scenario on a book that comes from a table: loans of 10 to a million dollars, some perps; a
fall that leaves a large part of them below maintenance. Contents: all that the cascade leaves."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.benchmarks.suite import Benchmark, Setting, Way, Work

SHOCK = "ETH=-10%,BTC=-10%"


def ours(setting: Setting) -> Work:
    """The cascade with its paths; making the book is not timed."""
    from table_crowd import crowd, venue

    from analyzer.contagion.cascade import run_cascade
    from analyzer.contagion.scenario import parse_shock
    from analyzer.market.depth.route import Market
    from analyzer.model.collector import without_collector

    book, scenario = crowd(setting.size), parse_shock(SHOCK)

    def work() -> Any:
        with without_collector():
            return run_cascade([venue(book)], scenario, Market())

    return work


def contents(_setting: Setting, result: Any) -> str:
    """A digest over tallies, closures, prices and edges."""
    parts = (
        result.before, result.shocked, result.after, result.failures, result.edges,
        result.bad_debt_e18, [(r.ledger, r.price_after, r.sold_e18) for r in result.rounds],
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


BENCHMARK = Benchmark(
    name="stress_table",
    title="One stress scenario on a table book",
    unit="account",
    size=10_000,
    growth=(100, 1_000, 10_000),
    ways=(
        Way("analyzer", ours, contents),
        Way("analyzer before", ours, contents, base=True),
    ),
)
