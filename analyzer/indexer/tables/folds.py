"""The table `folds`: packed folds that a scan left off after a block, so that the next one goes on
from there. A cache: made when the first is kept, and never needed. The caller owns the transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analyzer.indexer.keys import KEY
from analyzer.store.load import fetch, load_rows
from analyzer.store.rows import record_writer
from analyzer.store.schema import Column, Kind, Table, count, text

if TYPE_CHECKING:
    import duckdb

KEPT = 2
"""How many folds of a deployment stay: the newest blocks', and as many of those made last."""

TABLE = Table(
    "folds",
    "Folds that were left off after a block: what later scans go on from. One row per deployment"
    " and block.",
    (
        KEY,
        count("block_number", "All logs up to this block are folded.", key=True),
        text("basis", "Digest of what was folded: contracts, events, count of logs, last header."),
        text("program", "Which program folded."),
        text("sha256", "Of the column `fold`, in hex."),
        Column("fold", Kind.BYTES, "The packed state and what was asked on the way to it."),
        Column("kept_at", Kind.WALL_CLOCK, "When it was kept, UTC."),
    ),
)

to_row = record_writer(TABLE)


@dataclass(frozen=True, slots=True)
class StoredFold:
    """One row. undamaged: whether the bytes are those that were kept."""

    block: int
    basis: str
    program: str
    fold: bytes
    undamaged: bool


def stored_folds(
    connection: duckdb.DuckDBPyConnection, key: str, *, up_to: int
) -> Iterator[StoredFold]:
    """The folds of a deployment at or below a block, the nearest first; each is read when it is
    asked for."""
    if not is_made(connection):
        return
    where = "WHERE deployment_key = ? AND block_number"
    blocks = fetch(
        connection,
        f"SELECT block_number, basis, program FROM folds {where} <= ? ORDER BY 1 DESC",
        [key, up_to],
    )
    for block, basis, program in blocks:
        ((digest, fold),) = fetch(
            connection, f"SELECT sha256, fold FROM folds {where} = ?", [key, block]
        )
        data = bytes(fold or b"")
        undamaged = hashlib.sha256(data).hexdigest() == digest
        yield StoredFold(int(block), str(basis), str(program), data, undamaged)


def keep_fold(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    block: int,
    basis: str,
    program: str,
    fold: bytes,
) -> None:
    """Keeps a fold, in the place of one of the same block; older ones go."""
    if not is_made(connection):
        for statement in TABLE.ddl():
            connection.execute(statement)
    drop_fold(connection, key, block)
    row = to_row(
        deployment_key=key,
        block_number=block,
        basis=basis,
        program=program,
        sha256=hashlib.sha256(fold).hexdigest(),
        fold=fold,
        kept_at=datetime.now(UTC).replace(tzinfo=None),
    )
    load_rows(connection, TABLE, [row])
    connection.execute(
        "DELETE FROM folds WHERE deployment_key = $key AND block_number NOT IN (SELECT block_number"
        " FROM folds WHERE deployment_key = $key ORDER BY block_number DESC LIMIT $kept)"
        " AND block_number NOT IN (SELECT block_number FROM folds WHERE deployment_key = $key"
        " ORDER BY kept_at DESC LIMIT $kept)",
        {"key": key, "kept": KEPT},
    )


def drop_fold(connection: duckdb.DuckDBPyConnection, key: str, block: int) -> None:
    """Drops the fold of one block."""
    if is_made(connection):
        connection.execute(
            "DELETE FROM folds WHERE deployment_key = ? AND block_number = ?", [key, block]
        )


def drop_folds(connection: duckdb.DuckDBPyConnection, key: str, *, above: int) -> None:
    """Drops every fold of a deployment that has logs above a block in it; -1 = all."""
    if is_made(connection):
        connection.execute(
            "DELETE FROM folds WHERE deployment_key = ? AND block_number > ?", [key, above]
        )


def is_made(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file has the table."""
    found = fetch(
        connection,
        "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database()"
        f" AND table_name = '{TABLE.name}'",
    )
    return bool(found)
