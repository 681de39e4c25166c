from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bank import REGISTRY, contract_answers
from memory_chain import MemoryChain

from analyzer.abi.keccak import keccak
from analyzer.chain.replay import Replay
from analyzer.model.errors import ExitCode, UnreadError
from analyzer.model.reads import Answer, NotRead, ReadRequest, Value
from analyzer.runs.many.backfill import BackfillOptions, backfill
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.scanning.verify import VerifyOptions, verify
from analyzer.store.history import open_history

RunScan = Callable[..., ScanOutcome]


@pytest.fixture
def from_block(deployment_file: Path) -> Callable[[int], None]:
    """Sets the deployment's first block."""

    def set_first(number: int) -> None:
        text = deployment_file.read_text()
        deployment_file.write_text(text.replace("from_block = 1", f"from_block = {number}"))

    return set_first


def created_at(chain: MemoryChain, block: int) -> None:
    """The contracts have code from that block on."""
    honest = contract_answers(chain)

    def answer(number: int, request: ReadRequest) -> Answer:
        if request.kind == "code_hash" and number < block:
            return Value(keccak(b""))
        return honest(number, request)

    chain.answer = answer


def early(outcome: ScanOutcome) -> list[str]:
    return list(outcome.document.run.code_before_from_block)


def test_code_before_the_first_block_is_said(
    run_scan: RunScan, live: MemoryChain, from_block: Callable[[int], None]
) -> None:
    from_block(3)
    outcome = run_scan()
    assert early(outcome) == [f"registry {REGISTRY.lower()} (block 2)"] or early(outcome) == [
        f"registry {REGISTRY} (block 2)"
    ]


def test_a_contract_that_was_made_in_its_first_block_raises_no_doubt(
    run_scan: RunScan, live: MemoryChain, from_block: Callable[[int], None]
) -> None:
    from_block(3)
    created_at(live, 3)
    assert early(run_scan()) == []
    created_at(live, 2)
    assert len(early(run_scan())) == 1


@pytest.mark.parametrize("gone", [NotRead("no state"), UnreadError("block 2 has no state")])
def test_where_the_state_is_not_at_hand_nothing_is_said(
    run_scan: RunScan,
    live: MemoryChain,
    from_block: Callable[[int], None],
    gone: NotRead | UnreadError,
) -> None:
    from_block(3)
    honest = live.answer

    def pruned(number: int, request: ReadRequest) -> Answer:
        if number > 2:
            return honest(number, request)
        if isinstance(gone, UnreadError):
            raise gone
        return gone

    live.answer = pruned
    assert early(run_scan()) == []


def test_a_recording_says_the_same_and_gets_no_block_more(
    tmp_path: Path, run_scan: RunScan, live: MemoryChain, from_block: Callable[[int], None]
) -> None:
    from_block(3)
    path = tmp_path / "late.zip"
    outcome = run_scan(record=path)
    assert [number for number, _, _ in Replay(path).pins()] == [20]
    again = run_scan(rpc=(), deployments=(), recording=path, db=tmp_path / "replayed.duckdb")
    assert early(again) == early(outcome) != []
    assert again.exit_code is not ExitCode.BAD_INPUT


def test_a_verification_and_a_history_say_what_the_scan_says(
    tmp_path: Path,
    run_scan: RunScan,
    live: MemoryChain,
    deployment_file: Path,
    from_block: Callable[[int], None],
) -> None:
    from_block(4)
    [scanned] = run_scan(verify="none", block="12").results
    assert any("there was code before" in text for text in scanned.completeness.doubts)
    rpc = ("http://node.example",)
    [verified] = verify(VerifyOptions(tmp_path / "scan.duckdb", rpc=rpc), lambda *_: None).results
    assert verified.completeness.doubts == scanned.completeness.doubts
    options = BackfillOptions(
        tmp_path / "history", ("12",), rpc=rpc, deployments=(str(deployment_file),)
    )
    backfill(options, lambda *_: None)
    with open_history(tmp_path / "history") as history:
        _, [[caveats]] = history.query("SELECT caveats FROM history_scans")
    assert "there was code before" in caveats
