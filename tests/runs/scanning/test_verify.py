from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from bank import ALICE, BOB, PLUG, contract_answers
from document_schemas import validate
from index_rows import contents
from memory_chain import MemoryChain

from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.integers import WAD
from analyzer.protocols.kit.book_codec import book_digest
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.scanning.verify import VerifyOptions, VerifyOutcome, verify
from analyzer.runs.snapshot.reader import read_books

RunScan = Callable[..., ScanOutcome]


def run(tmp_path: Path, **changes: object) -> VerifyOutcome:
    options: dict[str, object] = {
        "db": tmp_path / "scan.duckdb", "rpc": ("http://node.example",), **changes
    }  # fmt: skip
    return verify(VerifyOptions(**options), lambda *_: None)  # type: ignore[arg-type]


def details(outcome: VerifyOutcome) -> list[tuple[object, ...]]:
    return [
        (d["account_id"], d["contract"], d["field"], d["expected"], d["actual"])
        for d in to_json(outcome.document)["verification"]["details"]
    ]


def test_a_snapshot_that_is_right_is_confirmed_and_left_as_it_is(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan(verify="none", block="12")
    before = contents(tmp_path / "scan.duckdb")
    outcome = run(tmp_path)
    assert (outcome.exit_code, details(outcome)) == (ExitCode.CLEAN, [])
    assert to_json(outcome.document)["verification"]["checks"] == 3
    validate(to_json(outcome.document))
    assert contents(tmp_path / "scan.duckdb") == before


def test_a_recording_confirms_the_snapshot_that_it_is_of(tmp_path: Path, recording: Path) -> None:
    outcome = run(tmp_path, db=tmp_path / "recorded.duckdb", rpc=(), recording=recording)
    assert (outcome.exit_code, details(outcome)) == (ExitCode.CLEAN, [])


def test_a_number_that_was_altered_is_named(tmp_path: Path, run_scan: RunScan) -> None:
    run_scan()
    with duckdb.connect(str(tmp_path / "scan.duckdb")) as connection:
        connection.execute("UPDATE margin SET equity_e18 = equity_e18 + 1 WHERE verdict='healthy'")
        connection.execute("DELETE FROM collateral WHERE account_id = ?", [BOB])
    outcome = run(tmp_path)
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert details(outcome) == [
        (ALICE, "snapshot", "margin.equity_e18", str(60 * WAD + 1), str(60 * WAD)),
        (BOB, "snapshot", "collateral row", "not there", "rebuilt"),
    ]


def test_a_book_that_was_altered_is_named_with_the_account(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    db = tmp_path / "scan.duckdb"
    (scan,) = read_books(db)
    ledger, price = scan.book.state  # type: ignore[misc]
    ledger.balances[ALICE] += WAD
    amounts = [ledger.balances[account] for account in scan.book.account_ids]
    packed = PLUG.pack(replace(scan.book, state=(ledger, price), amount=amounts))
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE books SET book = ?, sha256 = ?", [packed, book_digest(packed)])
    outcome = run(tmp_path)
    assert outcome.exit_code is ExitCode.DIVERGENCE
    (result,) = outcome.results
    assert [(c.account_id, c.field) for c in result.mismatches] == [(ALICE, "books.book")]
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE books SET book = 'x'::BLOB")
    (broken,) = run(tmp_path).results[0].mismatches
    assert broken.field == "books.book"
    assert "is no book" in str(broken.actual)


def test_a_contract_that_says_otherwise_is_named(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan()
    live.answer = contract_answers(live, lie=-1)
    outcome = run(tmp_path)
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert details(outcome)[0][:3] == (ALICE, "Branch.equityOf", "equity")


def test_a_block_that_is_no_longer_on_the_chain_is_said_so(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan()
    live.reorganise(10)
    live.mine(20, salt="fork")
    with pytest.raises(InputError, match=r"the chain has 0x.* there: scan again"):
        run(tmp_path)


def test_only_the_named_deployments_are_verified(
    tmp_path: Path, run_scan: RunScan, deployment_file: Path
) -> None:
    run_scan()
    assert len(run(tmp_path, deployments=("bank",)).results) == 1
    assert len(run(tmp_path, deployments=(str(deployment_file),)).results) == 1
    with pytest.raises(InputError, match="there is no deployment 'nobody'"):
        run(tmp_path, deployments=("nobody",))
    deployment_file.write_text(deployment_file.read_text().replace("a1", "A2"))
    with pytest.raises(InputError):
        run(tmp_path, deployments=(str(deployment_file),))


def test_a_snapshot_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no snapshot at"):
        run(tmp_path)
