from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bank import ALICE, BOB, BRANCH, CAROL, MOVED, PLUG, REGISTRY, contract_answers
from document_schemas import validate
from index_rows import contents
from memory_chain import MemoryChain

from analyzer.abi.keccak import checksum
from analyzer.documents.encode import to_json
from analyzer.model.block import BlockRef
from analyzer.model.errors import ExitCode, InputError, UnreadError
from analyzer.model.integers import WAD
from analyzer.model.reads import Answer, NotRead, ReadRequest
from analyzer.runs.scanning import scan as scan_module
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan
from analyzer.store.snapshot import SCHEMA, open_snapshot

RunScan = Callable[..., ScanOutcome]
VERDICTS = "SELECT account_id, verdict, equity_e18, verified FROM margin ORDER BY account_id"


def query(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_snapshot(db) as snapshot:
        return snapshot.query(sql)[1]


def test_a_scan_writes_the_snapshot_and_says_what_it_found(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    outcome = run_scan(verify="all")
    assert query(tmp_path / "scan.duckdb", VERDICTS) == [
        (ALICE, "healthy", 60 * WAD, True),
        (BOB, "below_initial", 8 * WAD, True),
        (CAROL, "liquidatable", 2 * WAD, True),
    ]
    document = to_json(outcome.document)
    validate(document)
    assert document["schema"] == 1
    (scanned,) = document["scans"]
    assert scanned["block"] == {
        "number": live.head,
        "hash": live.ref(live.head).hash,
        "time": live.ref(live.head).time,
    }
    assert (scanned["accounts"], scanned["unknown"]) == (3, 0)
    assert document["verification"]["checks"] == 3
    assert document["verification"]["mismatches"] == 0
    assert outcome.exit_code is ExitCode.FINDINGS
    assert {f["detector"] for f in document["findings"]} == {"undercollateralized-account"}


def test_every_table_of_the_snapshot_agrees_with_the_result(
    tmp_path: Path, run_scan: RunScan
) -> None:
    result = run_scan(verify="all").results[0]
    db = tmp_path / "scan.duckdb"
    with open_snapshot(db) as snapshot:
        counts = {name: len(snapshot.rows(table, result.scan_id)) for name, table in SCHEMA.items()}
    # Tables that are not named are those of scenarios, which no scan fills.
    assert counts == dict.fromkeys(SCHEMA, 0) | {
        "runs": 1,
        "scans": 1,
        "accounts": 3,
        "margin": 3,
        "collateral": 3,
        "positions": 0,
        "orders": 0,
        "markets": 0,
        "prices": 1,
        "backstops": 1,
        "totals": 2,
        "verification": 3,
        "findings": len(result.findings),
        "reads": 4,
        "implementations": 0,
        "statements": 3,
        "silent_changes": 0,
        "cautions": 0,
        "books": 1,
    }
    counted = (
        "accounts, unknown, liquidatable, below_initial, healthy, checks, logs, headers,"
        " headers_linked"
    )
    assert query(db, f"SELECT {counted} FROM scans") == [(3, 0, 1, 1, 1, 3, 8, 6, 1)]


def test_a_broken_header_chain_proves_nothing(
    live: MemoryChain, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = MemoryChain.ref

    def ref(chain: MemoryChain, number: int) -> BlockRef:
        found = honest(chain, number)
        return replace(found, parent_hash="0x" + "cd" * 32) if number == 2 else found

    monkeypatch.setattr(MemoryChain, "ref", ref)
    outcome = run_scan(fail_on="never")
    (doubt,) = to_json(outcome.document)["scans"][0]["completeness"]["doubts"]
    assert doubt.startswith("block 2 names 0xcdcdcd")
    assert to_json(outcome.document)["scans"][0]["solvency"]["caveats"] == [
        f"logs not proven complete: {doubt}"
    ]
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ


def test_the_same_scan_twice_gives_the_same_database(tmp_path: Path, run_scan: RunScan) -> None:
    run_scan(db=tmp_path / "one.duckdb")
    run_scan(db=tmp_path / "two.duckdb")
    assert contents(tmp_path / "one.duckdb") == contents(tmp_path / "two.duckdb")


def test_an_older_block_is_scanned_from_an_index_that_is_ahead(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    run_scan(block="8")
    run_scan(block="8", db=tmp_path / "fresh.duckdb")
    assert contents(tmp_path / "scan.duckdb") == contents(tmp_path / "fresh.duckdb")
    assert query(tmp_path / "scan.duckdb", VERDICTS) == [(ALICE, "healthy", 60 * WAD, True)]


def test_a_recording_gives_the_same_database_without_the_node(
    tmp_path: Path, recording: Path, live: MemoryChain
) -> None:
    asked = len(live.asked)
    outcome = scan(
        ScanOptions(db=tmp_path / "replayed.duckdb", recording=recording, verify="all"),
        lambda *_: None,
    )
    live_rows, replayed = (
        contents(tmp_path / "recorded.duckdb"),
        contents(tmp_path / "replayed.duckdb"),
    )
    for name in set(SCHEMA) - {"runs", "scans"}:
        assert replayed[name] == live_rows[name], name
    assert len(live.asked) == asked
    assert to_json(outcome.document)["run"]["source"] == "recording"


def test_a_recording_is_whole_even_when_the_index_knew_the_logs(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    run_scan(record=tmp_path / "late.zip")
    scan(ScanOptions(db=tmp_path / "r.duckdb", recording=tmp_path / "late.zip"), lambda *_: None)
    assert query(tmp_path / "r.duckdb", VERDICTS) == query(tmp_path / "scan.duckdb", VERDICTS)


def without_a_log(recording: Path, path: Path) -> Path:
    """A copy of a recording in which the last log that moves a balance is missing."""
    with zipfile.ZipFile(recording) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "logs.jsonl.gz":
                lines = gzip.decompress(data).splitlines(keepends=True)
                data = gzip.compress(b"".join([*lines[:-2], lines[-1]]), mtime=0)
            target.writestr(name, data)
    return path


def test_a_recording_that_lacks_a_log_spoils_no_later_scan_into_the_same_file(
    tmp_path: Path, recording: Path
) -> None:
    def replay(path: Path, db: str) -> list[tuple[object, ...]]:
        scan(ScanOptions(db=tmp_path / db, recording=path, verify="all"), lambda *_: None)
        return query(tmp_path / db, VERDICTS)

    right = replay(recording, "alone.duckdb")
    spoiled = replay(without_a_log(recording, tmp_path / "spoiled.zip"), "shared.duckdb")
    assert spoiled != right
    assert replay(recording, "shared.duckdb") == right
    assert contents(tmp_path / "shared.duckdb") == contents(tmp_path / "alone.duckdb")


def test_a_recording_that_lacks_a_log_spoils_no_later_scan_of_the_live_chain(
    tmp_path: Path, recording: Path, run_scan: RunScan
) -> None:
    spoiled = without_a_log(recording, tmp_path / "spoiled.zip")
    scan(ScanOptions(db=tmp_path / "scan.duckdb", recording=spoiled), lambda *_: None)
    run_scan(verify="all")
    assert query(tmp_path / "scan.duckdb", VERDICTS) == query(
        tmp_path / "recorded.duckdb", VERDICTS
    )


def test_no_key_of_an_endpoint_is_written_anywhere(tmp_path: Path, run_scan: RunScan) -> None:
    outcome = run_scan(record=tmp_path / "evidence.zip")
    assert "0123456789secret" not in json.dumps(to_json(outcome.document))
    for path in tmp_path.glob("*.duckdb"):
        assert b"0123456789secret" not in path.read_bytes()
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        for name in archive.namelist():
            assert b"0123456789secret" not in archive.read(name)


def test_the_same_margins_come_from_a_node_that_refuses_every_judge(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan()
    before = query(tmp_path / "scan.duckdb", "SELECT * EXCLUDE (verified) FROM margin")
    honest = contract_answers(live)

    def refusing(number: int, request: ReadRequest) -> Answer:
        if request.data[:10] in PLUG.judge_selectors():
            raise UnreadError("this node answers no judge")
        return honest(number, request)

    live.answer = refusing
    run_scan(verify="none")
    after = query(tmp_path / "scan.duckdb", "SELECT * EXCLUDE (verified) FROM margin")
    assert after == before


def test_a_judge_that_lies_by_one_wei_gives_exit_code_4_and_is_named(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    live.answer = contract_answers(live, lie=1)
    outcome = run_scan(verify="all")
    assert outcome.exit_code is ExitCode.DIVERGENCE
    details = to_json(outcome.document)["verification"]["details"]
    assert [(d["account_id"], d["field"]) for d in details] == [
        (ALICE, "equity"),
        (BOB, "equity"),
        (CAROL, "equity"),
    ]
    assert query(tmp_path / "scan.duckdb", "SELECT DISTINCT verified FROM margin") == [(False,)]


def test_what_was_not_read_makes_accounts_unknown_and_exit_code_3(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    honest = contract_answers(live)
    live.answer = lambda number, request: (
        honest(number, request) if request.kind == "code_hash" else NotRead("the node is down")
    )
    outcome = run_scan()
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    rows = query(tmp_path / "scan.duckdb", "SELECT DISTINCT verdict, equity_e18 FROM margin")
    assert rows == [("unknown", None)]
    reads = "SELECT what, not_read FROM reads WHERE purpose = 'rebuild'"
    assert query(tmp_path / "scan.duckdb", reads) == [("Registry.price", 1)]


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [("low", 1), ("high", 1), ("critical", 0), ("never", 0)],
)
def test_findings_count_from_the_severity_that_was_named(
    run_scan: RunScan, fail_on: str, code: int
) -> None:
    assert run_scan(fail_on=fail_on).exit_code == code


def test_a_reorg_between_two_scans_is_followed(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan()
    live.reorganise(12)
    live.mine(1, salt="fork")
    live.emit(BRANCH, MOVED, ALICE, -55 * WAD, 0)
    live.mine(4, salt="fork")
    outcome = run_scan()
    assert to_json(outcome.document)["run"]["rolled_back_blocks"] == 11
    run_scan(db=tmp_path / "fresh.duckdb")
    assert contents(tmp_path / "scan.duckdb") == contents(tmp_path / "fresh.duckdb")
    assert contents(tmp_path / "scan.index.duckdb") == contents(tmp_path / "fresh.index.duckdb")
    assert query(tmp_path / "scan.duckdb", VERDICTS)[0] == (ALICE, "below_initial", 5 * WAD, True)


def fails(tmp_path: Path, run: Callable[[], object], error: type[Exception], match: str) -> None:
    """The run fails in one line, and every file is as it was before."""
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    with pytest.raises(error, match=match) as caught:
        run()
    assert "\n" not in str(caught.value)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_deployment_of_another_chain_is_refused_with_both_named(
    tmp_path: Path, run_scan: RunScan, deployment_file: Path
) -> None:
    deployment_file.write_text(deployment_file.read_text().replace("4242", "10"))
    fails(tmp_path, run_scan, InputError, "is of chain 10, the answers come from chain 4242")


def test_an_address_without_a_contract_is_refused(
    tmp_path: Path, run_scan: RunScan, deployment_file: Path
) -> None:
    wrong = checksum("0x" + "77" * 20)
    deployment_file.write_text(deployment_file.read_text().replace(REGISTRY, wrong))
    fails(tmp_path, run_scan, InputError, f"no contract at registry {wrong} ")


def test_a_block_before_the_deployment_is_refused(tmp_path: Path, run_scan: RunScan) -> None:
    fails(tmp_path, lambda: run_scan(block="0"), InputError, "block 0 is before deployment bank, ")


def test_a_block_without_state_is_exit_code_3(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    def pruned(number: int, request: ReadRequest) -> Answer:
        raise UnreadError("the state of block 20 is not available")

    live.answer = pruned
    fails(tmp_path, run_scan, UnreadError, "the state of block 20 is not available")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"verify": "some"}, "is no verification mode"),
        ({"fail_on": "awful"}, "is no severity"),
        ({"block": "yesterday"}, "is no block"),
        ({"deployments": ("nobody",)}, "there is no deployment 'nobody'"),
        ({"deployments": ()}, "which deployment"),
        ({"record": Path("/nowhere/at/all.zip")}, "cannot be written"),
        ({"rpc": ()}, "RPC URL"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(
    tmp_path: Path, run_scan: RunScan, changes: dict[str, object], match: str
) -> None:
    fails(tmp_path, lambda: run_scan(**changes), InputError, match)


def test_one_file_cannot_be_index_and_snapshot(tmp_path: Path, run_scan: RunScan) -> None:
    same = tmp_path / "scan.duckdb"
    fails(tmp_path, lambda: run_scan(index=same), InputError, "they are two files")


def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path, run_scan: RunScan) -> None:
    (tmp_path / "scan.duckdb").write_text("dear diary")
    fails(tmp_path, run_scan, InputError, "is not a database of analyzer")


def test_the_same_deployment_twice_is_refused(
    tmp_path: Path, run_scan: RunScan, deployment_file: Path
) -> None:
    names = (str(deployment_file), "bank-shipped")
    fails(tmp_path, lambda: run_scan(deployments=names), InputError, "are the same contracts")


def test_a_run_that_breaks_off_leaves_the_old_snapshot_and_no_recording(
    tmp_path: Path, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_scan()
    before = contents(tmp_path / "scan.duckdb")

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(scan_module, "rebuild_indexed", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        run_scan(record=tmp_path / "evidence.zip")
    assert contents(tmp_path / "scan.duckdb") == before
    assert not (tmp_path / "evidence.zip").exists()


def test_a_corrupt_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_text("no zip")
    options = ScanOptions(db=tmp_path / "s.duckdb", recording=tmp_path / "bad.zip")
    fails(tmp_path, lambda: scan(options, lambda *_: None), InputError, "is no recording")


def test_wrong_input_found_while_rebuilding_leaves_no_index_that_was_not_there(
    tmp_path: Path, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InputError("this is no vault")

    with monkeypatch.context() as patched:
        patched.setattr(scan_module, "rebuild_indexed", refuse)
        with pytest.raises(InputError, match="no vault"):
            run_scan()
        assert list(tmp_path.glob("scan*")) == []
    run_scan()
    kept = tmp_path / "scan.index.duckdb"
    with monkeypatch.context() as patched:
        patched.setattr(scan_module, "rebuild_indexed", refuse)
        with pytest.raises(InputError, match="no vault"):
            run_scan()
    assert kept.exists()
