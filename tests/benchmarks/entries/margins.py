"""The exact margins of many Aave V3 accounts, in short and in full.

In full is what says every number on the way; in short is what a scan asks first, falling back to
it. Both give the same rows.
"""

from __future__ import annotations

import hashlib
from typing import Any

from tests.benchmarks.entries.scan import PEOPLE
from tests.benchmarks.suite import Benchmark, Setting, Way, Work


def book_of(setting: Setting) -> tuple[Any, Any]:
    """(the crowd's book, its prices)."""
    from aave_crowd import crowd

    from analyzer.protocols.aave_v3 import PLUG
    from analyzer.solvency.drive import CountedReads

    market = crowd()
    ledger = market.ledger(max(1, setting.size // PEOPLE))
    reads = CountedReads(market.chain(ledger), market.block)
    seen = reads.drive(PLUG.observe(market.deployment, ledger, market.block))
    book = PLUG.book(market.deployment, market.block, ledger, seen)
    return book, PLUG.prices(book)


def in_short(setting: Setting) -> Work:
    """Every margin row as a scan makes it."""
    from analyzer.model.collector import without_collector
    from analyzer.protocols.aave_v3 import PLUG

    book, prices = book_of(setting)

    def work() -> Any:
        with without_collector():
            return PLUG.margin(PLUG.value(book, prices))

    return work


def in_full(setting: Setting) -> Work:
    """Every margin row with all that it is made of."""
    from analyzer.model.collector import without_collector
    from analyzer.protocols.aave_v3.value.margin import row_in_full
    from analyzer.protocols.aave_v3.value.value import value

    book, prices = book_of(setting)

    def work() -> Any:
        valued = value(book, prices)
        with without_collector():
            return [row_in_full(valued, address) for address in book.account_ids]

    return work


def rows_of(_setting: Setting, rows: Any) -> str:
    """A digest of every row."""
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


BENCHMARK = Benchmark(
    name="margins",
    title="Exact margins, Aave V3",
    unit="account",
    size=20_000,
    growth=(1_000, 10_000, 100_000),
    ways=(Way("in short", in_short, rows_of), Way("in full", in_full, rows_of)),
)
