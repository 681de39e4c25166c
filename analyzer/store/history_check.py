"""Whether a history still holds what was written: every file is there, with the bytes it had.

The file of `scans`, which commits a block, names in its metadata every other file of the block
with its sha256, so a history that was made by copying one folder over another can be checked as
well. The manifest has the sha256 of the committing files themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.store.history_views import HISTORY_TABLES, SCANS_TABLE, files_of

FILES_KEY = "files"
"""The key of the metadata: a JSON object, table -> sha256 of its file of the block."""
_ASIDE = ".damaged"


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that is not what was written. commit: of its block, below the folder."""

    commit: str
    file: str
    problem: str

    @property
    def stem(self) -> str:
        """`<key of the deployment>-<block>`."""
        return Path(self.commit).stem


def digest(path: Path) -> str:
    """The sha256 of a file, hex. Raises: OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_faults(folder: Path, manifest: Mapping[str, Any]) -> list[Fault]:
    """One fault for each block of which a file is missing, has other bytes, or is a link."""
    listed = _listed(manifest)
    commits = {str(path.relative_to(folder)) for path in files_of(folder, SCANS_TABLE)}
    faults = [Fault(name, name, "is missing") for name in sorted(set(listed) - commits)]
    for name in sorted(commits):
        fault = _fault(folder, name, listed.get(name))
        faults += [fault] if fault is not None else []
    return faults


def put_aside(folder: Path, faults: list[Fault]) -> None:
    """Takes every file of the faulty blocks out of the history, beside where it lay.

    Raises: OSError.
    """
    for fault in faults:
        for path in (folder / _of(fault.commit, table.name) for table in HISTORY_TABLES):
            with suppress(FileNotFoundError):
                os.replace(path, path.with_name(path.name + _ASIDE))


def _listed(manifest: Mapping[str, Any]) -> dict[str, str | None]:
    """The committing files that the manifest names -> their sha256, where it has one."""
    found: dict[str, str | None] = {}
    for block in manifest.get("blocks", []):
        if isinstance(block, Mapping) and isinstance(block.get("path"), str):
            found[block["path"]] = block.get("sha256")
    return found


def _fault(folder: Path, commit: str, expected: str | None) -> Fault | None:
    """What is wrong with one block."""
    problem = _problem(folder / commit, expected)
    if problem:
        return Fault(commit, commit, problem)
    for table, sha256 in _named(folder / commit).items():
        file = _of(commit, table)
        problem = _problem(folder / file, sha256)
        if problem:
            return Fault(commit, file, problem)
    return None


def _problem(path: Path, expected: str | None) -> str:
    """What is wrong with one file; '' = nothing. expected: its sha256; None = not known."""
    import pyarrow.lib as lib
    import pyarrow.parquet as pq

    try:
        if path.is_symlink():
            return "is a link, which no history of ours has"
        if expected is not None and digest(path) != expected:
            return "is damaged"
        pq.read_metadata(path)
    except FileNotFoundError:
        return "is missing"
    except (lib.ArrowException, OSError, ValueError):
        return "is damaged"
    return ""


def _named(commit: Path) -> dict[str, str]:
    """The other files of a block by table; empty for one from before they were named."""
    import pyarrow.parquet as pq

    known = {table.name for table in HISTORY_TABLES}
    text = (pq.read_schema(commit).metadata or {}).get(FILES_KEY.encode(), b"{}")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(table): str(sha) for table, sha in found.items() if table in known}


def _of(commit: str, table: str) -> str:
    """The file of a table in the block that `commit` commits."""
    return str(Path(table, *Path(commit).parts[1:]))
