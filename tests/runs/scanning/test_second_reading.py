"""Logs that a node left out are not missing for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bank import ALICE, BRANCH, MOVED, contract_answers
from document_schemas import validate
from index_rows import contents
from memory_chain import MemoryChain

from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode
from analyzer.runs.scanning.index import IndexOptions, IndexOutcome, index
from analyzer.runs.scanning.scan import ScanOutcome

RunScan = Callable[..., ScanOutcome]


@pytest.fixture
def lagging(live: MemoryChain) -> Callable[[], None]:
    """The chain's node gives no log of block 5 until what this returns is called; its views know
    what happened there."""
    honest = list(live.log_list)
    answers = contract_answers(MemoryChain(salts=live.salts, log_list=honest))
    live.answer = answers
    live.log_list = [log for log in honest if log[0] != 5]

    def catch_up() -> None:
        live.log_list = honest

    return catch_up


def run_index(
    tmp_path: Path, deployment_file: Path, name: str, recheck: str | None
) -> IndexOutcome:
    options = IndexOptions(
        index=tmp_path / name,
        rpc=("http://node.example",),
        deployments=(str(deployment_file),),
        recheck=recheck,
    )
    return index(options, lambda *_: None)


def test_a_rescan_with_a_good_node_ends_with_the_right_rows(
    tmp_path: Path, run_scan: RunScan, lagging: Callable[[], None]
) -> None:
    poisoned = run_scan(verify="all", rpc=("http://bad.example",))
    assert poisoned.exit_code is ExitCode.DIVERGENCE
    lagging()
    healed = run_scan(verify="all")
    assert healed.exit_code is not ExitCode.DIVERGENCE
    validate(to_json(healed.document))
    assert to_json(healed.document)["run"]["read_again"] == [
        {
            "read_again_from": 0,
            "read_again_to": 20,
            "logs_added": 1,
            "logs_removed": 0,
            "logs_kept": 0,
            "headers_changed": 0,
            "deployment": "bank",
        }
    ]
    run_scan(verify="all", db=tmp_path / "fresh.duckdb")
    for name in ("scan.duckdb", "scan.index.duckdb"):
        fresh = contents(tmp_path / name.replace("scan", "fresh"))
        assert {t: rows for t, rows in contents(tmp_path / name).items() if t != "runs"} == {
            t: rows for t, rows in fresh.items() if t != "runs"
        }


def test_a_node_that_was_mended_heals_what_it_had_left_out_twice(
    run_scan: RunScan, lagging: Callable[[], None]
) -> None:
    assert run_scan(verify="all").document.run.read_again[0].logs_added == 0
    lagging()
    healed = run_scan(verify="all")
    assert healed.document.run.read_again[0].logs_added == 1
    assert healed.exit_code is not ExitCode.DIVERGENCE


def test_a_watch_reads_again_from_one_endpoint_once_a_day(
    run_scan: RunScan, live: MemoryChain, lagging: Callable[[], None]
) -> None:
    def asked() -> list[tuple[int, int]]:
        run = run_scan(verify="all", read_again_daily=True).document.run
        return [(again.read_again_from, again.read_again_to) for again in run.read_again]

    assert asked() == [(0, 20)]
    assert asked() == []
    live.mine(3)
    assert asked() == [(21, 23)]
    elsewhere = {"rpc": ("http://another.example",), "read_again_daily": True}
    other = run_scan(verify="all", **elsewhere).document.run.read_again
    assert [again.logs_added for again in other] == [0]


def test_nothing_is_read_again_where_everything_agrees(
    run_scan: RunScan, live: MemoryChain, recording: Path
) -> None:
    assert run_scan(verify="all").document.run.read_again == ()
    live.answer = contract_answers(live, lie=1)
    replayed = run_scan(rpc=(), recording=recording, verify="all")
    assert replayed.document.run.read_again == ()


def test_logs_that_are_held_and_not_given_again_stay_and_prove_nothing(
    run_scan: RunScan, live: MemoryChain
) -> None:
    run_scan()
    live.answer = contract_answers(
        MemoryChain(salts=live.salts, log_list=list(live.log_list)), lie=1
    )
    live.log_list = []
    outcome = run_scan(verify="all", fail_on="never")
    assert [again.logs_kept for again in outcome.document.run.read_again] == [8]
    assert "8 of the logs in the index were not given again" in str(
        to_json(outcome.document)["scans"][0]["completeness"]["doubts"]
    )


@pytest.mark.parametrize("recheck", ["all", "4:9", "5:+1"])
def test_an_index_is_read_again_on_demand(
    tmp_path: Path, deployment_file: Path, lagging: Callable[[], None], recheck: str
) -> None:
    run_index(tmp_path, deployment_file, "i", None)
    lagging()
    (entry,) = run_index(tmp_path, deployment_file, "i", None).document.deployments
    assert (entry.logs, entry.read_again) == (7, None)
    (entry,) = run_index(tmp_path, deployment_file, "i", recheck).document.deployments
    assert entry.logs == 8
    assert entry.read_again is not None
    assert (entry.read_again.logs_added, entry.read_again.logs_removed) == (1, 0)
    run_index(tmp_path, deployment_file, "fresh", None)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


def test_a_log_that_was_made_up_goes_on_demand(
    tmp_path: Path, deployment_file: Path, live: MemoryChain
) -> None:
    live.log_list.append((7, BRANCH.lower(), MOVED, (ALICE, 5, 0), 0))
    run_index(tmp_path, deployment_file, "i", None)
    del live.log_list[-1]
    outcome = run_index(tmp_path, deployment_file, "i", "all")
    assert to_json(outcome.document)["deployments"][0]["read_again"]["logs_removed"] == 1
    assert outcome.exit_code is ExitCode.CLEAN
    run_index(tmp_path, deployment_file, "fresh", None)
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")
