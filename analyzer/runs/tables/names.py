"""Names that a table may give accounts, owners and assets.

They go to terminals, pages, URLs and shells: an account's needs no quoting in any of them; an
asset's is one visible line.
"""

from __future__ import annotations

import re

import numpy as np

from analyzer.model.toml_file import is_line, shown
from analyzer.model.visible import visible
from analyzer.runs.tables.frames import Cells

LONGEST = 128
_ACCOUNT = r"^[0-9A-Za-z_][0-9A-Za-z_.:@#~+\-]{0,127}$"
_SPREADSHEET = "=+-@"
"""What a spreadsheet takes for the beginning of a formula."""


def check_accounts(cells: Cells, name: str, *, empty: bool = False) -> None:
    """Sees that every cell of a column may name an account. empty: nothing may stand there, too.

    Raises: InputError with row and column.
    """
    import pyarrow.compute as pc

    column = cells.column(name)
    good = pc.match_substring_regex(column, _ACCOUNT).to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(~np.asarray(good, dtype=np.bool_))
    for row in bad.tolist():
        text = column[row].as_py()
        if not text and empty:
            continue
        raise cells.wrong(row, name, _why_not(text))


def _why_not(text: str) -> str:
    """Why a text cannot name an account."""
    if not text:
        return "is empty"
    if len(text) > LONGEST:
        return f"{shown(text)} is longer than {LONGEST} signs"
    return (
        f"{shown(text)} is no name of an account: letters, digits and _ . : @ # ~ + - only, a"
        " letter, digit or _ first"
    )


def why_no_asset(text: str) -> str:
    """Why a text cannot name an asset; empty = it can."""
    if not text:
        return "is empty"
    if not is_line(text) or visible(text) != text or text != text.strip():
        return f"{shown(text)} is no name of an asset: it has signs that do not show"
    if len(text) > LONGEST:
        return f"{shown(text)} is longer than {LONGEST} signs"
    if text[0] in _SPREADSHEET:
        return f"{shown(text)} is no name of an asset: a spreadsheet would run it"
    if re.search(r"->|[,=<>\"'`\\;|]", text):
        return f"{shown(text)} is no name of an asset: without quotes , = < > ; | and backslash"
    return ""
