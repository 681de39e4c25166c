from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from backfilled import RunBackfill, files
from bank import ALICE, BRANCH, MOVED, REGISTRY, contract_answers
from document_schemas import validate
from memory_chain import Interrupted, MemoryChain

from analyzer.api.history import ask, series
from analyzer.documents.encode import to_json
from analyzer.model.block import BlockRef
from analyzer.model.errors import ExitCode, InputError, UnreadError
from analyzer.model.integers import WAD
from analyzer.model.reads import Answer, NotRead, ReadRequest
from analyzer.runs.many import backfill as module
from analyzer.runs.many.backfill import BackfillOptions, BackfillOutcome, backfill
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.store.history import HISTORY_TABLES, MANIFEST, held
from analyzer.store.snapshot import open_snapshot


def counts(outcome: BackfillOutcome) -> dict[str, Any]:
    """The one deployment's counts."""
    document = to_json(outcome.document)
    validate(document)
    (entry,) = document["deployments"]
    return {name: value for name, value in entry.items() if name != "deployment"}


def test_every_block_of_the_range_is_there_and_is_what_a_scan_of_it_says(
    tmp_path: Path, run_backfill: RunBackfill, run_scan: Callable[..., ScanOutcome]
) -> None:
    outcome = run_backfill(verify="all")
    assert counts(outcome) == {"written": 4, "present": 0, "before_deployment": 0, "failed": 0}
    columns = "account_id, owner, equity_e18, free_collateral_e18, headroom_e18, verdict, verified"
    for block in (8, 12, 16, 20):
        run_scan(block=str(block), verify="all", db=tmp_path / "one.duckdb")
        with open_snapshot(tmp_path / "one.duckdb") as snapshot:
            scanned = snapshot.query(f"SELECT {columns} FROM margin ORDER BY 1")[1]
        where = f"WHERE block_number = {block} ORDER BY 1"
        assert ask(tmp_path / "history", f"SELECT {columns} FROM history_margin {where}")[1] == (
            scanned
        )


def test_the_files_lie_by_chain_protocol_and_day_and_amounts_are_exact(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    run_backfill()
    (path,) = (tmp_path / "history" / "margin").glob("*/*/*/*-000000000008.parquet")
    assert path.parent.relative_to(tmp_path).as_posix() == (
        "history/margin/chain=4242/protocol=bank/day=2023-11-14"
    )
    schema = pq.read_schema(path)
    assert str(schema.field("equity_e18").type) == "decimal128(38, 0)"
    assert schema.metadata[b"format"] == b"1"
    typed = ask(tmp_path / "history", "SELECT DISTINCT typeof(equity_e18) FROM history_margin")
    assert typed[1] == [("HUGEINT",)]


def test_a_second_run_writes_nothing_and_says_the_same(
    tmp_path: Path, run_backfill: RunBackfill, live: MemoryChain
) -> None:
    first = run_backfill()
    before = files(tmp_path / "history")
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "history").rglob("*.parquet")}
    asked = [entry for entry in live.asked if entry[0] == "read"]
    second = run_backfill()
    assert counts(second) == {"written": 0, "present": 4, "before_deployment": 0, "failed": 0}
    assert second.exit_code is first.exit_code is ExitCode.FINDINGS
    assert files(tmp_path / "history") == before
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    assert [entry for entry in live.asked if entry[0] == "read"] == asked


def test_again_scans_what_is_there_and_gives_the_same_bytes(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    run_backfill()
    before = files(tmp_path / "history")
    assert counts(run_backfill(again=True))["written"] == 4
    assert files(tmp_path / "history") == before


def test_a_history_grows_and_its_blocks_stay(tmp_path: Path, run_backfill: RunBackfill) -> None:
    run_backfill(blocks=("8:12:4",))
    assert counts(run_backfill(blocks=("8:20:4",)))["written"] == 2
    run_backfill(history=tmp_path / "straight")
    assert files(tmp_path / "history") == files(tmp_path / "straight")


def test_two_histories_are_merged_by_copying_the_files_of_one_over_the_other(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    run_backfill(history=tmp_path / "straight")
    run_backfill(history=tmp_path / "early", blocks=("8:12:4",))
    run_backfill(history=tmp_path / "late", blocks=("12:20:4",))
    for name, data in files(tmp_path / "late").items():
        target = tmp_path / "early" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    counted = run_backfill(history=tmp_path / "early")
    assert counts(counted)["present"] == 4
    assert files(tmp_path / "early") == files(tmp_path / "straight")


@pytest.mark.parametrize("survives", range(0, 24, 5))
def test_a_run_that_is_killed_between_two_files_leaves_nothing_half_and_is_gone_on_from(
    tmp_path: Path, run_backfill: RunBackfill, monkeypatch: pytest.MonkeyPatch, survives: int
) -> None:
    import analyzer.store.history as history

    run_backfill(history=tmp_path / "straight")
    honest, left = history.write_parquet, [survives]

    def dying(*arguments: Any) -> int:
        if not left[0]:
            raise Interrupted
        left[0] -= 1
        return honest(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(history, "write_parquet", dying)
        with pytest.raises(Interrupted):
            run_backfill()
    per_scan = "SELECT count(DISTINCT scan_id), count(*) FROM history_margin"
    whole = len(held(tmp_path / "history"))
    assert ask(tmp_path / "history", per_scan)[1][0][0] == whole
    outcome = run_backfill()
    assert counts(outcome)["written"] == 4 - whole
    assert files(tmp_path / "history") == files(tmp_path / "straight")


def test_a_block_that_a_reorg_replaced_is_written_anew(
    tmp_path: Path, run_backfill: RunBackfill, live: MemoryChain
) -> None:
    run_backfill()
    live.reorganise(12)
    live.mine(1, salt="fork")
    live.emit(BRANCH, MOVED, ALICE, -55 * WAD, 0)
    live.mine(7, salt="fork")
    outcome = run_backfill()
    assert counts(outcome) == {"written": 2, "present": 2, "before_deployment": 0, "failed": 0}
    where = f"WHERE account_id = '{ALICE}' ORDER BY block_number"
    rows = ask(tmp_path / "history", f"SELECT block_number, equity_e18 FROM history_margin {where}")
    assert rows[1] == [(8, 60 * WAD), (12, 60 * WAD), (16, 5 * WAD), (20, 5 * WAD)]
    run_backfill(history=tmp_path / "fresh")
    assert files(tmp_path / "history") == files(tmp_path / "fresh")


def test_a_block_without_state_is_named_and_the_others_are_there(
    tmp_path: Path, run_backfill: RunBackfill, live: MemoryChain
) -> None:
    honest = contract_answers(live)

    def pruned(number: int, request: ReadRequest) -> Answer:
        if number == 12:
            raise UnreadError("the state of block 12 is not available")
        return honest(number, request)

    live.answer = pruned
    outcome = run_backfill()
    assert counts(outcome) == {"written": 3, "present": 0, "before_deployment": 0, "failed": 1}
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    (failure,) = to_json(outcome.document)["failures"]
    assert (failure["block"], failure["problem"]) == (12, "the state of block 12 is not available")
    live.answer = honest
    assert counts(run_backfill()) == {
        "written": 1, "present": 3, "before_deployment": 0, "failed": 0
    }  # fmt: skip


def test_a_block_that_was_not_fully_read_is_read_again(
    tmp_path: Path, run_backfill: RunBackfill, live: MemoryChain
) -> None:
    honest = contract_answers(live)
    live.answer = lambda number, request: (
        NotRead("the node is away")
        if number == 12 and request.kind == "call"
        else honest(number, request)
    )
    assert run_backfill(verify="none").exit_code is ExitCode.NOT_FULLY_READ
    live.answer = honest
    assert counts(run_backfill(verify="none")) == {
        "written": 1, "present": 3, "before_deployment": 0, "failed": 0
    }  # fmt: skip
    run_backfill(verify="none", history=tmp_path / "fresh")
    assert files(tmp_path / "history") == files(tmp_path / "fresh")


def test_a_block_whose_logs_were_in_doubt_is_scanned_again(
    run_backfill: RunBackfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = MemoryChain.ref

    def broken(chain: MemoryChain, number: int) -> BlockRef:
        found = honest(chain, number)
        return replace(found, parent_hash="0x" + "cd" * 32) if number == 2 else found

    with monkeypatch.context() as patch:
        patch.setattr(MemoryChain, "ref", broken)
        assert run_backfill().exit_code is ExitCode.NOT_FULLY_READ
    # The index holds the header that contradicts its neighbour until the logs are read again.
    mended = run_backfill()
    assert counts(mended)["written"] == 4
    assert [again.headers_changed for again in mended.document.run.read_again] == [1]
    assert mended.exit_code is not ExitCode.NOT_FULLY_READ
    assert counts(run_backfill())["present"] == 4


def _raise(error: BaseException) -> Any:
    raise error


def test_blocks_that_the_index_reaches_are_scanned_when_later_logs_cannot_be_read(
    run_backfill: RunBackfill, live: MemoryChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_backfill(blocks=("8:12:4",))
    live.failure = UnreadError("the node went away")
    monkeypatch.setattr(MemoryChain, "logs", lambda *_: _raise(live.failure))
    outcome = run_backfill(again=True)
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert counts(outcome) == {"written": 2, "present": 0, "before_deployment": 0, "failed": 2}
    assert {"logs not read: the node went away"} == {
        failure["problem"] for failure in to_json(outcome.document)["failures"]
    }


def test_contracts_that_are_at_no_block_are_wrong_input(
    run_backfill: RunBackfill, deployment_file: Path
) -> None:
    deployment_file.write_text(deployment_file.read_text().replace(REGISTRY, "0x" + "77" * 20))
    outcome = run_backfill()
    assert outcome.exit_code is ExitCode.BAD_INPUT
    assert "no contract at registry" in to_json(outcome.document)["failures"][0]["problem"]


def test_a_fault_at_one_block_is_named_and_loses_no_other(
    run_backfill: RunBackfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = module.rebuild_indexed

    def broken(*arguments: Any, block: Any, **options: Any) -> Any:
        if block.number == 16:
            raise ValueError("an identity is broken")
        return honest(*arguments, block=block, **options)

    monkeypatch.setattr(module, "rebuild_indexed", broken)
    outcome = run_backfill()
    assert counts(outcome)["written"] == 3
    assert [f["problem"] for f in to_json(outcome.document)["failures"]] == [
        "ValueError: an identity is broken"
    ]


def test_a_lie_of_the_contract_is_exit_code_4_now_and_when_the_block_is_there(
    run_backfill: RunBackfill, live: MemoryChain
) -> None:
    live.answer = contract_answers(live, lie=1)
    assert run_backfill(verify="all").exit_code is ExitCode.DIVERGENCE
    assert run_backfill(verify="all").exit_code is ExitCode.DIVERGENCE


def test_blocks_before_the_deployment_are_counted_and_are_no_failure(
    run_backfill: RunBackfill, deployment_file: Path
) -> None:
    deployment_file.write_text(deployment_file.read_text().replace("block = 1", "block = 10"))
    assert counts(run_backfill()) == {
        "written": 3, "present": 0, "before_deployment": 1, "failed": 0
    }  # fmt: skip


def test_the_series_says_verdicts_bad_debt_and_shortfall_block_by_block(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    outcome = run_backfill()
    columns, rows = series(tmp_path / "history")
    assert columns[:5] == ["deployment", "block", "time", "accounts", "unknown"]
    assert {row[columns.index("answer")] for row in rows} == {"solvent"}
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    assert [(row["block"], row["accounts"], row["healthy"]) for row in found] == [
        (8, 1, 1), (12, 3, 1), (16, 3, 1), (20, 3, 1)
    ]  # fmt: skip
    for row in found:
        tally = outcome.summary.tallies[4242, "bank", "bank", row["block"]]
        assert (tally.accounts, tally.liquidatable) == (row["accounts"], row["liquidatable"])
        assert tally.bad_debt_e18 == int(row["bad_debt"] * WAD)


def test_the_manifest_says_what_is_there_and_the_sql_file_makes_the_views_in_any_shell(
    tmp_path: Path, run_backfill: RunBackfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    run_backfill()
    manifest = json.loads((tmp_path / "history" / MANIFEST).read_text())
    assert [(b["block_number"], b["protocol"], b["day"]) for b in manifest["blocks"]] == [
        (n, "bank", "2023-11-14") for n in (8, 12, 16, 20)
    ]
    assert manifest["files"]["margin"] == 4
    assert manifest["files"]["positions"] == 0
    monkeypatch.chdir(tmp_path / "history")
    with duckdb.connect() as connection:
        connection.execute(Path("history.sql").read_text())
        for table in HISTORY_TABLES:
            connection.execute(f"SELECT * FROM history_{table.name}").fetchall()
        assert connection.execute("SELECT count(*) FROM history_series").fetchall() == [(4,)]


def test_a_recording_gives_its_pinned_blocks(tmp_path: Path, recording: Path) -> None:
    options = BackfillOptions(history=tmp_path / "h", recording=recording, verify="all")
    outcome = backfill(options, lambda *_: None)
    assert counts(outcome)["written"] == 1
    assert len(series(tmp_path / "h")[1]) == 1


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"blocks": ("8:20",)}, "is no range with a step"),
        ({"blocks": ("8:20:0",)}, "a step of 0 goes nowhere"),
        ({"blocks": ("8:20:²",)}, "is no range with a step"),
        ({"blocks": ("8:20:" + "9" * 5_000,)}, "is no range with a step"),
        ({"blocks": ("20:8:1",)}, "runs backwards"),
        ({"blocks": ()}, "which blocks"),
        ({"verify": "some"}, "is no verification mode"),
        ({"executor": "ray"}, "is no executor"),
        ({"fail_on": "awful"}, "is no severity"),
        ({"deployments": ("nobody",)}, "there is no deployment"),
    ],
)
def test_wrong_options_are_one_line_and_write_nothing(
    tmp_path: Path, run_backfill: RunBackfill, changes: dict[str, object], match: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=match):
        run_backfill(**changes)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_key_of_an_endpoint_is_written_anywhere(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    run_backfill()
    assert all(b"0123456789secret" not in data for data in files(tmp_path / "history").values())
