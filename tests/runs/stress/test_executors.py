from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.api.history import ask
from analyzer.documents.encode import to_json
from analyzer.model.errors import InputError
from analyzer.runs.demo import demo_folder
from analyzer.runs.many.backfill import BackfillOptions, BackfillOutcome, backfill
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.runs.stress import executors
from analyzer.runs.stress.executors import (
    AUTO,
    EXECUTORS,
    LARGE,
    check_executor,
    chosen,
    run_merged,
)
from analyzer.runs.stress.stress import StressOptions, stress
from analyzer.store.history import HISTORY_TABLES

PINS = ("calm", "after")
DEPLOYMENT = "perp-v2-devnet-7"

OTHERS = [
    pytest.param(name, marks=[pytest.mark.long] if name == "dask" else [])
    for name in EXECUTORS
    if name != "local"
]


def filled(folder: Path, executor: str) -> BackfillOutcome:
    """Two pinned blocks of the shipped recording, by that executor."""
    options = BackfillOptions(
        history=folder,
        recording=demo_folder() / "crash.zip",
        deployments=(DEPLOYMENT,),
        blocks=PINS,
        verify="none",
        executor=executor,
        workers=2,
    )
    return backfill(options, lambda *_: None)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BackfillOutcome]:
    """The history that one process makes."""
    from analyzer.protocols import registry

    registry.load_plug.cache_clear()
    registry.protocol_names.cache_clear()
    folder = tmp_path_factory.mktemp("executors") / "local"
    return folder, filled(folder, "local")


@pytest.fixture(autouse=True)
def _real_protocols(installed: None) -> Iterator[None]:
    """The protocols that ship, not the tests' bank: workers are processes of their own."""
    from importlib.metadata import entry_points

    from analyzer.abi.resources import abi_folder
    from analyzer.protocols import registry

    # Undone before the bank is: in any other order the bank would stay for all later tests.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "entry_points", entry_points)
        patch.setattr("analyzer.abi.contract.abi_folder", abi_folder)
        registry.load_plug.cache_clear()
        registry.protocol_names.cache_clear()
        yield


@pytest.mark.parametrize("executor", OTHERS)
def test_every_executor_gives_equal_rows_in_all_tables_and_the_same_files(
    tmp_path: Path, straight: tuple[Path, BackfillOutcome], executor: str
) -> None:
    folder, local = straight
    outcome = filled(tmp_path / "history", executor)
    assert outcome.summary == local.summary
    assert outcome.exit_code is local.exit_code
    assert [e["written"] for e in to_json(outcome.document)["deployments"]] == [len(PINS)]
    for table in HISTORY_TABLES:
        sql = f"SELECT * EXCLUDE (filename) FROM history_{table.name} ORDER BY ALL"
        sql = sql if table.name == "scans" else sql.replace(" EXCLUDE (filename)", "")
        rows = ask(tmp_path / "history", sql)
        assert rows == ask(folder, sql), table.name
        assert rows[1] or table.name == "verification"
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    for name in names:
        assert (tmp_path / "history" / name).read_bytes() == (folder / name).read_bytes()


def half(number: int) -> list[int]:
    """A task: nothing for an odd number."""
    if number < 0:
        raise InputError(f"{number} is below zero")
    return [number // 2] if number % 2 == 0 else []


def joined(a: list[int], b: list[int]) -> list[int]:
    """A merge that is associative and commutative: a sorted union."""
    return sorted([*a, *b])


@pytest.mark.parametrize("executor", EXECUTORS)
def test_results_are_merged_whatever_the_order(executor: str) -> None:
    found = run_merged(range(20), half, joined, [], executor=executor, workers=2)
    assert found == list(range(10))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_no_item_gives_nothing(executor: str) -> None:
    assert run_merged([], half, joined, [], executor=executor) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_error_of_a_task_comes_back(executor: str) -> None:
    with pytest.raises(InputError, match="-3 is below zero"):
        run_merged([2, -3], half, joined, [], executor=executor, workers=1)


def test_what_is_current_in_dask_is_used_when_there_is_something() -> None:
    import dask

    class Counted(list[int]):
        """Not to be pickled: only a scheduler of this process can give it back."""

        def __reduce__(self) -> object:  # type: ignore[override]
            raise TypeError("stay here")

    with dask.config.set(scheduler="synchronous"):
        found = run_merged([1, 2], lambda n: Counted([n]), joined, [], executor="dask")
    assert found == [1, 2]


@pytest.mark.parametrize(
    ("name", "workers", "match"), [("ray", 1, "no executor"), ("local", 0, "at least one")]
)
def test_what_there_is_not_is_refused(name: str, workers: int, match: str) -> None:
    with pytest.raises(InputError, match=match):
        check_executor(name, workers)


def test_dask_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(InputError, match=r"pip install -e '\.\[dask\]'"):
        executors.check_executor("dask")


@pytest.mark.parametrize("executor", OTHERS)
def test_a_sweep_of_scenarios_is_the_same_by_every_executor(tmp_path: Path, executor: str) -> None:
    db = tmp_path / "scan.duckdb"
    recording = demo_folder() / "crash.zip"
    options = ScanOptions(
        db=db, recording=recording, deployments=(DEPLOYMENT,), block="stressed", verify="none"
    )
    scan(options, lambda *_: None)
    asked = StressOptions(db=db, shocks=("ETH=-10%", "ETH=-30%", "BTC=-20%"))
    here = stress(asked, lambda *_: None)
    there = stress(replace(asked, executor=executor, workers=2), lambda *_: None)
    assert len(here.assessed) == 3
    assert there.assessed == here.assessed
    assert there.document == here.document
    assert there.findings == here.findings


def test_auto_takes_processes_for_much_work_where_there_are_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executors.os, "cpu_count", lambda: 2)
    assert chosen(AUTO, LARGE) == "processes"
    assert chosen(AUTO, LARGE - 1) == "local"
    assert [chosen(name, LARGE) for name in EXECUTORS] == list(EXECUTORS)
    monkeypatch.setattr(executors.os, "cpu_count", lambda: 1)
    assert chosen(AUTO, LARGE) == "local"
    assert run_merged([1, 2], half, joined, [], executor=AUTO) == run_merged(
        [1, 2], half, joined, []
    )
