from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bank import ALICE, BOB, CAROL
from memory_chain import MemoryChain

from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.model.rows import StatementLine
from analyzer.runs.account import account
from analyzer.runs.scan import ScanOutcome

RunScan = Callable[..., ScanOutcome]


def test_a_statement_has_its_head_and_lines(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan(verify="all")
    statement = account(tmp_path / "scan.duckdb", ALICE.lower())
    head = live.ref(live.head)
    assert statement.header == {
        "protocol": "bank",
        "deployment": "bank",
        "chain_id": 4242,
        "block": {"number": head.number, "hash": head.hash, "time": head.time},
        "account_id": ALICE,
        "owner": ALICE,
        "verdict": "healthy",
        "reason": "margin equity 60 - maintenance margin 5 = 55;"
        " free collateral 50 (initial margin 10)",
        "status": "open",
        "verified": True,
    }
    assert statement.lines == [StatementLine(ALICE, "result", "equity", 60 * WAD, "e18", "price")]
    assert account(tmp_path / "scan.duckdb", f"bank/{ALICE}") == statement


def test_an_unknown_account_is_one_line_with_the_nearest_ones(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    with pytest.raises(InputError) as caught:
        account(tmp_path / "scan.duckdb", ALICE[:-1])
    assert str(caught.value) == (
        f"there is no account '{ALICE[:-1]}' in {tmp_path / 'scan.duckdb'} (3 accounts);"
        f" nearest: {ALICE}, {BOB}, {CAROL}"
    )


def test_an_account_of_another_deployment_is_unknown(tmp_path: Path, run_scan: RunScan) -> None:
    run_scan()
    with pytest.raises(InputError, match="there is no account"):
        account(tmp_path / "scan.duckdb", f"elsewhere/{ALICE}")
