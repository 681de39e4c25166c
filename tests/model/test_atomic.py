"""Files take their name when they are whole; the old one stays when anything goes wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.model import atomic
from analyzer.model.atomic import beside, check_place, real_path, replace_bytes, replaced
from analyzer.model.errors import InputError


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"one", b"two"):
        replace_bytes(path, data)
        assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["file"]


def test_bytes_are_on_the_disk_before_the_name_is_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    rename, sync = os.replace, os.fsync

    def synced(descriptor: int) -> None:
        done.append("sync " + Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        sync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        done.append(f"rename to {target.name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    replace_bytes(tmp_path / "file", b"x")
    partial = f".file.{os.getpid()}.partial"
    assert done == [f"sync {partial}", "rename to file", f"sync {tmp_path.name}"]


def test_a_link_stays_and_its_target_is_replaced_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    replace_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert os.listdir(target.parent) == ["target"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_when_the_disk_refuses_the_old_file_stays_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(InputError) as caught:
        replace_bytes(path, b"new")
    assert str(caught.value) == f"{path} cannot be written: {os.strerror(code)}"
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_whatever_is_raised_while_it_is_written_nothing_is_left(tmp_path: Path) -> None:
    def interrupted() -> None:
        with replaced(tmp_path / "file") as aside:
            aside.write_bytes(b"half")
            aside.with_name(aside.name + ".wal").write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(tmp_path) == []


def _loop(folder: Path) -> Path:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    return folder / "a"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


PLACES: dict[str, Callable[[Path], Path]] = {
    "cannot be written: it is a folder": lambda folder: folder,
    "is no folder": lambda folder: folder / "no" / "file",
    "Too many levels of symbolic links": _loop,
    "File name too long": lambda folder: folder / ("x" * 300),
    "null": lambda folder: folder / "a\0b",
    "is no regular file": _pipe,
}


@pytest.mark.parametrize("said", PLACES)
def test_a_place_that_takes_no_file_is_said_in_one_line(tmp_path: Path, said: str) -> None:
    path = PLACES[said](tmp_path)
    for attempt in (check_place, lambda path: replace_bytes(path, b"x")):
        with pytest.raises(InputError, match=said) as caught:
            attempt(path)
        assert "\n" not in str(caught.value)


def test_a_folder_that_takes_no_file_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the answer of the system is given here.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="permission denied in"):
        check_place(tmp_path / "file")


def test_what_killed_runs_left_is_removed_and_what_running_ones_write_stays(
    tmp_path: Path,
) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    left, running = tmp_path / f".file.{gone}.partial", tmp_path / ".file.1.partial"
    other = tmp_path / f".other.{gone}.partial"
    for path in (left, running, other):
        path.write_bytes(b"x")
    replace_bytes(tmp_path / "file", b"x")
    assert sorted(os.listdir(tmp_path)) == sorted(["file", running.name, other.name])


def test_the_name_beside_a_path_needs_a_path_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert beside(tmp_path / "a", "b") == tmp_path / "b"
    assert beside(Path("a"), "b") == Path("b")
    assert beside(Path("."), "b") == tmp_path.resolve().parent / "b"
    with pytest.raises(InputError, match="is no file: name one"):
        beside(Path("/"), "b")


def test_a_real_path_is_where_links_lead(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("target")
    assert real_path(link) == tmp_path.resolve() / "target"
    assert atomic.PARTIAL == ".partial"


def test_rows_that_did_not_go_into_the_file_are_not_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def write(beside_it: bytes) -> None:
        with replaced(path) as aside:
            aside.write_bytes(b"after")
            aside.with_name(aside.name + ".wal").write_bytes(beside_it)

    with pytest.raises(InputError, match=r"cannot be written: its last rows did not go into"):
        write(b"rows")
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"before", ["file"])
    write(b"")
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"after", ["file"])
