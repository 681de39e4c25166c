"""Keeps a page below its limit, and says in it what was left out for that."""

from __future__ import annotations

from dataclasses import replace

from analyzer.report.html.content import Block, Content, DataTable, Figure, Fold, Row, Section
from analyzer.report.html.markup import block
from analyzer.report.html.render import html

LIMIT = 1_500_000
"""A page is smaller than this, in bytes."""
_TITLE_BYTES = 200
"""What the title of fewer statements may add."""
_SHORTER = (400, 100, 25)
"""How many rows a table may keep, tried in this order, where leaving out statements is not enough;
the accounts are shortened last."""
_STATEMENTS, _ACCOUNTS = "statements", "accounts"


def fitted(content: Content, limit: int = LIMIT) -> Content:
    """The content with as much as a page below `limit` holds.

    Statements go first, the least bad ones before the others; then the ends of long tables, those
    of the accounts last. Every table and title says what it lacks; the snapshot has all of it.
    """
    over = _bytes(content) - limit
    if over < 0:
        return content
    content = _fewer_statements(content, over)
    for most, accounts in [*((most, False) for most in _SHORTER), *((m, True) for m in _SHORTER)]:
        if _bytes(content) < limit:
            break
        content = _shorter(content, most, accounts=accounts)
    return content


def _bytes(content: Content) -> int:
    """How large the page is."""
    return len(html(content).encode())


def _fewer_statements(content: Content, over: int) -> Content:
    """The content without its last statements, so many that it is `over` bytes shorter."""
    [part] = [section for section in content.sections if section.key == _STATEMENTS]
    blocks = list(part.blocks)
    dropped: set[str] = set()
    saved = 0
    while saved <= over + _TITLE_BYTES and isinstance(fold := blocks[-1], Fold):
        blocks.pop()
        dropped.add(fold.key)
        saved += len(block(fold, unfolded=False).encode())
    kept = sum(isinstance(item, Fold) for item in blocks)
    title = f"Statements of the worst {kept:,} accounts (as many as the page has room for)"
    fewer = replace(part, title=title, blocks=tuple(blocks))
    sections = [
        fewer if section is part else replace(section, blocks=_unlinked(section.blocks, dropped))
        for section in content.sections
    ]
    return replace(content, sections=tuple(sections))


def _unlinked(blocks: tuple[Block, ...], dropped: set[str]) -> tuple[Block, ...]:
    """The blocks without links to what was dropped."""
    return tuple(
        replace(item, rows=tuple(_unlinked_row(row, dropped) for row in item.rows))
        if isinstance(item, DataTable)
        else item
        for item in blocks
    )


def _unlinked_row(row: Row, dropped: set[str]) -> Row:
    """The row without links to what was dropped."""
    cells = (replace(c, target="") if c.target in dropped else c for c in row.cells)
    return replace(row, cells=tuple(cells))


def _shorter(content: Content, most: int, *, accounts: bool) -> Content:
    """The content with at most so many rows in every table, or in every one but the accounts'."""
    sections = [
        section
        if section.key == _ACCOUNTS and not accounts
        else replace(section, blocks=_cut_all(section, most))
        for section in content.sections
    ]
    return replace(content, sections=tuple(sections))


def _cut_all(section: Section, most: int) -> tuple[Block, ...]:
    """The section's blocks, their tables cut."""
    return tuple(_cut(item, most) for item in section.blocks)


def _cut(item: Block, most: int) -> Block:
    """A block whose tables have at most so many rows."""
    if isinstance(item, Fold):
        return replace(item, blocks=tuple(_cut(part, most) for part in item.blocks))
    if isinstance(item, Figure):
        return replace(item, table=item.table and _cut_table(item.table, most))
    return _cut_table(item, most) if isinstance(item, DataTable) else item


def _cut_table(table: DataTable, most: int) -> DataTable:
    """A table with at most so many rows, which says how many it lacks."""
    left = len(table.rows) - most
    if left <= 0:
        return table
    note = f"{left:,} more rows are in the snapshot: the page has no room for them. {table.note}"
    return replace(table, rows=table.rows[:most], note=note)
