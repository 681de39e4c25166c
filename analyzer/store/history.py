"""A history: many scans as Parquet, one file per table, deployment and block.

    FOLDER/history.json                                      what is there (made from the files)
    FOLDER/history.sql                                       the views, for any DuckDB shell
    FOLDER/scans/chain=10/protocol=perp-v2/day=2026-01-31/<key>-<block>.parquet
    FOLDER/margin/chain=10/...                               and so on, table by table

Names are the same on every machine, files are never changed, only replaced as a whole, and the
file of `scans` comes last: a block without it is not there, whatever else of it is. So a killed
run leaves nothing half, and two histories are merged by copying one folder over the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from analyzer.model.atomic import cannot_write, problem_of, replace_bytes
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.identity import deployment_key
from analyzer.store.confine import connect, lock
from analyzer.store.history_check import FILES_KEY, Fault, digest, find_faults, put_aside
from analyzer.store.history_views import HISTORY_TABLES, SCANS_TABLE, SQL_MARK, files_of, views_sql
from analyzer.store.load import fetch
from analyzer.store.overflow256 import join
from analyzer.store.parquet import AMOUNTS, parquet_columns, write_parquet
from analyzer.store.reader import Snapshot
from analyzer.store.schema import Kind, Table, names, quoted
from analyzer.store.tables import VERSION as TABLES_VERSION

FORMAT = 1
"""Version of the layout: folders, names, and how an amount is written."""
MANIFEST = "history.json"
SQL_FILE = "history.sql"
BLOCK_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Held:
    """A block that a history holds. key: of the deployment; scan_id: of the scan. doubted: whether
    something spoke against its logs being whole."""

    key: str
    block: int
    scan_id: str
    block_hash: str
    verify_mode: str
    mismatches: int
    unread: int
    doubted: bool
    severity: int
    """Rank of the worst finding; -1 = none."""
    not_proven: bool
    """Whether its answer has a caveat: unknown accounts, unread calls, a set that is not whole."""

    @property
    def lacking(self) -> bool:
        """Whether something of it was not read, or its logs were in doubt."""
        return self.doubted or self.unread > 0


def make_history(folder: Path) -> None:
    """Makes the folder a history, or sees that it is one.

    Raises: InputError for a folder that holds something else, or is of another version.
    """
    if not folder.parent.is_dir():
        raise InputError(f"{folder} cannot be made: {folder.parent} is no folder")
    if (folder / MANIFEST).exists():
        check_history(folder)
        return
    if _lost_its_manifest(folder):
        write_manifest(folder)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is no history of analyzer, and not empty: name another folder")
    folder.mkdir(exist_ok=True)
    write_manifest(folder)


def _lost_its_manifest(folder: Path) -> bool:
    """Whether a folder holds the views and the scans of a history, and nothing that none has."""
    try:
        names = {entry.name for entry in folder.iterdir()}
        text = (folder / SQL_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return text.startswith(SQL_MARK) and names <= {SQL_FILE, *(t.name for t in HISTORY_TABLES)}


def check_history(folder: Path) -> None:
    """Raises InputError when the folder is no history of this program's version."""
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            f"there is no history at {folder}: `analyzer backfill --history {folder}` makes one"
        )
    try:
        # Not `json`: the stack of its C code ends in a crash where brackets are nested too deep.
        found = orjson.loads(path.read_bytes())
        version = (found["format"], found["tables"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no manifest of a history, or is damaged: remove it, `analyzer backfill`"
            " makes it again from the files"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {problem_of(error)}") from error
    if version != (FORMAT, TABLES_VERSION):
        raise InputError(
            f"{folder} is a history of version {version[0]}.{version[1]}, this program writes"
            f" version {FORMAT}.{TABLES_VERSION}: name another folder and backfill it"
        )


def write_block(
    folder: Path,
    deployment: Deployment,
    block: BlockRef,
    rows: Mapping[str, Iterable[Sequence[object]]],
    about: Mapping[str, str],
) -> dict[str, int]:
    """Writes one deployment at one block; what the history held of it before (of a block that a
    reorg took away) goes first. rows: table -> rows of that one scan; tables that a history does
    not keep are left out. Says how many rows each table has.

    Raises: KeyError when the row of `scans` is missing; OverflowError; OSError.
    """
    commit = list(rows[SCANS_TABLE.name])
    stem = f"{deployment_key(deployment)}-{block.number:0{BLOCK_DIGITS}d}.parquet"
    place = _place(deployment, block)
    # The commit goes first, so that nobody reads the rest of a block that is half replaced.
    for table in (SCANS_TABLE, *(t for t in HISTORY_TABLES if t is not SCANS_TABLE)):
        for old in (folder / table.name).glob(f"*/*/*/{stem}"):
            old.unlink()
    about = {**about, "format": str(FORMAT), "tables": str(TABLES_VERSION)}
    written: dict[str, int] = {}
    digests: dict[str, str] = {}
    for table in HISTORY_TABLES:
        own = table is SCANS_TABLE
        found = commit if own else list(rows.get(table.name, ()))
        written[table.name] = len(found)
        if found:
            target = folder / table.name / place / stem
            target.parent.mkdir(parents=True, exist_ok=True)
            # The commit comes last and names the files that it stands for.
            named = {FILES_KEY: json.dumps(digests, sort_keys=True)} if own else {}
            write_parquet(target, table, found, {**about, **named})
            digests[table.name] = digest(target)
    return written


def _place(deployment: Deployment, block: BlockRef) -> Path:
    """The partition of a block: chain, protocol, and the day of the block's time in UTC."""
    day = datetime.fromtimestamp(block.time, UTC).date().isoformat()
    protocol = quote(deployment.protocol, safe="")
    return Path(f"chain={deployment.chain_id}") / f"protocol={protocol}" / f"day={day}"


def held(folder: Path) -> dict[tuple[str, int], Held]:
    """Every block of the history by (key of the deployment, block number)."""
    if not files_of(folder, SCANS_TABLE):
        return {}
    with closing(_connect(folder)) as connection:
        rows = fetch(
            connection,
            "SELECT parse_filename(s.filename), s.scan_id, s.block_hash, s.verify_mode,"
            " s.mismatches,"
            " coalesce((SELECT sum(not_read) FROM history_reads r WHERE r.scan_id = s.scan_id"
            "  AND purpose = 'rebuild'), 0)::BIGINT, s.log_doubts <> '[]',"
            " coalesce((SELECT max(severity_rank) FROM history_findings f"
            "  WHERE f.scan_id = s.scan_id), -1), s.caveats <> '[]'"
            " FROM history_scans s ORDER BY 1",
        )
    out = {}
    for name, *rest in rows:
        key, _, number = str(name).removesuffix(".parquet").partition("-")
        out[key, int(number)] = Held(key, int(number), *rest)
    return out


def write_manifest(folder: Path) -> dict[str, Any]:
    """Writes `history.json` and `history.sql` from the files that are there; the former's content.

    The same files give the same bytes, whoever wrote them and in whatever order.
    """
    with closing(_connect(folder)) as connection:
        columns = "deployment, protocol, chain_id, block_number, block_hash, block_time, day"
        found = fetch(
            connection,
            f"SELECT {columns}, scan_id, methodology, verify_mode, parse_filename(filename),"
            " filename FROM history_scans ORDER BY protocol, chain_id, 11",
        )
    names = [*columns.split(", "), "scan_id", "methodology", "verify_mode", "file"]
    root = folder.resolve()
    manifest = {
        "kind": "history",
        "format": FORMAT,
        "tables": TABLES_VERSION,
        "files": {table.name: len(files_of(folder, table)) for table in HISTORY_TABLES},
        "blocks": [
            {
                **dict(zip(names, map(_plain, row), strict=True)),
                "path": str(Path(path).relative_to(root)),
                "sha256": digest(Path(path)),
            }
            for *row, path in found
        ],
    }
    replace_bytes(folder / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    replace_bytes(folder / SQL_FILE, views_sql(folder, ".").encode())
    return manifest


def heal_history(folder: Path) -> list[Fault]:
    """Takes the blocks of which a file is missing or damaged out of a history, so that they can be
    written again; which they were. What is left of their files lies beside, as `*.damaged`.

    Raises: InputError where files cannot be renamed.
    """
    faults = find_faults(folder, _manifest(folder))
    try:
        put_aside(folder, faults)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return faults


def _manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest, which `check_history` has seen."""
    found: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


def _plain(value: object) -> object:
    """A value as JSON has it."""
    return value if isinstance(value, int | str) else str(value)


class History(Snapshot):
    """An open history: `query` and `tables` of a snapshot, over the views of all its blocks."""

    def rows_of(self, table: Table, deployment: str | None = None) -> list[tuple[Any, ...]]:
        """(deployment, block, the values of `table.columns`) of every block, amounts whole, by
        deployment, block and key. Raises: InputError for a table that no history has."""
        if table not in HISTORY_TABLES:
            known = ", ".join(sorted(one.name for one in HISTORY_TABLES))
            raise InputError(f"a history has no table {table.name!r} (it has: {known})")
        listed = parquet_columns(table)
        where = "" if deployment is None else "WHERE deployment = ?"
        keys = ", ".join(dict.fromkeys(["deployment", "block_number", *map(quoted, table.key)]))
        _, rows = self.query(
            f"SELECT deployment, block_number, {names(listed)} FROM history_{table.name} {where}"
            f" ORDER BY {keys}",
            [] if deployment is None else [deployment],
        )
        places = {column.name: place for place, column in enumerate(listed, 2)}
        plan = [(column, places[column.name]) for column in table.columns]
        return [
            (
                *row[:2],
                *(
                    join(row[at], row[at + 1], signed=column.kind is not Kind.UNSIGNED)
                    if column.kind in AMOUNTS
                    else row[at]
                    for column, at in plan
                ),
            )
            for row in rows
        ]


def open_history(folder: Path) -> History:
    """The history in `folder` as DuckDB views, read-only: `history_scans`, `history_series`, ...

    Raises: InputError when there is none, it is of another version, or a file of it is missing or
    damaged.
    """
    check_history(folder)
    faults = find_faults(folder, _manifest(folder))
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise InputError(
            f"{folder}: {faults[0].file} {faults[0].problem}{more}: `analyzer backfill` of these"
            " blocks writes them again"
        )
    return History(_connect(folder, comments=True), folder)


def _connect(folder: Path, *, comments: bool = False) -> Any:
    """A locked DuckDB connection in memory with the views over the folder, and no other file."""
    root = folder.resolve()
    connection = connect()
    lock(connection, [root])
    connection.execute(views_sql(root, str(root), comments=comments))
    return connection
