"""Files that take their name when they are whole: written aside, made durable, renamed.

    bytes ──▶ .<name>.<process>.partial ──fsync──▶ rename ──▶ <name> ──fsync of its folder

A reader sees the old file or the new one, never half of either, and a machine that loses its power
keeps one of them. A symbolic link stays what it is: what it points to is replaced. Whatever goes
wrong, the old file is as it was and nothing is left beside it.
"""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analyzer.model.errors import InputError

_BESIDE = (".wal", "-journal")
"""What DuckDB and SQLite keep beside a file while they write it."""
PARTIAL = ".partial"
"""How the name of a file that is being written ends."""


def real_path(path: Path) -> Path:
    """What `path` names, through symbolic links; it need not be there.

    Raises: InputError for a loop of links, a name that is too long, or one with a NUL in it.
    """
    try:
        target = Path(os.path.realpath(path))
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            target.stat()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} names no file: {problem_of(error)}") from error
    return target


def beside(path: Path, name: str) -> Path:
    """The file `name` in the folder where `path` lies; `.` lies where its folder does.

    Raises: InputError for the root of a file system, which lies nowhere.
    """
    found = path if path.name else real_path(path)
    if not found.name:
        raise InputError(f"{path} is no file: name one")
    return found.with_name(name)


def problem_of(error: Exception) -> str:
    """What an error of the operating system says, without its number and its path."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


def cannot_write(path: Path, error: Exception) -> InputError:
    """That `path` cannot be written, and why, in one line."""
    return InputError(f"{path} cannot be written: {problem_of(error)}")


def check_place(path: Path) -> Path:
    """Sees, before long work, that a file can be written at `path`; where it would really lie.

    Raises: InputError for a folder, for anything else that is no regular file, where there is no
    folder for it, or where the folder takes no file.
    """
    target = real_path(path)
    try:
        if target.is_dir():
            raise InputError(f"{path} cannot be written: it is a folder, name a file in it")
        if target.exists() and not target.is_file():
            raise InputError(f"{path} is no regular file")
        if not target.parent.is_dir():
            raise InputError(f"{path} cannot be written: {path.parent} is no folder")
    except OSError as error:
        raise cannot_write(path, error) from error
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be written: permission denied in {path.parent}")
    return target


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Gives the path to write to; what lies there at the end takes the name `path`.

    When anything is raised inside, `path` is as it was and nothing is left beside it.
    Raises: InputError where the operating system refuses (a full disk, a folder that takes no
    file); the caller has seen to it that what is replaced may be.
    """
    target = check_place(path)
    aside = partial_beside(target)
    try:
        yield aside
        _check_whole(aside)
        sync_file(aside)
        os.replace(aside, target)
        sync_folder(target.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        for ending in ("", *_BESIDE):
            with suppress(OSError):
                aside.with_name(aside.name + ending).unlink()


def _check_whole(path: Path) -> None:
    """Raises: OSError where DuckDB could not put its log into the file as it closed it: what lies
    there only would be lost with it."""
    log = path.with_name(path.name + ".wal")
    if log.exists() and log.stat().st_size:
        raise OSError(errno.EIO, "its last rows did not go into the file", str(path))


def replace_bytes(path: Path, data: bytes) -> None:
    """Writes `data` as the whole of `path`. Raises: as `replaced`."""
    with replaced(path) as aside:
        aside.write_bytes(data)


def partial_beside(path: Path) -> Path:
    """Where a file that will be renamed to `path` is written; what killed runs left is removed."""
    _remove_leftovers(path)
    return path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")


def sync_file(path: Path) -> None:
    """Has the operating system put a file's bytes onto the disk. Raises: OSError."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """The same for the names in a folder, where its file system can. Raises: OSError."""
    try:
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF):
            raise


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(path: Path) -> None:
    """Removes what killed runs left beside `path`; the files of runs that still go on stay."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*{PARTIAL}*"):
        process = leftover.name.removeprefix(f".{path.name}.").split(".", 1)[0]
        if process.isdigit() and (int(process) == os.getpid() or not _is_running(int(process))):
            with suppress(OSError):
                leftover.unlink()


def _is_running(process: int) -> bool:
    """Whether a process of that number exists."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
