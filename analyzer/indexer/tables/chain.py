"""The table `chain`: the chain that an index is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.store.load import fetch, load_rows
from analyzer.store.rows import record_writer
from analyzer.store.schema import Table, count, text

if TYPE_CHECKING:
    import duckdb

TABLE = Table(
    "chain",
    "The chain that this index is of. One row.",
    (
        count("chain_id", "Chain id.", key=True),
        text("genesis_hash", "Hash of block 0, 0x; NULL = not known (not in the recording)."),
    ),
)

to_row = record_writer(TABLE)


def read_chain(connection: duckdb.DuckDBPyConnection) -> tuple[int, str | None] | None:
    """(chain id, hash of block 0 where it is known); None in an index that is new."""
    rows = fetch(connection, "SELECT chain_id, genesis_hash FROM chain")
    return (int(rows[0][0]), rows[0][1]) if rows else None


def write_chain(
    connection: duckdb.DuckDBPyConnection, chain_id: int, genesis_hash: str | None
) -> None:
    """Says of which chain a new index is; the caller owns the transaction."""
    load_rows(connection, TABLE, [to_row(chain_id=chain_id, genesis_hash=genesis_hash)])
