from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.chain.replay import Replay
from analyzer.devnet.record import record, record_running
from analyzer.devnet.up import DevnetInfo
from analyzer.model.errors import InputError
from analyzer.runs.scanning.scan import ScanOptions, scan


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def test_a_recording_that_cannot_be_written_is_said_before_anything_is_started(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        record(accounts=24, seed=1, out=tmp_path / "nowhere" / "r.zip")


@pytest.mark.chain
def test_a_scan_of_the_recording_says_what_the_live_scan_said(
    small: DevnetInfo, tmp_path: Path
) -> None:
    pinned = {label: small.blocks[label] for label in ("stressed", "paused")}
    out = tmp_path / "small.zip"
    live = record_running(replace(small, blocks=pinned), out)
    assert {label: [r.mismatches for r in results] for label, results in live.items()} == {
        "stressed": [[]],
        "paused": [[]],
    }
    replay = Replay(out)
    assert replay.pins() == [
        (pinned["stressed"], "stressed", "after the crash, before the first liquidation"),
        (pinned["paused"], "paused", "one of the large markets is paused"),
    ]
    assert [d.contracts for d in replay.deployments()] == [small.deployments["perp-v2"].contracts]
    replay.close()
    for label, (result,) in live.items():
        outcome = scan(
            ScanOptions(tmp_path / f"{label}.duckdb", recording=out, block=label, verify="all"),
            quiet,
        )
        (again,) = outcome.results
        assert again.scan_id == result.scan_id
        assert again.margin == result.margin
        assert again.mismatches == result.mismatches == []


@pytest.mark.chain
def test_a_recording_names_no_endpoint_and_no_folder(small: DevnetInfo, tmp_path: Path) -> None:
    out = tmp_path / "small.zip"
    record_running(replace(small, blocks={"stressed": small.blocks["stressed"]}), out)
    with zipfile.ZipFile(out) as archive:
        meta = archive.read("meta.json").decode()
        assert small.rpc.encode() not in b"".join(archive.read(n) for n in archive.namelist())
    assert str(tmp_path) not in meta
    assert json.loads(meta)["devnet"]["state_root"] == small.state_root
