"""What a query says: columns and rows, of `query run`, `sql` and `history`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Json
from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class RowsDocument(Document):
    """Rows of a query, by column. Amounts (DECIMAL, and integers beyond 2^53) are decimal strings,
    NULL is null, bytes are 0x and hex digits."""

    KIND: ClassVar[str] = "rows"

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Json], ...]
