"""A recording carries what was found; a scan of it elsewhere finds the same, or says so."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.documents.encode import to_json
from analyzer.report.render import render
from analyzer.runs.scanning import evidence as evidence_module
from analyzer.runs.scanning.scan import ScanOptions, ScanOutcome, scan

RunScan = Callable[..., ScanOutcome]


def replay(recording: Path, db: Path, **changes: object) -> ScanOutcome:
    options = ScanOptions(db=db, recording=recording, **{"verify": "all", **changes})  # type: ignore[arg-type]
    return scan(options, lambda *_: None)


def inside(recording: Path, name: str) -> bytes:
    with zipfile.ZipFile(recording) as archive:
        return archive.read(name)


def rewritten(recording: Path, path: Path, **files: bytes | None) -> Path:
    """A copy of a recording with some of its JSON files changed, or (None) left out."""
    with zipfile.ZipFile(recording) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = files.get(name.removesuffix(".json"), source.read(name))
            if data is not None:
                target.writestr(name, data)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Another folder, in which there is no index."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_the_findings_elsewhere_are_the_same_to_the_byte(
    tmp_path: Path, recording: Path, elsewhere: Path, run_scan: RunScan
) -> None:
    live = run_scan(db=tmp_path / "again.duckdb", verify="all")
    outcome = replay(recording, elsewhere / "scan.duckdb", index=elsewhere / "own.index")
    found = render(outcome.document, "findings").encode()
    assert found == inside(recording, "findings.json")
    assert found == render(live.document, "findings").encode()
    assert len(json.loads(found)["findings"]) == 1


def test_the_report_says_that_they_came_out_again(recording: Path, elsewhere: Path) -> None:
    outcome = replay(recording, elsewhere / "scan.duckdb")
    assert to_json(outcome.document)["run"]["evidence"]["findings"] == "same"
    lines = render(outcome.document, "table").splitlines()
    said = "Evidence     the recording's own findings came out again (version 0.1.0)"
    assert said in lines


def test_a_recording_of_a_replay_holds_the_same_answers_and_findings(
    recording: Path, elsewhere: Path
) -> None:
    replay(recording, elsewhere / "scan.duckdb", record=elsewhere / "again.zip")
    again = elsewhere / "again.zip"
    # Headers at which a chunk of logs ended are recorded too, and a replay has longer chunks.
    for name in ("meta.json", "findings.json", "version.json", "logs.jsonl.gz", "calls.jsonl.gz"):
        assert inside(again, name) == inside(recording, name), name


def test_the_version_says_what_made_the_findings(recording: Path) -> None:
    version = json.loads(inside(recording, "version.json"))
    assert version["methodologies"] == {"bank": "1"}
    assert (version["analyzer_version"], version["verify"]) == ("0.1.0", "all")


def test_another_version_is_said(
    recording: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_module, "__version__", "9.9.9")
    outcome = replay(recording, elsewhere / "scan.duckdb")
    assert "version 0.1.0; this is version 9.9.9" in render(outcome.document, "markdown")


def changed_findings(recording: Path, path: Path) -> Path:
    """A recording whose one finding has another title, with a version that fits to it."""
    findings = json.loads(inside(recording, "findings.json"))
    findings["findings"][0]["title"] = "Something else"
    data = evidence_module.json_text(findings).encode()
    version = json.loads(inside(recording, "version.json"))
    version["findings_sha256"] = evidence_module.hashlib.sha256(data).hexdigest()
    return rewritten(recording, path, findings=data, version=json.dumps(version).encode())


def test_findings_that_differ_are_counted(recording: Path, elsewhere: Path) -> None:
    other = changed_findings(recording, elsewhere / "other.zip")
    said = to_json(replay(other, elsewhere / "scan.duckdb").document)["run"]["evidence"]
    assert said["findings"] == "differ"
    assert said["why"] == "0 only in the recording, 0 only here, 1 with other contents"


def test_findings_that_were_altered_after_the_recording_are_said(
    recording: Path, elsewhere: Path
) -> None:
    altered = inside(recording, "findings.json").replace(b"Account", b"Amount")
    other = rewritten(recording, elsewhere / "other.zip", findings=altered)
    said = to_json(replay(other, elsewhere / "scan.duckdb").document)["run"]["evidence"]
    assert (said["findings"], said["why"]) == (
        "differ",
        "findings.json is not what version.json says was written",
    )


@pytest.mark.parametrize("version", [None, b"{}", b"[1]", b"no json"])
def test_without_a_version_of_ours_nothing_is_compared(
    recording: Path, elsewhere: Path, version: bytes | None
) -> None:
    other = rewritten(recording, elsewhere / "other.zip", version=version)
    said = to_json(replay(other, elsewhere / "scan.duckdb").document)["run"]["evidence"]
    assert (said["findings"], said["recorded_version"]) == ("not compared", "unknown")


def test_a_recording_without_findings_is_replayed_as_ever(recording: Path, elsewhere: Path) -> None:
    bare = rewritten(recording, elsewhere / "bare.zip", findings=None, version=None)
    outcome = replay(bare, elsewhere / "scan.duckdb")
    assert outcome.document.run.evidence is None
    assert "Evidence" not in render(outcome.document, "table")


def test_other_options_that_find_other_things_are_no_difference(
    recording: Path, elsewhere: Path
) -> None:
    other = changed_findings(recording, elsewhere / "other.zip")
    said = to_json(replay(other, elsewhere / "scan.duckdb", verify="none").document)["run"][
        "evidence"
    ]
    assert (said["findings"], said["why"]) == (
        "not compared",
        "it was made with --verify all --sample-seed 0",
    )
