"""A list of a document's entries as rows: a column a field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from analyzer.documents.encode import key_of, to_json


def entry_rows(entries: Sequence[Any], kind: type[Any]) -> tuple[list[str], list[list[object]]]:
    """(columns, a row an entry) of entries that are dataclasses of `kind`, as JSON has them; what
    is null there is empty here."""
    columns = [key_of(field.name) for field in fields(kind)]
    rows = []
    for entry in entries:
        written = to_json(entry)
        rows.append(["" if written[name] is None else written[name] for name in columns])
    return columns, rows
