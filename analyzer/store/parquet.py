"""Rows as Parquet: exact amounts, written aside and renamed, so that no reader sees half a file.

DuckDB's own COPY makes HUGEINT a DOUBLE, so amounts are written as DECIMAL(38,0) here:

    |value| < 10**38       column = value    column_overflow = NULL
    wider                  column = NULL     column_overflow = 32 bytes, big-endian (`overflow256`)
    unknown                column = NULL     column_overflow = NULL
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer.model.atomic import replaced
from analyzer.store.overflow256 import as_word
from analyzer.store.schema import Column, Kind, Table

DIGITS = 38
"""Digits of the widest DECIMAL: a little less than HUGEINT holds."""
_LIMIT = 10**DIGITS
AMOUNTS = frozenset({Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER})


def parquet_columns(table: Table) -> list[Column]:
    """The columns of a file: each integer of more than 64 bits has its overflow column, also one
    that needs none in DuckDB, because DECIMAL(38,0) ends before 127 bits do."""
    out: list[Column] = []
    for column in table.columns:
        out.append(column)
        if column.kind in AMOUNTS:
            out.append(overflow_of(column))
    return out


def overflow_of(column: Column) -> Column:
    """The overflow column of an amount."""
    found = column.overflow
    return found or Column(f"{column.name}_overflow", Kind.BYTES, "Set where it does not fit.")


def write_parquet(
    path: Path, table: Table, rows: Iterable[Sequence[object]], about: Mapping[str, str]
) -> int:
    """Writes rows (values in the order of `table.columns`) to `path`; says how many.

    about: key -> value, kept in the file's metadata. The same bytes for the same rows.
    Raises: OverflowError for an integer that no 256-bit word holds; InputError where it
    cannot be written.
    """
    import pyarrow.parquet as pq

    arrow = arrow_table(table, list(rows), about)
    # Opened here: Arrow takes no name that is no UTF-8.
    with replaced(path) as aside, aside.open("wb") as file:
        pq.write_table(arrow, file, compression="zstd")
    return int(arrow.num_rows)


def arrow_table(table: Table, rows: Sequence[Sequence[object]], about: Mapping[str, str]) -> Any:
    """The rows (values in the order of `table.columns`) as an Arrow table, as a file has them.

    Raises: OverflowError for an integer that no 256-bit word holds.
    """
    import pyarrow as pa

    arrays: list[Any] = []
    for place, column in enumerate(table.columns):
        values = [row[place] for row in rows]
        if column.kind not in AMOUNTS:
            arrays.append(pa.array(values, _type(column)))
            continue
        pairs = [_split(table, column, value) for value in values]
        arrays.append(pa.array([value for value, _ in pairs], pa.decimal128(DIGITS, 0)))
        arrays.append(pa.array([word for _, word in pairs], pa.binary()))
    names = [column.name for column in parquet_columns(table)]
    found = pa.Table.from_arrays(arrays, names=names)
    return found.replace_schema_metadata(dict(sorted(about.items())))


def _split(table: Table, column: Column, value: Any) -> tuple[Decimal | None, bytes | None]:
    """An amount as (DECIMAL(38,0), overflow bytes). Raises: OverflowError."""
    if value is None:
        return None, None
    if -_LIMIT < value < _LIMIT:
        return Decimal(value), None
    try:
        return None, as_word(value, signed=column.kind is not Kind.UNSIGNED)
    except OverflowError as error:
        raise OverflowError(f"{table.name}.{column.name}: {error}") from error


def _type(column: Column) -> Any:
    """The Arrow type of a column that is no amount."""
    import pyarrow as pa

    return {
        Kind.TEXT: pa.string(),
        Kind.JSON: pa.string(),
        Kind.FLAG: pa.bool_(),
        Kind.COUNT: pa.int64(),
        Kind.FIGURE: pa.float64(),
        Kind.BYTES: pa.binary(),
        Kind.WALL_CLOCK: pa.timestamp("us"),
    }[column.kind]
