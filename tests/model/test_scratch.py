from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.model.scratch import Scratch

KILLED = """
import os, signal, sys
from analyzer.model.scratch import Scratch
folder = Scratch("sql")
print(folder.name, flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test, in this process and in those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def living(place: Path) -> Iterator[Path]:
    """The folder of another process that still runs."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, "lives"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        yield Path(child.stdout.readline().strip())


def test_a_folder_is_its_owners_alone_and_ends_with_it(place: Path) -> None:
    with Scratch("demo") as name:
        folder = Path(name)
        assert (folder.parent, folder.stat().st_mode & 0o777) == (place, 0o700)
        assert folder.name.startswith("analyzer-demo-")
        (folder / "file").write_text("x")
    assert list(place.iterdir()) == []


def test_a_folder_that_lasts_as_long_as_its_process_ends_without_a_word(place: Path) -> None:
    script = "from analyzer.model.scratch import Scratch; folder = Scratch('sql')"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr, list(place.iterdir())) == (0, b"", [])


def test_what_a_killed_run_left_goes_at_the_next_start(place: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, "killed"], check=False)
    [left] = place.glob("analyzer-sql-*")
    (left / "0").mkdir()
    (left / "0" / "spilled").write_text("x")
    with Scratch("record"):
        assert not left.exists()


def test_a_folder_whose_process_lives_stays(place: Path, living: Path) -> None:
    with Scratch("sql") as first, Scratch("sql"):
        assert living.is_dir()
        assert Path(first).is_dir()


def test_a_folder_of_somebody_else_stays_whatever_it_is_called(place: Path) -> None:
    marked, named, words = (place / f"analyzer-sql-{name}" for name in ("marked", "notes", "words"))
    for folder in (marked, named, words):
        folder.mkdir()
        (folder / "thesis.txt").write_text("years of work")
    (words / ".owner").write_text("me\n")
    (marked / "mark").write_bytes(_mark())
    (marked / ".owner").symlink_to(marked / "mark")
    linked = place / "analyzer-demo-linked"
    linked.symlink_to(_ours_elsewhere(place))
    with Scratch("sql"):
        pass
    assert all((folder / "thesis.txt").exists() for folder in (marked, named, words, linked))


def _mark() -> bytes:
    """What stands in a file of ours."""
    with Scratch("sql") as name:
        return (Path(name) / ".owner").read_bytes()


def _ours_elsewhere(place: Path) -> Path:
    """A folder that looks like one of ours, under a name that is none of ours."""
    folder = place / "backup"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    (folder / ".owner").write_bytes(_mark())
    return folder
