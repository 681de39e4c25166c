"""Rows into a table through Arrow, and the proof that they arrived.

DuckDB 2.0.0 can misread pandas and numpy objects; Arrow columns of primitive and opaque types are
the safe way in, and every load is checked by counts and checksums all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from math import isfinite
from operator import xor
from typing import TYPE_CHECKING, Any

from analyzer.store.overflow256 import split
from analyzer.store.schema import Column, Kind, Table, names, quoted

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 122_880
"""One DuckDB row group: what an insert should hold at least to be fast (measured)."""

_HUGEINT_BYTES = 16
_INTEGERS = frozenset({Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER, Kind.COUNT})
_FIGURES_BELOW = 1e30
"""Floats up to here are proven by their millionths; larger ones by their count alone."""
_TEXTS = frozenset({Kind.TEXT, Kind.JSON})


class LoadError(RuntimeError):
    """What lies in the table is not what was given to it: a fault below us, never of the input."""


def load_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: Iterable[Sequence[object]]
) -> int:
    """Appends rows (values in the order of `table.columns`), proves each batch; says how many.

    Raises: LoadError when counts or checksums differ after a batch; OverflowError for an integer
    that no 256-bit word holds; ValueError for a row of the wrong length, or a float that is NaN
    or infinite.
    """
    return sum(_load_batch(connection, table, batch) for batch in _batches(rows))


def fetch(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """All rows of a query. A result left unread would own the connection, so none is."""
    return connection.execute(sql, list(parameters)).fetchall()


def _batches(rows: Iterable[Sequence[object]]) -> Iterator[list[Sequence[object]]]:
    """Rows in lists of at most `BATCH_ROWS`."""
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH_ROWS)):
        yield batch


def _load_batch(
    connection: duckdb.DuckDBPyConnection, table: Table, batch: list[Sequence[object]]
) -> int:
    """One Arrow insert and its proof."""
    import pyarrow as pa

    values = _stored_values(table, batch)
    columns = table.stored_columns
    arrays = [_array(column, data) for column, data in zip(columns, values, strict=True)]
    name, listed = quoted(table.name), names(columns)
    last_row = fetch(connection, f"SELECT coalesce(max(rowid), -1) FROM {name}")[0][0]
    connection.register(
        "analyzer_batch", pa.Table.from_arrays(arrays, names=[c.name for c in columns])
    )
    # No `finally`: in a transaction that the insert aborted nothing but ROLLBACK is allowed, and
    # a name that stays registered is replaced by the next batch.
    connection.execute(f"INSERT INTO {name} ({listed}) SELECT {listed} FROM analyzer_batch")
    connection.unregister("analyzer_batch")
    checksums = ", ".join(_checksum_sql(column) for column in columns)
    stored = fetch(
        connection, f"SELECT count(*), {checksums} FROM {name} WHERE rowid > ?", [last_row]
    )[0]
    _prove(table, values, len(batch), stored)
    return len(batch)


def _prove(table: Table, values: list[list[Any]], rows: int, stored: tuple[Any, ...]) -> None:
    """Compares the row count and each column's checksum with what the table now holds."""
    if stored[0] != rows:
        raise LoadError(f"table {table.name}: {rows} rows were written, {stored[0]} are stored")
    for i, (column, data) in enumerate(zip(table.stored_columns, values, strict=True)):
        given, found = _checksum(column, data), (stored[1 + 2 * i], stored[2 + 2 * i])
        if given != found:
            raise LoadError(
                f"table {table.name}, column {column.name}: (count, checksum) {given} was written,"
                f" {found} is stored"
            )


def _stored_values(table: Table, batch: list[Sequence[object]]) -> list[list[Any]]:
    """The batch in columns, each wide integer split into its column and its overflow."""
    for row in batch:
        if len(row) != len(table.columns):
            raise ValueError(
                f"{table.name} has {len(table.columns)} columns, a row has {len(row)}: {row}"
            )
    out: list[list[Any]] = []
    for column, data in zip(table.columns, zip(*batch, strict=True), strict=True):
        if column.kind is Kind.FIGURE and not all(v is None or isfinite(v) for v in data):
            raise ValueError(f"{table.name}.{column.name}: a figure that is no finite number")
        if column.overflow is None:
            out.append(list(data))
            continue
        try:
            pairs = [split(value, signed=column.kind is Kind.AMOUNT) for value in data]
        except OverflowError as error:
            raise OverflowError(f"{table.name}.{column.name}: {error}") from error
        out += [[value for value, _ in pairs], [overflow for _, overflow in pairs]]
    return out


def _array(column: Column, data: list[Any]) -> Any:
    """The Arrow array of one stored column."""
    import pyarrow as pa

    if column.sql_type == "HUGEINT":
        packed = [
            None if v is None else v.to_bytes(_HUGEINT_BYTES, "little", signed=True) for v in data
        ]
        kind = pa.opaque(pa.binary(_HUGEINT_BYTES), "hugeint", "DuckDB")
        return pa.ExtensionArray.from_storage(kind, pa.array(packed, pa.binary(_HUGEINT_BYTES)))
    types = {
        "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "BLOB": pa.binary(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    return pa.array(data, types[column.sql_type])


def _checksum_sql(column: Column) -> str:
    """The number of values and an aggregate that a changed value changes: exact, never too wide."""
    name = quoted(column.name)
    return f"count({name}), coalesce({_AGGREGATE[column.kind].format(name=name)}, 0)"


_AGGREGATE = {
    **dict.fromkeys(_INTEGERS, "bit_xor({name}::HUGEINT)"),
    **dict.fromkeys(_TEXTS, "sum(strlen({name}))"),
    Kind.BYTES: "sum(octet_length({name}))",
    Kind.FLAG: "sum({name}::INTEGER)",
    # Millionths, of what is small enough to have them exactly in 127 bits.
    Kind.FIGURE: "bit_xor(CASE WHEN abs({name}) < 1e30 THEN trunc({name} * 1e6)::HUGEINT END)",
    Kind.WALL_CLOCK: "count({name})",
}


def _checksum(column: Column, data: list[Any]) -> tuple[int, int]:
    """The same two numbers over the values given."""
    known = [value for value in data if value is not None]
    if column.kind in _INTEGERS:
        return len(known), reduce(xor, known, 0)
    if column.kind is Kind.FIGURE:
        small = (int(value * 1e6) for value in known if abs(value) < _FIGURES_BELOW)
        return len(known), reduce(xor, small, 0)
    if column.kind in _TEXTS:
        return len(known), sum(len(value.encode()) for value in known)
    if column.kind is Kind.BYTES:
        return len(known), sum(map(len, known))
    return len(known), sum(known) if column.kind is Kind.FLAG else len(known)
