"""What is wrong with a database file, told by what lies in it and not by words of an error.

A DuckDB file begins with a checksum, then `DUCK`, then the number of its storage version; every
block has a checksum of its own. Whether another process writes the file is asked of the operating
system.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from analyzer.model.atomic import problem_of
from analyzer.model.errors import InputError

if TYPE_CHECKING:
    import duckdb

_MAGIC_AT, _MAGIC = 8, b"DUCK"
_VERSION_AT = 12
_HEAD_BYTES = 20


class DamagedError(InputError):
    """A file is not what was written: cut off, or with other bytes. `path`: which one."""

    def __init__(self, path: Path, remedy: str) -> None:
        super().__init__(f"{path} is damaged (cut off, or bytes of it have changed): {remedy}")
        self.path, self.remedy = path, remedy

    def __reduce__(self) -> tuple[type[DamagedError], tuple[Path, str]]:
        """So that a worker can send it."""
        return DamagedError, (self.path, self.remedy)


def check_head(path: Path) -> None:
    """Sees that a file begins as a DuckDB file does. An empty one does not.

    Raises: InputError that says what is there instead.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {problem_of(error)}") from error
    if not head:
        raise InputError(f"{path} is empty: it holds no database of analyzer")
    if head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] != _MAGIC:
        raise InputError(f"{path} is not a database of analyzer (nor any DuckDB file)")


def why_not_opened(path: Path, error: duckdb.Error, remedy: str) -> InputError:
    """Why DuckDB does not open a file: it is written by another process, may not be read, is of
    another storage version, or is damaged."""
    refused = _refused(path)
    if refused:
        return InputError(f"{path}: {refused}")
    if _is_locked(path):
        return InputError(
            f"{path} is being written by another process: wait for it, or name another file"
        )
    try:
        check_head(path)
    except InputError as wrong:
        return wrong
    version = _storage_version(path)
    if _names(error, version):
        return InputError(
            f"{path} has storage version {version}, which this DuckDB does not read: update"
            " DuckDB, or have it exported (`analyzer export`) where it was made"
        )
    return DamagedError(path, remedy)


def is_damage(error: duckdb.Error) -> bool:
    """Whether an error of a statement on an open file speaks of the file and not of the statement:
    bytes that cannot be read, a block whose checksum differs, a structure that makes no sense."""
    import duckdb

    kinds = (
        duckdb.IOException,
        duckdb.FatalException,
        duckdb.InternalException,
        duckdb.SerializationException,
    )
    # A checksum that differs is raised as the base class itself, which no statement's error is.
    return type(error) is duckdb.Error or isinstance(error, kinds)


def is_database_error(error: BaseException | None) -> TypeGuard[duckdb.Error]:
    """Whether what was raised is DuckDB's, and speaks of the file; a commit that fails does."""
    if error is None or not type(error).__module__.startswith(("duckdb", "_duckdb")):
        return False
    import duckdb

    return isinstance(error, duckdb.TransactionException) or (
        isinstance(error, duckdb.Error) and is_damage(error)
    )


def no_room(folder: Path) -> bool:
    """Whether the file system of `folder` has no room left for a block of a database."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _BLOCK_BYTES


_BLOCK_BYTES = 1 << 19
"""A little more than a block of DuckDB."""


def _refused(path: Path) -> str:
    """Why the operating system does not let us read a file; '' = it does."""
    try:
        with path.open("rb"):
            return ""
    except FileNotFoundError:
        return ""
    except OSError as error:
        return problem_of(error)


def _is_locked(path: Path) -> bool:
    """Whether another process holds a lock on a file. Asked only of a file that this process could
    not open, because closing it gives up this process's own locks on it."""
    try:
        with path.open("rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_UN)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
    return False


def _storage_version(path: Path) -> int:
    """The storage version that a file's head names."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return int.from_bytes(head[_VERSION_AT:_HEAD_BYTES], "little")


def _names(error: duckdb.Error, version: int) -> bool:
    """Whether DuckDB refused the very version that the head names, its checksum being right."""
    return f"version number {version}" in str(error)
