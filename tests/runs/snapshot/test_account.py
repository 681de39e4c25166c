from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from bank import ALICE, BOB, CAROL
from memory_chain import MemoryChain

from analyzer import __version__
from analyzer.contagion.tell.sentences import short_text
from analyzer.documents.encode import to_json
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.snapshot.account import account

RunScan = Callable[..., ScanOutcome]


def test_a_statement_has_its_head_and_lines(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan(verify="all")
    statement = account(tmp_path / "scan.duckdb", ALICE.lower())
    head = live.ref(live.head)
    assert to_json(statement) == {
        "schema": 1,
        "kind": "account",
        "run": {"analyzer_version": __version__, "exit_code": 0},
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
        "lines": [
            {
                "section": "result",
                "label": "equity",
                "amount": str(60 * WAD),
                "unit": "e18",
                "source": "price",
            }
        ],
    }
    assert account(tmp_path / "scan.duckdb", f"bank/{ALICE}") == statement


def test_an_unknown_account_is_one_line_with_the_nearest_ones(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    with pytest.raises(InputError) as caught:
        account(tmp_path / "scan.duckdb", f"{ALICE[:-1]}x")
    assert str(caught.value) == (
        f"there is no account '{ALICE[:-1]}x' in {tmp_path / 'scan.duckdb'} (3 accounts);"
        f" nearest: {ALICE}, {BOB}, {CAROL}"
    )


def test_an_account_of_another_deployment_is_unknown(tmp_path: Path, run_scan: RunScan) -> None:
    run_scan()
    with pytest.raises(InputError, match="there is no account"):
        account(tmp_path / "scan.duckdb", f"elsewhere/{ALICE}")


def test_an_account_is_found_as_it_is_printed(tmp_path: Path, run_scan: RunScan) -> None:
    run_scan()
    db = tmp_path / "scan.duckdb"
    whole = account(db, ALICE)
    printed = short_text(ALICE)
    assert printed == f"{ALICE[:6]}…{ALICE[-4:]}"
    typed = (printed, printed.lower(), printed.replace("…", "..."), printed.replace("…", ".."))
    for form in (*typed, f"{ALICE[:39]}…", f"bank/{printed}", ALICE[:-1], ALICE[:20].upper()):
        assert account(db, form.replace("0X", "0x")) == whole, form


def test_what_names_several_accounts_lists_them(tmp_path: Path, run_scan: RunScan) -> None:
    run_scan()
    same = "0x"
    assert BOB[:2] == ALICE[:2] == same
    for form in (same, f"{same}…"):
        with pytest.raises(InputError) as caught:
            account(tmp_path / "scan.duckdb", form)
        for name in (ALICE, BOB):
            assert f"bank/{name}" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_what_leaves_out_nothing_or_fits_nobody_is_unknown(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    overlap = f"{ALICE[:-1]}…{ALICE[-4:]}"
    for form in (overlap, "0xdead", "%", "_", "", "bank/", "7", "1…2", "'"):
        with pytest.raises(InputError, match=r"there is no account|are named by"):
            account(tmp_path / "scan.duckdb", form)


def test_an_owner_names_its_only_account_and_several_are_listed(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    db = tmp_path / "scan.duckdb"
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE margin SET account_id = '12', owner = ? WHERE account_id = ?",
                           [CAROL, ALICE])  # fmt: skip
        connection.execute("UPDATE margin SET account_id = '123', owner = ? WHERE account_id = ?",
                           [CAROL, BOB])  # fmt: skip
        connection.execute("UPDATE margin SET account_id = '7', owner = ? WHERE account_id = ?",
                           [ALICE, CAROL])  # fmt: skip
    assert account(db, ALICE).account_id == "7"
    assert account(db, short_text(ALICE)).account_id == "7"
    assert account(db, "12").account_id == "12"
    for form in (CAROL, short_text(CAROL), CAROL.lower()[:41]):
        with pytest.raises(InputError, match=f"2 accounts of .*{form}.*bank/12, bank/123$"):
            account(db, form)
    with pytest.raises(InputError, match="there is no account '1'"):
        account(db, "1")
