"""Logs that a node left out are missing from no backfill for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bank import contract_answers
from document_schemas import validate
from memory_chain import MemoryChain

from analyzer.documents.encode import to_json
from analyzer.indexer.index import Index
from analyzer.model.errors import ExitCode, UnreadError
from analyzer.runs.many.backfill import BackfillOptions, BackfillOutcome, backfill

RunBackfill = Callable[..., BackfillOutcome]
BLOCKS = ("8:20:4", "19")


@pytest.fixture
def run_backfill(tmp_path: Path, live: MemoryChain, deployment_file: Path) -> RunBackfill:
    """Backfills the live chain, every account verified, into a folder of `tmp_path`."""

    def run(folder: str = "history", *, again: bool = False) -> BackfillOutcome:
        options = BackfillOptions(
            history=tmp_path / folder,
            blocks=BLOCKS,
            rpc=("http://node.example",),
            deployments=(str(deployment_file),),
            verify="all",
            again=again,
        )
        return backfill(options, lambda *_: None)

    return run


@pytest.fixture
def lagging(live: MemoryChain) -> Callable[[], None]:
    """The chain's node gives no log of block 5 until what this returns is called; its views know
    what happened there."""
    honest = list(live.log_list)
    live.answer = contract_answers(MemoryChain(salts=live.salts, log_list=honest))
    live.log_list = [log for log in honest if log[0] != 5]

    def catch_up() -> None:
        live.log_list = honest

    return catch_up


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a history by its path."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def read_again(outcome: BackfillOutcome) -> list[dict[str, Any]]:
    """What the document says of second readings."""
    document = to_json(outcome.document)
    validate(document)
    found: list[dict[str, Any]] = document["run"]["read_again"]
    return found


def test_blocks_are_as_of_a_good_node_once_the_node_is_one(
    tmp_path: Path, run_backfill: RunBackfill, lagging: Callable[[], None]
) -> None:
    assert run_backfill().exit_code is ExitCode.DIVERGENCE
    lagging()
    healed = run_backfill(again=True)
    assert healed.exit_code is not ExitCode.DIVERGENCE
    assert [found.written for found in healed.document.deployments] == [5]
    [again] = read_again(healed)
    assert (again["deployment"], again["logs_added"], again["read_again_to"]) == ("bank", 1, 20)
    assert run_backfill("fresh").exit_code is healed.exit_code
    assert files(tmp_path / "history") == files(tmp_path / "fresh")


def test_a_disagreement_that_lasts_is_read_again_and_stays_one(
    run_backfill: RunBackfill, lagging: Callable[[], None]
) -> None:
    outcome = run_backfill()
    assert outcome.exit_code is ExitCode.DIVERGENCE
    assert [found.written for found in outcome.document.deployments] == [5]
    [again] = read_again(outcome)
    assert (again["logs_added"], again["logs_removed"]) == (0, 0)


def test_where_all_agree_nothing_is_read_again(run_backfill: RunBackfill) -> None:
    assert read_again(run_backfill()) == []


def test_a_second_reading_without_an_answer_is_said(
    run_backfill: RunBackfill, lagging: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise UnreadError("the node is away")

    monkeypatch.setattr(Index, "recheck", away)
    with pytest.warns(RuntimeWarning, match="bank: numbers do not agree.*the node is away"):
        outcome = run_backfill()
    assert (outcome.exit_code, read_again(outcome)) == (ExitCode.DIVERGENCE, [])
