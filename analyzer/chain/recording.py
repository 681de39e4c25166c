"""The files of a recording: reading, checking and writing them.

    meta.json                 {"format": 1, "chain_id", "description", "deployments",
                               "pinned_blocks": [{"block", "label", "note"}], "log_filters"}
    blocks.jsonl[.gz]         eth_getBlockByNumber(n, false) results
    logs.jsonl[.gz]           raw eth_getLogs objects
    calls.jsonl[.gz]          {"block", "to", "data", "result" | "error": {code?, message?, data?}}
    storage.jsonl[.gz]        {"block", "address", "slot", "value"}
    code_hashes.jsonl[.gz]    {"block", "address", "code_hash"}, optional
    receipts.jsonl[.gz], proofs.jsonl[.gz]    what proves (see `proofs.kept`), optional

`log_filters` are eth_getLogs parameters: address, topics (a list in a list), fromBlock, toBlock
(a missing one means any). A folder, or a .zip of it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import orjson

from analyzer.chain.endpoint import shown
from analyzer.chain.packed import PackedFolder, open_zip, too_large
from analyzer.chain.wire import MOST_BLOCK
from analyzer.model.atomic import cannot_write, real_path, replaced, sync_file, sync_folder
from analyzer.model.errors import AnalyzerError, InputError
from analyzer.model.limits import MB, UNPACKED_MB
from analyzer.model.logs import LogFilter

FORMAT = 1
FILES = ("blocks", "logs", "calls", "storage", "code_hashes", "receipts", "proofs")
_OPTIONAL = frozenset(FILES[4:])
"""Files that a recording has only where they have rows."""
ATTACHMENTS = ("findings.json", "version.json", "certificate.json")
"""Files beside the node's answers: what was found from them, by which program, what is proved."""
_META_KEYS = frozenset(
    {"format", "chain_id", "description", "deployments", "pinned_blocks", "log_filters"}
)
"""What every meta.json of ours has; a recording of another program may have less."""
_OUR_FILES = frozenset(
    {"meta.json", *ATTACHMENTS, *(f"{name}.jsonl{end}" for name in FILES for end in ("", ".gz"))}
)
"""All that we ever write into a recording."""
_META_SHARE, _ATTACHED_SHARE, _LINE_SHARE = 64, 16, 64
"""What of the limit of a file meta.json, an attachment and one line may hold: they are taken in
as a whole."""
_LINE = re.compile(rb"\S[^\n]*")
_FIXED_ZIP_TIME = (1980, 1, 1, 0, 0, 0)

T = TypeVar("T")


class RecordingFiles:
    """The files of a recording, in a folder or a zip.

    Raises InputError, with the file (and line) named, when it is missing or corrupt.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = PackedFolder(path)
        if not self._files.has("meta.json"):
            raise InputError(f"{path} is no recording: it has no meta.json")

    def meta(self) -> dict[str, object]:
        """meta.json, with its format checked."""
        try:
            meta = orjson.loads(self._meta_text())
        except orjson.JSONDecodeError as error:
            raise InputError(f"{self.path}/meta.json is corrupt: {error}") from None
        if not isinstance(meta, dict):
            raise InputError(f"{self.path}/meta.json is corrupt: it is no JSON object")
        if meta.get("format") != FORMAT:
            raise InputError(
                f"{self.path}/meta.json: recording format {shown(meta.get('format'))} is not"
                f" known, only {FORMAT} is"
            )
        chain_id = meta.get("chain_id")
        if not isinstance(chain_id, int) or isinstance(chain_id, bool):
            raise InputError(
                f"{self.path}/meta.json: chain_id is {shown(repr(chain_id))}, not a number"
            )
        return meta

    def rows(self, name: str, parse: Callable[[dict[str, object]], T]) -> Iterator[T]:
        """Each row of `<name>.jsonl[.gz]` through `parse`; nothing when there is no such file.

        A row that is no JSON, or that `parse` refuses, is an InputError with its line number.
        """
        file = self._file(name)
        for number, line in self._lines(file) if file else ():
            try:
                yield parse(orjson.loads(line))
            except orjson.JSONDecodeError as error:
                problem = f"no JSON ({error})"
            except AnalyzerError as error:
                problem = str(error)
            except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
                problem = f"not a row of this file ({shown(error)})"
            else:
                continue
            raise InputError(f"{self.path}/{file}, line {number} is corrupt: {problem}")

    def digest(self, names: Sequence[str]) -> str:
        """sha256 over meta.json and the unpacked text of these files, as hex: equal content gives
        an equal digest, however it is packed."""
        digest = hashlib.sha256()
        meta = self._meta_text()
        digest.update(len(meta).to_bytes(8, "big") + meta)
        for file in map(self._file, names):
            digest.update((self._files.size(file) if file else 0).to_bytes(8, "big"))
            for piece in self._files.pieces(file) if file else ():
                digest.update(piece)
        return digest.hexdigest()

    def attached(self, file: str) -> bytes | None:
        """The bytes of a file beside the node's answers (`findings.json`); None = not there."""
        return self._files.read(file, share=_ATTACHED_SHARE)

    def has(self, name: str) -> bool:
        """Whether there is a `<name>.jsonl[.gz]`."""
        return bool(self._file(name))

    def close(self) -> None:
        """Closes the zip."""
        self._files.close()

    def _meta_text(self) -> bytes:
        return self._files.read("meta.json", share=_META_SHARE) or b""

    def _file(self, name: str) -> str:
        """The file of that name, plain or packed; '' when there is none."""
        found = (f"{name}.jsonl{end}" for end in ("", ".gz"))
        return next((file for file in found if self._files.has(file)), "")

    def _lines(self, file: str) -> Iterator[tuple[int, bytes]]:
        """Each line that is not blank, with its number. A line may hold a share of the limit."""
        number, rest = 1, b""
        most = UNPACKED_MB.value * MB // _LINE_SHARE
        for piece in self._files.pieces(file):
            text = rest + piece
            end, at = text.rfind(b"\n") + 1, 0
            for line in _LINE.finditer(text, 0, end):
                number += text.count(b"\n", at, line.start())
                at = line.start()
                yield number, line[0]
            number += text.count(b"\n", at, end)
            rest = text[end:]
            if len(rest) > most:
                raise too_large(f"{self.path}/{file}, line {number}", most)
        if rest.strip():
            yield number, rest


class LogCoverage:
    """Which logs a recording holds: (address, first topic) -> block ranges, both inclusive.

    An address or a topic of None stands for any.
    """

    def __init__(self) -> None:
        self._ranges: dict[tuple[str | None, str | None], list[tuple[int, int]]] = {}

    def add(self, log_filter: LogFilter, first: int, last: int) -> None:
        """All logs of the filter in `first..last` are there."""
        for key in _keys(log_filter):
            ranges = sorted([*self._ranges.get(key, []), (first, last)])
            merged = ranges[:1]
            for low, high in ranges[1:]:
                if low <= merged[-1][1] + 1:
                    merged[-1] = (merged[-1][0], max(merged[-1][1], high))
                else:
                    merged.append((low, high))
            self._ranges[key] = merged

    def missing(self, log_filter: LogFilter, first: int, last: int) -> str:
        """What of the filter is not covered, in words; '' when all of it is."""
        for address, topic in _keys(log_filter):
            wider = ((address, topic), (address, None), (None, topic), (None, None))
            if not any(
                low <= first and last <= high
                for key in wider
                for low, high in self._ranges.get(key, [])
            ):
                return (
                    f"logs of {address or 'any address'} with topic {topic or 'any'}"
                    f" in blocks {first}..{last}"
                )
        return ""

    def as_filters(self) -> list[dict[str, object]]:
        """The coverage as eth_getLogs parameters: one for each address set with equal topics and
        ranges, in a fixed order."""
        by_rest: dict[tuple[str | None, tuple[int, int]], list[str | None]] = {}
        for (address, topic), ranges in self._ranges.items():
            for span in ranges:
                by_rest.setdefault((topic, span), []).append(address)
        by_all: dict[tuple[tuple[str, ...], tuple[int, int]], list[str]] = {}
        for (topic, span), found in by_rest.items():
            addresses = () if None in found else tuple(sorted(a for a in found if a))
            by_all.setdefault((addresses, span), []).extend([topic] if topic else [])
        return [
            _as_query(addresses, sorted(topics), span)
            for (addresses, span), topics in sorted(by_all.items())
        ]

    @classmethod
    def parse(cls, filters: object, last: int) -> LogCoverage:
        """The coverage that `log_filters` states; a missing toBlock means block `last`.

        Raises InputError for anything but a list of eth_getLogs parameters.
        """
        coverage = cls()
        if not isinstance(filters, list):
            raise InputError("meta.json: log_filters is no list")
        for item in filters:
            if not isinstance(item, Mapping):
                raise InputError(f"meta.json: a log filter is {shown(item)}")
            try:
                topics = item.get("topics") or []
                log_filter = LogFilter(
                    _texts(item.get("address")), _texts(topics[0] if topics else None)
                )
                first = _block(item.get("fromBlock"), 0)
                coverage.add(log_filter, first, _block(item.get("toBlock"), last))
            except (TypeError, ValueError) as error:
                raise InputError(f"meta.json: a log filter is malformed: {error}") from None
        return coverage


def _keys(log_filter: LogFilter) -> list[tuple[str | None, str | None]]:
    """Every (address, first topic) that the filter asks for."""
    addresses: Sequence[str | None] = [a.lower() for a in log_filter.addresses] or [None]
    topics: Sequence[str | None] = [t.lower() for t in log_filter.topics0] or [None]
    return [(address, topic) for address in addresses for topic in topics]


def _as_query(
    addresses: Sequence[str], topics: Sequence[str], span: tuple[int, int]
) -> dict[str, object]:
    query: dict[str, object] = {"fromBlock": hex(span[0]), "toBlock": hex(span[1])}
    if addresses:
        query["address"] = list(addresses)
    if topics:
        query["topics"] = [list(topics)]
    return query


def _texts(value: object) -> tuple[str, ...]:
    """An address or topic member: None, one text or a list of them."""
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(i, str) for i in items):
        raise ValueError(f"{shown(value)} is no address or topic")
    return tuple(item.lower() for item in items)


def _block(value: object, default: int) -> int:
    """A block number of a filter, as a number, hex text, or missing."""
    if value is None or value in ("latest", "earliest"):
        return 0 if value == "earliest" else default
    return block_number(value)


def block_number(value: object) -> int:
    """A block number of a recording: a number, or text in decimal or hex. Raises ValueError."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    number = int(text, 0) if 0 < len(text) <= 20 else -1
    if not 0 <= number <= MOST_BLOCK:
        raise ValueError(f"{shown(value)} is no block number")
    return number


def write_recording(
    path: Path,
    meta: Mapping[str, object],
    files: Mapping[str, Sequence[Mapping[str, object]]],
    attachments: Mapping[str, bytes] | None = None,
) -> None:
    """Writes a recording aside and renames it into place; equal content gives equal bytes.

    attachments: further files, by name.
    A path that ends in `.zip` becomes a zip, any other a folder. Raises InputError when
    something that is no recording is in the way.
    """
    check_recording_place(path)
    content = {"meta.json": orjson.dumps(meta, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)}
    for name, rows in files.items():
        if rows or name not in _OPTIONAL:
            text = b"".join([orjson.dumps(row) + b"\n" for row in rows])
            content[f"{name}.jsonl.gz"] = _gzip(text)
    content |= dict(attachments or {})
    try:
        real_path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    if path.suffix == ".zip":
        with replaced(path) as aside:
            _write_zip(aside, content)
    else:
        _replace_folder(path, content)


def check_recording_place(path: Path) -> None:
    """Sees, before long work, that a recording may be written at `path`: nothing is there, or an
    empty folder, or a recording that holds our files alone.

    Raises: InputError, and what is there is left alone.
    """
    target = real_path(path)
    try:
        _check_recording_place(path, target)
    except OSError as error:
        raise cannot_write(path, error) from error


def _check_recording_place(path: Path, target: Path) -> None:
    """The same, with what the operating system raises."""
    above = next((folder for folder in target.parents if folder.exists()), target)
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be written: permission denied in {above}")
    if not target.exists():
        return
    is_zip = path.suffix == ".zip"
    if is_zip != target.is_file():
        raise InputError(
            f"{path} exists and is no {'zip' if is_zip else 'folder'}: it is not overwritten"
        )
    if target.is_dir():
        names = sorted(entry.name for entry in target.iterdir())
        if not names:
            return
    else:
        names = _zip_names(path, target)
    try:
        with closing(RecordingFiles(target)) as files:
            missing = _META_KEYS - set(files.meta())
    except InputError:
        raise InputError(f"{path} exists and is no recording: it is not overwritten") from None
    foreign = [name for name in names if name not in _OUR_FILES]
    if foreign or missing:
        what = f"holds {foreign[0]!r}" if foreign else f"its meta.json has no {min(missing)!r}"
        raise InputError(
            f"{path} exists and is no recording of analyzer's own ({what}): it is not overwritten"
        )


def _zip_names(path: Path, target: Path) -> list[str]:
    """The members of a zip. Raises: InputError when it is none."""
    try:
        with open_zip(target) as archive:
            return archive.namelist()
    except InputError:
        raise InputError(f"{path} exists and is no recording: it is not overwritten") from None


def _replace_folder(path: Path, content: Mapping[str, bytes]) -> None:
    """Writes the folder aside and gives it the name; of an earlier recording our files go, and
    nothing else: what somebody put there meanwhile keeps the old folder alive, beside the new one.
    """
    target = real_path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    before = target.with_name(f".{target.name}.{os.getpid()}.before")
    try:
        _remove_own(aside)
        _write_folder(aside, content)
        if target.exists():
            os.replace(target, before)
            try:
                os.replace(aside, target)
            except OSError:
                os.replace(before, target)
                raise
        else:
            os.replace(aside, target)
        sync_folder(target.parent)
        _remove_own(before)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            _remove_own(aside)


def _remove_own(folder: Path) -> None:
    """Removes our files from a folder, and the folder when nothing else is in it."""
    if not folder.is_dir():
        return
    for name in _OUR_FILES:
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _gzip(text: bytes) -> bytes:
    """Compressed without a time or a name in it."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as file:
        file.write(text)
    return buffer.getvalue()


def _write_folder(folder: Path, content: Mapping[str, bytes]) -> None:
    """Writes and makes durable. Raises: OSError."""
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)
        sync_file(folder / name)
    sync_folder(folder)


def _write_zip(path: Path, content: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(content.items()):
            info = zipfile.ZipInfo(name, _FIXED_ZIP_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
