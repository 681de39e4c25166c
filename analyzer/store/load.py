"""Rows into a table through Arrow, and the proof that they arrived.

DuckDB 2.0.0 can misread pandas and numpy objects; Arrow columns of primitive and opaque types are
the safe way in, and every load is checked by counts and checksums all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from math import isfinite
from operator import xor
from typing import TYPE_CHECKING, Any

from analyzer.model.integers import HUGEINT_MAX
from analyzer.store.overflow256 import split
from analyzer.store.schema import Column, Kind, Table, literal, names, quoted

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 30_720
"""Rows that are made into Arrow together, a quarter of a DuckDB row group: no slower than a whole
one, and a quarter of the memory (measured)."""

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


def load_columns(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    columns: Mapping[str, Any],
    *,
    same: Mapping[str, str],
) -> int:
    """Appends Arrow arrays (one a stored column, by name) and proves them; says how many rows.

    same: texts that all rows have, by column. Raises: LoadError as `load_rows`.
    """
    stored = table.stored_columns
    rows = len(next(iter(columns.values())))
    given = [
        (rows, rows * len(same[column.name].encode()))
        if column.name in same
        else _checksum_of_array(column, columns[column.name])
        for column in stored
    ]
    _insert(connection, table, columns, same, rows, given)
    return rows


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
    values = _stored_values(table, batch)
    pairs = list(zip(table.stored_columns, values, strict=True))
    arrays = {column.name: _array(column, data) for column, data in pairs}
    given = [_checksum(column, data) for column, data in pairs]
    _insert(connection, table, arrays, {}, len(batch), given)
    return len(batch)


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    arrays: Mapping[str, Any],
    same: Mapping[str, str],
    rows: int,
    given: Sequence[tuple[int, int]],
) -> None:
    """Inserts arrays, and compares the row count and each column's checksum with what the table
    now holds. given: (values, checksum) of each stored column. Raises: LoadError."""
    import pyarrow as pa

    columns = table.stored_columns
    name, listed = quoted(table.name), names(columns)
    picked = ", ".join(
        literal(same[column.name]) if column.name in same else quoted(column.name)
        for column in columns
    )
    last_row = fetch(connection, f"SELECT coalesce(max(rowid), -1) FROM {name}")[0][0]
    connection.register(
        "analyzer_batch", pa.Table.from_arrays(list(arrays.values()), names=list(arrays))
    )
    # No `finally`: in a transaction that the insert aborted nothing but ROLLBACK is allowed, and
    # a name that stays registered is replaced by the next batch.
    connection.execute(f"INSERT INTO {name} ({listed}) SELECT {picked} FROM analyzer_batch")
    connection.unregister("analyzer_batch")
    checksums = ", ".join(_checksum_sql(column) for column in columns)
    stored = fetch(
        connection, f"SELECT count(*), {checksums} FROM {name} WHERE rowid > ?", [last_row]
    )[0]
    if stored[0] != rows:
        raise LoadError(f"table {table.name}: {rows} rows were written, {stored[0]} are stored")
    for i, (column, wanted) in enumerate(zip(columns, given, strict=True)):
        found = (stored[1 + 2 * i], stored[2 + 2 * i])
        if wanted != found:
            raise LoadError(
                f"table {table.name}, column {column.name}: (count, checksum) {wanted} was written,"
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
        known = data if None not in data else [value for value in data if value is not None]
        if not known or (min(known) >= -HUGEINT_MAX and max(known) <= HUGEINT_MAX):
            out += [list(data), [None] * len(data)]
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
        kind = pa.opaque(pa.binary(_HUGEINT_BYTES), "hugeint", "DuckDB")
        return pa.ExtensionArray.from_storage(kind, _hugeints(data))
    types = {
        "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "BLOB": pa.binary(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    return pa.array(data, types[column.sql_type])


def _hugeints(data: list[Any]) -> Any:
    """Integers as their 16 bytes, little-endian two's complement: by way of 64 bits where all of
    them fit, which is four times as fast."""
    import numpy as np
    import pyarrow as pa

    try:
        narrow = pa.array(data, pa.int64())
    except OverflowError:
        packed = [
            None if v is None else v.to_bytes(_HUGEINT_BYTES, "little", signed=True) for v in data
        ]
        return pa.array(packed, pa.binary(_HUGEINT_BYTES))
    low = narrow.fill_null(0).to_numpy()
    words = np.empty((len(low), 2), np.int64)
    words[:, 0] = low
    words[:, 1] = low >> 63
    return pa.Array.from_buffers(
        pa.binary(_HUGEINT_BYTES), len(low), [narrow.buffers()[0], pa.py_buffer(words)]
    )


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
    known = [value for value in data if value is not None] if None in data else data
    if column.kind in _INTEGERS:
        return len(known), reduce(xor, known, 0)
    if column.kind is Kind.FIGURE:
        small = (int(value * 1e6) for value in known if abs(value) < _FIGURES_BELOW)
        return len(known), reduce(xor, small, 0)
    if column.kind in _TEXTS:
        return len(known), len("".join(known).encode())
    if column.kind is Kind.BYTES:
        return len(known), sum(map(len, known))
    return len(known), sum(known) if column.kind is Kind.FLAG else len(known)


def _checksum_of_array(column: Column, array: Any) -> tuple[int, int]:
    """The same two numbers over an Arrow array that begins at its buffers' beginning."""
    import numpy as np

    known = len(array) - array.null_count
    if column.kind in _TEXTS or column.kind is Kind.BYTES:
        return known, _bytes_of_array(array)
    if column.kind is Kind.FLAG:
        return known, array.true_count
    if column.sql_type == "HUGEINT":
        halves = np.frombuffer(array.storage.buffers()[1], dtype=np.uint64).reshape(-1, 2)
        if array.null_count:
            halves = halves[np.asarray(array.is_valid())]
        low, high = np.bitwise_xor.reduce(halves, axis=0).tolist()
        value = low | high << 64
        return known, value - (1 << 128) if value >> 127 else value
    numbers = array.drop_null() if array.null_count else array
    return known, int(np.bitwise_xor.reduce(numbers.to_numpy(zero_copy_only=False), initial=0))


def _bytes_of_array(array: Any) -> int:
    """How many bytes the values of an array of bytes or text have together."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_fixed_size_binary(array.type):
        return int((len(array) - array.null_count) * array.type.byte_width)
    return int(pc.sum(pc.binary_length(array)).as_py() or 0)
