"""The result of a query, in every form; integers keep every digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analyzer.report.markdown import pipe_table
from analyzer.report.page import Grid
from analyzer.report.render import json_text
from analyzer.report.table import DEFAULT_WIDTH, table

_SAFE_INTEGER = 2**53
"""Above this a JSON number loses digits in readers that use doubles."""


def render_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    format_: str,
    *,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """Query results as `table`, `json` (a list of objects), `csv` or `markdown`.

    In JSON, amounts (DECIMAL, and integers beyond 2**53) are decimal strings; NULL is null in
    JSON, empty in CSV, and `NULL` for people. Raises: ValueError for another format.
    """
    if format_ == "json":
        return json_text([dict(zip(columns, map(_json, row), strict=True)) for row in rows])
    if format_ == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if v is None else _text(v) for v in row] for row in rows])
        return out.getvalue()
    cells = tuple(tuple(_text(value) for value in row) for row in rows)
    right = frozenset(
        name
        for position, name in enumerate(columns)
        if any(_is_number(row[position]) for row in rows)
    )
    if format_ == "markdown":
        return pipe_table(columns, cells, right) + "\n"
    if format_ == "table":
        note = f"{len(rows):,} row" + ("" if len(rows) == 1 else "s")
        grid = Grid("", tuple(columns), cells, right, note)
        return table([grid], width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        # JSON has no NaN or infinity; as text they stay visible.
        return value if abs(value) != float("inf") and value == value else str(value)
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return _text(value)
