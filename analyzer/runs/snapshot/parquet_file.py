"""The rows of a question as a Parquet file, exact: no integer becomes a float on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from analyzer import __version__
from analyzer.model.atomic import replaced
from analyzer.runs.snapshot.artifact import PARQUET_MARK, check_forms

_INT64 = 2**63
_DECIMAL_DIGITS = 38
_SCALE = 18


def write_parquet(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Writes rows (as DuckDB gives them) to `path`, aside first.

    An integer column is INT64 where all of it fits, else DECIMAL(38,0), else text; DECIMAL is
    DECIMAL(38,18), else text. A column of nothing but NULL is text.
    Raises: InputError when the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [_column(pa, [row[place] for row in rows]) for place in range(len(columns))]
    table = pa.table(dict(zip(columns, arrays, strict=True)))
    table = table.replace_schema_metadata({PARQUET_MARK: __version__})
    # Opened here: Arrow takes no name that is no UTF-8.
    with replaced(path) as aside, aside.open("wb") as file:
        pq.write_table(table, file, compression="zstd")


def check_parquet(path: Path, taken: Mapping[str, Path | None]) -> None:
    """Sees, before the work, that rows can be written to `path`: nothing is there, or Parquet
    that was written here.

    taken: as of `check_forms`. Raises: InputError.
    """
    check_forms({path: "parquet"}, taken, rows=True)


def _column(pa: Any, values: Sequence[object]) -> Any:
    """One column as an Arrow array of the narrowest type that holds all of it exactly."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int}:
        return _integers(pa, [value for value in values if value is None or type(value) is int])
    if kinds == {float}:
        return pa.array(values, pa.float64())
    if kinds <= {int, Decimal} and kinds:
        return _decimals(pa, values)
    if kinds == {datetime}:
        return pa.array(values, pa.timestamp("us"))
    if kinds == {date}:
        return pa.array(values, pa.date32())
    if kinds == {bytes}:
        return pa.array(values, pa.binary())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _integers(pa: Any, values: Sequence[int | None]) -> Any:
    """Integers of any size."""
    widest = max(abs(value) for value in values if value is not None)
    if widest < _INT64:
        return pa.array(values, pa.int64())
    if widest < 10**_DECIMAL_DIGITS:
        exact = [None if value is None else Decimal(value) for value in values]
        return pa.array(exact, pa.decimal128(_DECIMAL_DIGITS, 0))
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _decimals(pa: Any, values: Sequence[object]) -> Any:
    """Decimals with 18 places, as text where one does not fit."""
    import pyarrow.lib as lib

    try:
        exact = [None if value is None else Decimal(str(value)) for value in values]
        return pa.array(exact, pa.decimal128(_DECIMAL_DIGITS, _SCALE))
    except lib.ArrowInvalid:
        return pa.array([None if value is None else str(value) for value in values], pa.string())
