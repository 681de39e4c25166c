"""Files that a command writes beside its database: checked before the work, written as a whole.

What lies at a name is replaced only when it is what the command writes there: a file of somebody
else is left alone, and said so before anything is read from a node.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from analyzer.model.atomic import cannot_write, partial_beside, real_path, sync_file, sync_folder
from analyzer.model.errors import InputError

PARQUET_MARK = b"analyzer"
"""The key of a Parquet file's metadata that says it is ours; its value is the version."""
_PEEK = 4_096
"""Bytes of a file that are looked at to know it."""
_JSON = re.compile(
    r'\{\n +"schema": \d+,\n +"kind": "[\w-]+",\n +"run": \{\n +"analyzer_version": "'
)
"""How a document of ours begins as JSON."""
_SARIF = re.compile(
    r'\{\n +"\$schema": "[^"\n]*",\n +"version": "2\.1\.0",\n +"runs": \[\n +\{\n +"tool": \{\n'
    r' +"driver": \{\n +"name": "analyzer",\n'
)
_FINDINGS = re.compile(r'\{\n +"schema": \d+,\n +"scans": \[(?:\],\n +"fi|\n +\{\n +"scan_id": ")')


def check_targets(paths: Sequence[Path], taken: Mapping[str, Path | None]) -> None:
    """Sees that every path can be written, and is not a file that the command uses otherwise.

    taken: option -> its path, None = not given. Raises: InputError naming the path and why.
    """
    used = {real_path(path): option for option, path in taken.items() if path is not None}
    for path in paths:
        target = real_path(path)
        option = used.get(target)
        if option is not None:
            raise InputError(f"{path} is named by {option} already: name another file")
        if target.is_dir():
            raise InputError(f"{path} is a folder: name a file in it")
        if target.exists() and not target.is_file():
            raise InputError(f"{path} is no regular file: - stands for standard output")
        if not target.parent.is_dir():
            raise InputError(f"{path} cannot be written: {path.parent} is no folder")
        if not os.access(target.parent, os.W_OK):
            raise InputError(f"{path} cannot be written: permission denied in {path.parent}")


def check_forms(
    forms: Mapping[Path, str], taken: Mapping[str, Path | None], *, rows: bool = False
) -> None:
    """Sees, as `check_targets`, that every path can be written, and that nothing lies there but
    what we wrote in that form: `json`, `csv`, `parquet`, ...

    rows: what comes is the answer to a question, whose columns nobody knows yet: `check_columns`
    has to follow. Raises: InputError naming the path and why.
    """
    check_targets(list(forms), taken)
    for path, form in forms.items():
        if rows and form == "parquet":
            _check_parquet(path)
        else:
            check_own(path, (_ROWS if rows and form in _ROWS else _FORMS)[form])


def check_columns(texts: Mapping[Path, str]) -> None:
    """Sees that what lies at each path begins as the text that is to replace it: with the same
    names of columns.

    Raises: InputError: it is left alone then.
    """
    for path, text in texts.items():
        check_own(path, partial(_begins_alike, text))


def check_own(path: Path, is_own: Callable[[str], bool], *, at_end: bool = False) -> None:
    """Sees that `path` is not there, is empty, or begins (at_end: ends) as `is_own` says a file of
    ours does.

    Raises: InputError: it is left alone then.
    """
    try:
        if not path.exists():
            return
        with path.open("rb") as file:
            if at_end:
                file.seek(max(path.stat().st_size - _PEEK, 0))
            seen = file.read(_PEEK).decode("utf-8", "replace")
    except OSError as error:
        raise cannot_write(path, error) from error
    if seen and not is_own(seen):
        raise InputError(f"{path} is there and is not ours: remove it, or write elsewhere")


def write_texts(texts: Mapping[Path, str]) -> None:
    """Writes every text aside, then renames all into place: none of the files is ever half there.

    A symbolic link stays, and what it points to is replaced. Raises: InputError when one cannot
    be written; then none of them has changed.
    """
    aside: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            target = real_path(path)
            part = partial_beside(target)
            aside[part] = target
            try:
                part.write_bytes(text.encode("utf-8", "backslashreplace"))
                sync_file(part)
            except OSError as error:
                raise cannot_write(path, error) from error
        for part, target in aside.items():
            try:
                os.replace(part, target)
                sync_folder(target.parent)
            except OSError as error:
                raise cannot_write(target, error) from error
    finally:
        for part in aside:
            with suppress(OSError):
                part.unlink()


def _is_csv(start: str) -> bool:
    """A head line of names, and as many cells in every further line: what was cut off left out."""
    whole, _, _ = start.rpartition("\n")
    with suppress(csv.Error):
        rows = list(csv.reader(whole.splitlines()[:50], strict=True))
        # The last row may go on beyond what was read.
        return bool(rows) and {len(row) for row in rows[:-1]} <= {len(rows[0])}
    return False


def _begins_alike(text: str, start: str) -> bool:
    """Whether both begin with the same words, however wide their columns are."""
    return text.partition("\n")[0].split() == start.partition("\n")[0].split()


def _check_parquet(path: Path) -> None:
    """Sees that `path` is not there, is empty, or is a Parquet file with our mark."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def is_own(start: str) -> bool:
        with suppress(pa.ArrowException), path.open("rb") as file:
            return start.startswith("PAR1") and PARQUET_MARK in (
                pq.read_metadata(file).metadata or ()
            )
        return False

    check_own(path, is_own)


def _is_findings_csv(start: str) -> bool:
    """The findings of a scan, or those of a comparison."""
    from analyzer.report import diff, render

    heads = (render.CSV_COLUMNS, diff.CSV_COLUMNS)
    return start.partition("\n")[0] in {",".join(head) for head in heads}


def _has_label(start: str, before: str, after: str) -> bool:
    """Whether the page is one of ours: of a scan, or of a comparison."""
    return any(f"{before}{label}{after}" in start for label in ("Answer", "Findings"))


def _is_markdown(start: str) -> bool:
    """The page of a scan or of a comparison, or a digest of jobs."""
    return "\n| job | | ending | seconds |\n" in start or _has_label(start, "\n- **", "**: ")


_ROWS: Mapping[str, Callable[[str], bool]] = {
    "csv": _is_csv,
    "markdown": lambda start: start.startswith("| ") and "\n| --" in start,
    "table": lambda start: "──" in start,
}
"""What the answer to any question looks like in a form that has no place for a mark of ours."""
_FORMS: Mapping[str, Callable[[str], bool]] = {
    "json": lambda start: _JSON.match(start) is not None,
    "sarif": lambda start: _SARIF.match(start) is not None,
    "findings": lambda start: _FINDINGS.match(start) is not None,
    "csv": _is_findings_csv,
    "markdown": _is_markdown,
    "table": lambda start: _has_label(start, "\n", "  "),
    "unit": lambda start: start.startswith("[Unit]\nDescription=analyzer: "),
    "metrics": lambda start: start.startswith("# HELP analyzer_"),
}
"""What the beginning of a file of ours looks like in each form."""
