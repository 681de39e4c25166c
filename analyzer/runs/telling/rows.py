"""The result of a query as a document; integers keep every digit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from analyzer import __version__
from analyzer.documents.envelope import Run
from analyzer.documents.rows import RowsDocument

_SAFE_INTEGER = 2**53
"""Above this a JSON number loses digits in readers that use doubles."""


def rows_document(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> RowsDocument:
    """Columns and rows as JSON has them."""
    return RowsDocument(
        Run(__version__, 0),
        tuple(columns),
        tuple(dict(zip(columns, map(_cell, row), strict=True)) for row in rows),
    )


def _cell(value: Any) -> Any:
    """A value of DuckDB as a value of JSON."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)
    if isinstance(value, float):
        # JSON has no NaN or infinity; as text they stay visible.
        return value if abs(value) != float("inf") and value == value else str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_cell(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _cell(item) for key, item in value.items()}
    return str(value)
