from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from scan_results import (
    E18,
    MARKET,
    account_id,
    check,
    clean_result,
    details,
    judged,
    position,
    price,
    total,
    unknown,
)

from analyzer.findings import run_detectors
from analyzer.model.rows import CollateralRow, MarketRow, OrderRow, ReadRow
from analyzer.model.scan_rows import RunFacts
from analyzer.runs.scanning.rows import snapshot_rows
from analyzer.store.snapshot import write_snapshot


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot in which every query has something to find.

    Accounts: 0 healthy, 1 liquidatable (40 short, its position blocked), 2 insolvent by 700,
    3 unknown, 4 on the edge.
    """
    rows = [
        judged(0),
        judged(1, equity=60),
        judged(2, equity=-700, settled=-800),
        unknown(3),
        judged(4, equity=101),
    ]
    beside = details(
        positions=[position(0), position(1, blocked="uint24"), position(2)],
        collateral=[
            CollateralRow(
                account_id(n), "0xT", "USDC", 6, amount * 10**6, E18, amount * E18, amount * E18,
                1_000_000,
            )
            for n, amount in ((0, 1_000), (1, 60), (2, -700))
        ],
        markets=[
            MarketRow(
                MARKET, "vETH", "ETH", "open", 100 * E18, 99 * E18, 100 * E18, 4 * E18, 0,
                100_000, 62_500,
            )
        ],
        orders=[OrderRow(account_id(0), MARKET, "0x1", -60, 60, 5, E18, 2 * E18, E18, E18, 3)],
        prices=[price("stale")],
        totals=[total(rebuilt=103)],
    )  # fmt: skip
    result = clean_result(
        rows,
        details=beside,
        checks=[check(0, equal=True), check(1, equal=False)],
        reads=[ReadRow("rebuild", "Pool.observe", 4, 2, 1, 1, "node closed the connection")],
    )
    result.findings = run_detectors(result)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    facts = RunFacts("r" * 16, "recording", "hand-made", "all", 4, moment, moment)
    path = tmp_path_factory.mktemp("queries") / "scan.duckdb"
    # Its book is made by hand and is no protocol's.
    write_snapshot(path, {**snapshot_rows(facts, [result]), "books": []})
    return path
