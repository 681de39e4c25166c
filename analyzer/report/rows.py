"""The result of a query for people and for spreadsheets; integers keep every digit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

from analyzer.model.visible import visible
from analyzer.report.blocks import Block, Grid
from analyzer.report.csv_text import csv_text
from analyzer.report.markdown import pipe_table
from analyzer.report.money import short
from analyzer.report.table import DEFAULT_WIDTH, table

_SENTENCE = 30
"""A cell with spaces in it that is longer than this may be folded, to no less than this."""
_PLAN = ("explain_key", "explain_value")
"""The columns of EXPLAIN, whose text is a drawing of DuckDB's own in several lines."""
_SMALL_PLACES = 6
_SCALE = 38
"""Decimals to which an amount is raised before it is rounded: no DECIMAL has more."""
_WIDE = Context(prec=200)
_HEX = re.compile(r"0x[0-9a-fA-F]{16,}")
_GAP = 3
"""Columns of text between two columns of a table."""


def render_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    format_: str,
    *,
    count: bool = True,
    exact: bool = True,
    fit: bool = False,
    records: bool = False,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """Query results as `table`, `csv` or `markdown`.

    NULL is empty in CSV, and `NULL` for people. count: whether a table ends with how many rows
    there are. exact: decimals of a table with all their digits, else rounded for people, which the
    table says. fit: a table that is wider than `width` names accounts by their ends, and if that
    does not help becomes records. records: a line a column, row by row.
    Raises: ValueError for another format.
    """
    if format_ == "csv":
        return csv_text(columns, [[_csv(value) for value in row] for row in rows])
    cells = tuple(tuple(_short(value) for value in row) for row in rows)
    cut = ""
    if format_ == "table" and not exact:
        whole = cells
        cells = _rounded(rows, cells)
        cut = ", rounded (--exact shows all digits)" if cells != whole else ""
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
        note = f"{len(rows):,} row" + ("" if len(rows) == 1 else "s") + cut if count else ""
        plan = tuple(columns) == _PLAN
        if fit and not plan and _needed(columns, cells, _whole(columns, cells)) > width:
            cells = tuple(tuple(map(_ends, row)) for row in cells)
            records = records or _needed(columns, cells, _whole(columns, cells)) > width
        if records and not plan:
            return _records(columns, cells, note)
        grid = Grid("", columns, cells, right, note, _whole(columns, cells))
        needed = _needed(columns, cells, grid.whole)
        return table([grid], width=max(width, needed), colour=colour)
    raise ValueError(f"no such format: {format_}")


def _rounded(
    rows: Sequence[Sequence[Any]], cells: tuple[tuple[str, ...], ...]
) -> tuple[tuple[str, ...], ...]:
    """The cells with decimals rounded, a column alike: to two places, or to six where all of it is
    below one. What is not zero never reads as zero."""
    places: dict[int, int] = {}
    for place in range(len(cells[0]) if cells else 0):
        values = [row[place] for row in rows if isinstance(row[place], Decimal)]
        if values and all(value.is_finite() for value in values):
            places[place] = 2 if any(abs(value) >= 1 for value in values) else _SMALL_PLACES
    return tuple(
        tuple(
            short(int(row[at].scaleb(_SCALE, _WIDE)), _SCALE, places[at])
            if at in places and isinstance(row[at], Decimal)
            else text
            for at, text in enumerate(line)
        )
        for row, line in zip(rows, cells, strict=True)
    )


def _ends(text: str) -> str:
    """An address or a hash by its ends, as `analyzer account` takes it; other text as it is."""
    return f"{text[:6]}…{text[-4:]}" if _HEX.fullmatch(text) else text


def _records(columns: Sequence[str], cells: Sequence[Sequence[str]], note: str) -> str:
    """One line a column, row by row."""
    wide = max(map(len, columns), default=0)
    lines: list[str] = []
    for number, row in enumerate(cells, 1):
        lines.append(f"-- {number} --")
        lines += [f"{name:<{wide}}  {cell}" for name, cell in zip(columns, row, strict=True)]
    return "\n".join([*lines, *([note] if note else [])]) + "\n"


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
