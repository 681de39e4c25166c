"""Each protocol's fold left off after any block and gone on with is the fold of all logs."""

from __future__ import annotations

from pathlib import Path

import pytest
from database_rows import differing_tables

from analyzer.chain.replay import Replay
from analyzer.documents.scan import DeploymentFolded
from analyzer.indexer import Index
from analyzer.protocols.base import Folding
from analyzer.protocols.registry import load_plug, protocol_names
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.scanning import folding
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.solvency.drive import CountedReads, Exchange
from analyzer.solvency.packed_fold import pack_fold, unpack_fold

DATA = Path(__file__).resolve().parents[1] / "data"
RECORDINGS = [
    demo_folder() / RECORDING,
    *(
        DATA / name
        for name in (
            "aave_v3/v300.zip",
            "aave_v3/upgrades_main.zip",
            "aave_v3/upgrades_l2.zip",
            "aave_v3/gho_upgrades.zip",
            "aave_v3/rev11.zip",
            "derive_v2/fresh_book.zip",
        )
    ),
]
SHARED = {"gmx-v2": "gmx_v2_seedA", "nado": "nado_seedA"}
"""Protocol -> its recording in the shared folder."""
CUTS = 8


def silent(_what: str, _done: int, _total: int) -> None:
    """Nothing is shown."""


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_fold_left_off_and_gone_on_with_has_the_bytes_of_one_that_never_was(
    tmp_path: Path, recording: Path
) -> None:
    check_resumed(tmp_path, recording)


@pytest.mark.parametrize("name", sorted(SHARED.values()))
def test_so_has_that_of_a_protocol_whose_recording_does_not_travel(
    tmp_path: Path, shared: Path, name: str
) -> None:
    check_resumed(tmp_path, shared / "recordings" / name)


def check_resumed(tmp_path: Path, recording: Path) -> None:
    """At every cut the packed state of a fold that was left off is that of one that was not."""
    replay = Replay(recording)
    block = replay.resolve(str(max(number for number, _, _ in replay.pins())))
    for deployment in replay.deployments():
        plug = load_plug(deployment.protocol)
        with Index(tmp_path / "index.duckdb") as index:
            index.advance(replay, deployment, plug, to=block, progress=silent)
            events = list(index.events(deployment, plug, up_to=block.number))
        own: Folding = plug.folding  # type: ignore[attr-defined]
        resumed, whole = own.begin(deployment), own.begin(deployment)
        asked: list[Exchange] = []
        blocks = sorted({event.block_number for event in events})
        before = -1
        for cut in [*blocks[:: max(len(blocks) // CUTS, 1)], blocks[-1]]:
            some = [event for event in events if before < event.block_number <= cut]
            CountedReads(replay, block).drive(own.go_on(deployment, whole, some), asked)
            CountedReads(replay, block).drive(own.go_on(deployment, resumed, some))
            packed = pack_fold(own, cut, resumed, asked)
            assert packed == pack_fold(own, cut, whole, asked)
            left = unpack_fold(own, packed)
            assert left.exchanges == tuple(asked)
            resumed, before = left.state, cut
        assert own.end(deployment, resumed) == own.end(deployment, whole)


def test_every_fold_that_can_be_left_off_is_tried_here() -> None:
    tried = {d.protocol for path in RECORDINGS for d in Replay(path).deployments()}
    resumable = {n for n in protocol_names() if getattr(load_plug(n), "folding", None) is not None}
    assert tried | SHARED.keys() == resumable


def test_a_scan_from_a_kept_fold_writes_the_database_of_one_from_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "KEEP_AFTER_LOGS", 1)
    monkeypatch.setattr(folding, "BEHIND_BLOCKS", 0)

    def run(name: str, block: str, *, from_scratch: bool) -> tuple[DeploymentFolded, ...]:
        options = ScanOptions(
            db=tmp_path / f"{name}.duckdb",
            recording=demo_folder() / RECORDING,
            block=block,
            fail_on="never",
            verify="none",
            from_scratch=from_scratch,
        )
        return scan(options, silent).document.run.folded

    run("kept", "calm", from_scratch=False)
    later = run("kept", "mid_liquidation", from_scratch=False)
    assert all(one.after_block is not None and one.logs for one in later)
    run("whole", "mid_liquidation", from_scratch=True)
    assert differing_tables(tmp_path / "kept.duckdb", tmp_path / "whole.duckdb") == {}
