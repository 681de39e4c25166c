"""A history whose files are missing, damaged or of somebody else is noticed and put right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from backfilled import RunBackfill, files

from analyzer.api.history import series
from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.store.history import MANIFEST


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, run_backfill: RunBackfill) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "diary.txt").write_text("dear diary")
    with pytest.raises(InputError, match="is no history of analyzer, and not empty"):
        run_backfill()
    assert files(tmp_path / "history") == {"diary.txt": b"dear diary"}


def _gone(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _linked(path: Path) -> None:
    elsewhere = path.parents[5] / "elsewhere.parquet"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("table", ["margin", "scans"])
@pytest.mark.parametrize("damage", [_gone, _cut, _flipped, _empty, _linked])
def test_a_missing_or_damaged_file_is_noticed_and_its_block_is_written_again(
    tmp_path: Path, run_backfill: RunBackfill, damage: Callable[[Path], None], table: str
) -> None:
    run_backfill()
    folder = tmp_path / "history"
    before = files(folder)
    file = sorted((folder / table).glob("*/*/*/*.parquet"))[1]
    damage(file)
    name = str(file.relative_to(folder))
    with pytest.raises(InputError, match=rf"{name} is (missing|damaged|a link)") as caught:
        series(folder)
    assert "\n" not in str(caught.value)
    with pytest.warns(RuntimeWarning, match=rf"{name} is .*: written again"):
        outcome = run_backfill()
    assert to_json(outcome.document)["deployments"][0]["written"] == 1
    after = files(folder)
    assert {n: d for n, d in after.items() if not n.endswith(".damaged")} == before
    assert len(series(folder)[1]) == 4


def test_a_damaged_block_that_is_not_scanned_again_is_exit_3(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    run_backfill()
    file = sorted((tmp_path / "history" / "margin").glob("*/*/*/*.parquet"))[0]
    _flipped(file)
    with pytest.warns(RuntimeWarning, match="taken out, name its block to scan it"):
        outcome = run_backfill(blocks=("20",))
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert [row[1] for row in series(tmp_path / "history")[1]] == [12, 16, 20]


def test_a_manifest_that_is_damaged_is_said_and_made_again(
    tmp_path: Path, run_backfill: RunBackfill
) -> None:
    run_backfill()
    path = tmp_path / "history" / MANIFEST
    before = path.read_bytes()
    path.write_bytes(before[:40])
    for attempt in (lambda: series(path.parent), run_backfill):
        with pytest.raises(InputError, match="or is damaged: remove it"):
            attempt()
    path.unlink()
    run_backfill()
    assert path.read_bytes() == before


def test_a_history_of_another_version_is_refused(tmp_path: Path, run_backfill: RunBackfill) -> None:
    run_backfill()
    path = tmp_path / "history" / MANIFEST
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(InputError, match=r"is a history of version 99\."):
        run_backfill()
    with pytest.raises(InputError, match=r"is a history of version 99\."):
        series(tmp_path / "history")
