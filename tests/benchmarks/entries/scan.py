"""A scan of many Aave V3 accounts after the fold: margins, judgement, findings, snapshot.

The market is the shipped recording's with everybody there many times over (`aave_crowd`); its fold
is made before the clock starts. Equal contents: what every account, market and total has. Not the
statements: of a large scan we write those that somebody has to act on.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import Benchmark, Setting, Way, Work

PEOPLE = 234
"""Accounts of the recording's market."""
COMPARED = {
    "accounts": "account_id, owner, kind, first_block, last_block, events",
    "margin": "account_id, verdict, reason, status, equity_e18, margin_equity_e18,"
    " initial_margin_e18, maintenance_margin_e18, free_collateral_e18, headroom_e18",
    "collateral": "account_id, asset_id, amount, price_e18, value_e18, margin_value_e18, weight_e6",
    "positions": "account_id, market_id, size_e18, value_e18, liquidatable_size_e18, blocked",
    "markets": "market_id, open_interest_long_e18, open_interest_short_e18",
    "backstops": "name, capacity_e18",
    "totals": "name, rebuilt, on_chain",
}
"""Table -> the columns that older trees have too."""


class _Folded:
    """The plug, whose fold is done."""

    def __init__(self, plug: Any, ledger: Any) -> None:
        self._plug = plug
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plug, name)

    def fold(self, _deployment: Any, _events: Any) -> Any:
        """The ledger that was made before."""
        yield from ()
        return self._ledger


def scan(setting: Setting) -> Work:
    """From the ledger to the written snapshot."""
    from aave_crowd import crowd

    from analyzer.model.scan_rows import RunFacts
    from analyzer.protocols.aave_v3 import PLUG
    from analyzer.runs.scanning.judging import judge
    from analyzer.runs.scanning.rows import snapshot_rows
    from analyzer.solvency.rebuild import rebuild
    from analyzer.solvency.result import Completeness
    from analyzer.store.snapshot import write_snapshot

    market = crowd()
    ledger = market.ledger(max(1, setting.size // PEOPLE))
    chain, number = market.chain(ledger), market.block.number
    # Only what both trees have: the last fields are of headers, and differ from tree to tree.
    known = Completeness(0, number, 1, 1, 1, 1)

    def work() -> Path:
        rebuilt = rebuild(
            _Folded(PLUG, ledger), market.deployment, chain=chain, block=market.block, events=(),
            completeness=known, progress=lambda *_: None,
        )  # fmt: skip
        judge(rebuilt.result)
        now, path = datetime(2026, 1, 1), setting.folder / "scan.duckdb"
        facts = RunFacts("b" * 16, "rpc", "http://127.0.0.1", "none", 0, now, now)
        write_snapshot(path, snapshot_rows(facts, [rebuilt.result]))
        return path

    return _as_a_scan_does(work)


def _as_a_scan_does(work: Work) -> Work:
    """The work under what `scan` puts around it, where this tree has that."""
    try:
        from analyzer.model.collector import without_collector
    except ImportError:
        return work

    def inside() -> Any:
        with without_collector():
            return work()

    return inside


def rows_of(_setting: Setting, path: Path) -> str:
    """A digest of what is compared."""
    import duckdb

    out = hashlib.sha256()
    with duckdb.connect(str(path), read_only=True) as connection:
        for table, columns in COMPARED.items():
            rows = connection.execute(f"SELECT {columns} FROM {table}").fetchall()
            out.update(repr((table, sorted(map(repr, rows)))).encode())
    return out.hexdigest()


BENCHMARK = Benchmark(
    name="scan",
    title="Scan of Aave V3 accounts after the fold",
    unit="account",
    size=100_000,
    growth=(1_000, 10_000, 100_000),
    quick=4_680,
    ways=(
        Way("ours", scan, rows_of),
        Way("ours before", scan, rows_of, base=True),
    ),
)
