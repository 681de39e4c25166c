"""A table of text cells, from wherever it is: a CSV or Parquet file, or a frame of Python.

Rows are counted as a spreadsheet shows them: the names of the columns are row 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError
from analyzer.model.toml_file import shown

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Frame: TypeAlias = "str | Path | pd.DataFrame | pa.Table | Mapping[str, Sequence[object]]"
"""What a table may be given as: a file, a pandas DataFrame, an Arrow table, or columns by name."""
FIRST_ROW = 2
"""The number of the first row below the names."""
_PARQUET = b"PAR1"


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of text. where: what it is called in complaints. data: a pyarrow table of string
    columns without NULL; an empty cell is an empty text."""

    where: str
    data: Any

    def __len__(self) -> int:
        return int(self.data.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self.data.column_names

    def column(self, name: str) -> Any:
        """The cells of a column as one pyarrow array."""
        return self.data.column(name).combine_chunks()

    def texts(self, name: str) -> list[str]:
        """The cells of a column, or empty texts where the table has none of that name."""
        if name not in self:
            return [""] * len(self)
        texts: list[str] = self.column(name).to_pylist()
        return texts

    def wrong(self, row: int, name: str, what: str) -> InputError:
        """The complaint about one cell. row: from 0."""
        return InputError(f"{self.where}: row {row + FIRST_ROW}, column {name}: {what}")


def read_cells(frame: Frame, what: str, needed: Sequence[str], optional: Sequence[str]) -> Cells:
    """The table in `frame`. what: in words, `table of positions`.

    Raises: InputError for a file that is none, a column that is missing, unknown or there twice,
    and a row with more or fewer cells than there are columns.
    """
    if isinstance(frame, str | Path):
        path = Path(frame)
        where, table = str(path), _read_file(path, what)
    else:
        where, table = f"the {what}", _of_python(frame, f"the {what}")
    names = list(table.column_names)
    _check_names(names, where, needed, optional)
    return Cells(where, _as_texts(table, where))


def _check_names(
    names: Sequence[str], where: str, needed: Sequence[str], optional: Sequence[str]
) -> None:
    """Raises: InputError for names that are not those of such a table."""
    known = (*needed, *optional)
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{where}: row 1 names the column {shown(name)} twice")
        if name not in known:
            close = did_you_mean(name, known)
            raise InputError(
                f"{where}: row 1 has a column {shown(name)}, which is none of"
                f" {', '.join(known)}{close}"
            )
    for name in needed:
        if name not in names:
            raise InputError(f"{where}: row 1 has no column {name} (needed: {', '.join(needed)})")


def _read_file(path: Path, what: str) -> pa.Table:
    """A CSV or Parquet file. Raises: InputError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            head = file.read(len(_PARQUET))
        if head == _PARQUET:
            return pq.read_table(path, partitioning=None)
        return _read_csv(path)
    except FileNotFoundError:
        raise InputError(f"there is no {what} {path}") from None
    except (OSError, pa.ArrowException) as error:
        words = " ".join(str(error).split())[:200]
        raise InputError(f"{path} cannot be read as a {what}: {words}") from error


def _read_csv(path: Path) -> pa.Table:
    """Every cell as text. Raises: InputError for a row of another length, with its number."""
    import pyarrow as pa
    from pyarrow import csv

    names = _header(path)
    try:
        return csv.read_csv(
            path,
            read_options=csv.ReadOptions(block_size=1 << 24),
            # No `invalid_row_handler`: one of Arrow's threads lets go of it when it likes, and
            # when that is while Python ends, the process is aborted with a signal.
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        _check_text(path)
        row = _odd_row(path, len(names))
        if row is None:
            raise
        number, cells = row
    raise InputError(f"{path}: row {number} has {cells} cells, row 1 has {len(names)}")


def _check_text(path: Path) -> None:
    """Raises: InputError for a file that is no UTF-8, with the first line that is none."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                raise InputError(
                    f"{path}: line {number} is not UTF-8: save the table as UTF-8"
                ) from None


def _odd_row(path: Path, columns: int) -> tuple[int, int] | None:
    """The first row of another length than `columns`: its number, counted from 1 without empty
    lines, and its cells. None: there is none."""
    import csv

    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            for number, row in enumerate((row for row in csv.reader(file) if row), 1):
                if len(row) != columns:
                    return number, len(row)
        except csv.Error:  # a cell of more characters than the module takes
            return None
    return None


def _header(path: Path) -> list[str]:
    """The names of a CSV file's columns. Raises: InputError for an empty file."""
    import csv

    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = next(csv.reader(file), None)
    if not names:
        raise InputError(f"{path} is empty: row 1 has to name the columns")
    return names


def _of_python(frame: Any, where: str) -> pa.Table:
    """A frame of Python. Raises: InputError for what is none."""
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, Mapping):
        columns = {str(name): list(values) for name, values in frame.items()}
    elif hasattr(frame, "columns") and hasattr(frame, "iloc"):
        names = [str(name) for name in frame.columns]
        if len(set(names)) < len(names):
            raise InputError(f"{where} has two columns of one name: {', '.join(names)}")
        columns = {name: frame.iloc[:, at].tolist() for at, name in enumerate(names)}
    else:
        raise InputError(f"{where} is a {type(frame).__name__}: give a file or a frame")
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise InputError(f"{where} has columns of different lengths")
    return pa.table({name: [_text(value) for value in values] for name, values in columns.items()})


def _as_texts(table: pa.Table, where: str) -> pa.Table:
    """Every column as text: decimals in full, floats as the shortest text that gives them again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for name in table.column_names:
        found = table.column(name)
        kind = found.type
        if pa.types.is_dictionary(kind):
            found, kind = pc.cast(found, kind.value_type), kind.value_type
        if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            found = pa.chunked_array([pa.array([_text(v) for v in found.to_pylist()], pa.string())])
        elif pa.types.is_integer(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
            found = pc.cast(found, pa.string())
        elif not pa.types.is_string(kind):
            raise InputError(
                f"{where}: column {name} holds {kind}, which is neither text nor number"
            )
        columns.append(pc.fill_null(found, ""))
    return pa.table(columns, names=table.column_names)


def _text(value: object) -> str:
    """One cell of a frame. None is empty, and so is NaN, which is how frames say nothing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    return str(value)
