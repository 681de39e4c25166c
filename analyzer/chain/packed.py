"""A folder or a zip that somebody made, read in pieces and no further than the limit.

A megabyte can unpack to gigabytes, in gzip, in a member of a zip, or in a gzip that is such a
member; so everything is unpacked as it is read, and counted, packed and unpacked.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO

from analyzer.model.errors import InputError
from analyzer.model.limits import MB, UNPACKED_MB

_PIECE = 1 << 20
"""Bytes that are read at once."""
_MOST_DIRECTORY = 1 * MB
"""Bytes of the list of members of a zip: ours have a dozen."""
_END, _END64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_END_SIZE, _END64_SIZE, _LOCATOR_SIZE, _MOST_COMMENT = 22, 56, 20, 65_535


class PackedFolder:
    """The files of a folder or of a zip, by name. A name that ends in `.gz` is unpacked.

    Raises InputError, with the file named, for what is neither, for a file that is damaged, and
    for one that holds more than is taken in.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._prefix = ""
        self._sizes: dict[str, int] = {}
        if not path.exists():
            raise InputError(f"there is no recording at {path}")
        if path.is_file():
            self._zip = open_zip(path)
            metas = [n for n in self._zip.namelist() if PurePosixPath(n).name == "meta.json"]
            if metas:
                self._prefix = min(metas, key=len).removesuffix("meta.json")

    def has(self, file: str) -> bool:
        """Whether there is a file of that name."""
        if self._zip is not None:
            return self._prefix + file in self._zip.NameToInfo
        return (self.path / file).exists()

    def read(self, file: str, *, share: int) -> bytes | None:
        """The whole of a file, which may hold a `share`-th of the limit; None = not there."""
        return b"".join(self.pieces(file, share=share)) if self.has(file) else None

    def pieces(self, file: str, *, share: int = 1) -> Iterator[bytes]:
        """The unpacked text of a file that is there."""
        most = max(UNPACKED_MB.value * MB // share, MB)
        name, taken = f"{self.path}/{file}", 0
        with ExitStack() as opened:
            try:
                stream: IO[bytes] = opened.enter_context(self._open(file))
                if file.endswith(".gz"):
                    counted = _Counted(stream, name, most)
                    stream = opened.enter_context(io.BufferedReader(gzip.GzipFile(fileobj=counted)))
                while piece := stream.read(_PIECE):
                    taken += len(piece)
                    if taken > most:
                        raise too_large(name, most)
                    yield piece
            except InputError:
                raise
            except Exception as error:
                # Whatever a library raises over the packed bytes of a stranger.
                what = "is corrupt: bad gzip" if file.endswith(".gz") else "cannot be read"
                raise InputError(f"{name} {what} ({error})") from None
        self._sizes[file] = taken

    def size(self, file: str) -> int:
        """The unpacked bytes of a file that is there."""
        if file not in self._sizes:
            for _ in self.pieces(file):
                pass
        return self._sizes[file]

    def close(self) -> None:
        """Closes the zip."""
        if self._zip is not None:
            self._zip.close()

    def _open(self, file: str) -> IO[bytes]:
        """A file as it lies there."""
        if self._zip is not None:
            return self._zip.open(self._prefix + file)
        path = self.path / file
        if not path.is_file():
            raise InputError(f"{path} is no file")
        return path.open("rb")


class _Counted:
    """A stream of packed bytes that ends with an error when it is too long."""

    def __init__(self, stream: IO[bytes], name: str, most: int) -> None:
        self._stream, self._name, self._left, self._most = stream, name, most, most

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises InputError beyond the limit."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise too_large(self._name, self._most)
        return data

    def seek(self, _position: int) -> int:
        """What is read once is not read again."""
        raise io.UnsupportedOperation("seek")


def too_large(what: str, most: int) -> InputError:
    """The error for what unpacks to more than `most` bytes."""
    return InputError(f"{what} holds more than {most // MB:,} MB unpacked: {UNPACKED_MB.remedy}")


def open_zip(path: Path) -> zipfile.ZipFile:
    """A zip whose list of members is no larger than it has to be. Raises InputError for others."""
    try:
        if _directory_size(path) > _MOST_DIRECTORY:
            raise InputError(f"{path} is no recording: its list of files is too long")
        archive = zipfile.ZipFile(path)
        names = archive.namelist()
        if len(set(names)) < len(names):
            archive.close()
            raise InputError(f"{path} is no recording: two of its files have one name")
        return archive
    except (zipfile.BadZipFile, OSError, ValueError, struct.error):
        raise InputError(f"{path} is no recording: neither a folder nor a zip") from None


def _directory_size(path: Path) -> int:
    """The bytes of a zip's list of members, as the records at its end say; 0 where there are none.

    `zipfile` reads all of that list before it can be asked how long it is.
    """
    with path.open("rb") as file:
        length = file.seek(0, io.SEEK_END)
        start = max(length - _END_SIZE - _MOST_COMMENT, 0)
        file.seek(start)
        tail = file.read()
        plain = tail[-_END_SIZE:]
        at = len(tail) - _END_SIZE
        if not (plain[:4] == _END and plain[-2:] == b"\0\0"):
            at = tail.rfind(_END)
        if at < 0:
            return 0
        size = int(struct.unpack_from("<L", tail, at + 12)[0])
        before = start + at - _LOCATOR_SIZE - _END64_SIZE
        if before >= 0:
            file.seek(before)
            record = file.read(_END64_SIZE + _LOCATOR_SIZE)
            if record[:4] == _END64 and record[_END64_SIZE:][:4] == _LOCATOR:
                size = max(size, int(struct.unpack_from("<Q", record, 40)[0]))
    return size
