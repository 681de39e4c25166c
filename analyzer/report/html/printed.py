"""A report for paper: what a person reads, without what only a screen can open, sort or follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.report.html.content import (
    Block,
    Content,
    DataTable,
    Figure,
    Fold,
    Prose,
    Section,
)
from analyzer.report.html.sections.accounts import CSV_NAME

ROWS = 10
"""Rows of a table on paper."""
ACCOUNTS = 40
"""Rows of the table of accounts."""
_ACCOUNTS, _STATEMENTS, _FINDINGS, _CONTAGION = "accounts", "statements", "findings", "contagion"
_FEW = 5
"""Findings of one detector on paper, and paths of a cascade: their sentences are long."""


def for_paper(content: Content) -> Content:
    """The content as it is printed. Nothing is dropped silently: a table says how many rows it
    lacks and where they are; what is folded on the page is left to the page, but for findings."""
    sections = tuple(
        replace(section, blocks=tuple(_printed(section)))
        for section in content.sections
        if section.key != _STATEMENTS
    )
    left = (
        "On paper tables are cut, and what a page can open is left out: the HTML page, the snapshot"
        f" and {CSV_NAME} have all of it, statements of accounts too (analyzer account)."
    )
    return replace(content, sections=sections, foot=(*content.foot, left))


def _printed(section: Section) -> Iterator[Block]:
    """The blocks of a section that are printed."""
    most = ACCOUNTS if section.key == _ACCOUNTS else ROWS
    for block in section.blocks:
        if isinstance(block, DataTable):
            few = section.key == _CONTAGION and block.key.endswith("-paths")
            yield _cut(block, _FEW if few else most)
        elif isinstance(block, Figure):
            yield replace(block, table=None)
        elif not isinstance(block, Fold):
            yield block
        elif section.key == _FINDINGS:
            parts = (_largest(b) if isinstance(b, DataTable) else b for b in block.blocks)
            yield replace(block, blocks=tuple(parts))
        else:
            yield Prose(f"{block.title}: on the page.")


def _largest(table: DataTable) -> DataTable:
    """The findings of one detector with the largest amounts, without their fingerprints."""
    kept = [n for n, column in enumerate(table.columns) if column.name != "fingerprint"]
    rows = tuple(replace(row, cells=tuple(row.cells[n] for n in kept)) for row in table.rows)
    columns = tuple(table.columns[n] for n in kept)
    shown = min(len(rows), _FEW)
    title = f"The {shown:,} with the largest amounts" if shown < len(rows) else table.title
    return _cut(replace(table, title=title, columns=columns, rows=rows), _FEW)


def _cut(table: DataTable, most: int) -> DataTable:
    """A table with at most so many rows, which says how many it lacks."""
    left = len(table.rows) - most
    if left <= 0:
        return table
    where = CSV_NAME if table.key.startswith(_ACCOUNTS) else "on the page and in the snapshot"
    note = f"{left:,} more rows: {where}. {table.note}"
    return replace(table, rows=table.rows[:most], note=note)
