"""The result of a query for people and for spreadsheets; integers keep every digit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analyzer.model.visible import visible
from analyzer.report.blocks import Block, Grid
from analyzer.report.csv_text import csv_text
from analyzer.report.markdown import pipe_table
from analyzer.report.table import DEFAULT_WIDTH, table

_SENTENCE = 30
"""A cell with spaces in it that is longer than this may be folded, to no less than this."""
_PLAN = ("explain_key", "explain_value")
"""The columns of EXPLAIN, whose text is a drawing of DuckDB's own in several lines."""
_GAP = 3
"""Columns of text between two columns of a table."""


def render_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    format_: str,
    *,
    count: bool = True,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """Query results as `table`, `csv` or `markdown`.

    NULL is empty in CSV, and `NULL` for people. count: whether a table ends with how many rows
    there are. Raises: ValueError for another format.
    """
    if format_ == "csv":
        return csv_text(columns, [[_csv(value) for value in row] for row in rows])
    cells = tuple(tuple(_short(value) for value in row) for row in rows)
    if tuple(columns) != _PLAN:
        cells = tuple(tuple(visible(cell) for cell in row) for row in cells)
    columns = tuple(visible(name) for name in columns)
    right = frozenset(
        name
        for position, name in enumerate(columns)
        if any(_is_number(row[position]) for row in rows)
    )
    if format_ == "markdown":
        return pipe_table(columns, cells, right) + "\n"
    if format_ == "table":
        note = f"{len(rows):,} row" + ("" if len(rows) == 1 else "s") if count else ""
        grid = Grid("", columns, cells, right, note, _whole(columns, cells))
        needed = _needed(columns, cells, grid.whole)
        return table([grid], width=max(width, needed), colour=colour)
    raise ValueError(f"no such format: {format_}")


def width_of(block: Block) -> int:
    """How wide a table must be so that no number and no name of this block is cut."""
    if not isinstance(block, Grid):
        return 0
    return _needed(block.columns, block.rows, block.right | block.whole)


def _widths(columns: tuple[str, ...], cells: tuple[tuple[str, ...], ...]) -> list[int]:
    """The width of the longest cell of each column."""
    return [
        max(len(name), *(len(row[place]) for row in cells)) if cells else len(name)
        for place, name in enumerate(columns)
    ]


def _whole(columns: tuple[str, ...], cells: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """The columns that are never folded: numbers and names; sentences are."""
    return frozenset(
        name
        for place, (name, width) in enumerate(zip(columns, _widths(columns, cells), strict=True))
        if width <= _SENTENCE or not any(" " in row[place] for row in cells)
    )


def _needed(
    columns: tuple[str, ...], cells: tuple[tuple[str, ...], ...], whole: frozenset[str]
) -> int:
    """How wide the table must be so that nothing whole is folded: wider than the terminal is
    better than a number in pieces."""
    widths = zip(columns, _widths(columns, cells), strict=True)
    return sum(_GAP + (width if name in whole else _SENTENCE) for name, width in widths)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _short(value: Any) -> str:
    """A value for people: as `_text`, but a float, which is never an amount, in six digits."""
    return f"{value:.6g}" if isinstance(value, float) else _text(value)


def _csv(value: Any) -> object:
    """A value for CSV: NULL is empty."""
    return None if value is None else _text(value)


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
