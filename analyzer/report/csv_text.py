"""CSV as every command writes it: for spreadsheets as well as for programs.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line end for a formula,
which may fetch a page or start a program. The name of a token is the choice of whoever deployed
it. So such a text gets a `'` in front; a number is a number and stays as it is, negative ones too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from analyzer.model.visible import visible

_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a formula may begin; the last four are the wide forms of the first."""
_NUMBER = re.compile(r"-?(\d+(\.\d+)?(e[+-]?\d+)?|inf)")
"""Amounts are written as text by some callers: no formula can be made of digits."""


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A head line and rows, lines ended by a line feed. None is an empty cell.

    Texts are guarded and made visible (see `cell`); everything else is written as it is.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(name) for name in head])
    writer.writerows([[cell(value) for value in row] for row in rows])
    return out.getvalue()


def cell(value: object) -> object:
    """A value as a cell: a text that a spreadsheet would take for a formula has `'` in front, and
    its control, direction and zero-width characters are written out (`\\u202e`)."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float | Decimal):
        return value
    text = str(value)
    guard = "'" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else ""
    return guard + visible(text)
