"""The report as Markdown: the same content, pictures as their tables."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.report.html.content import (
    Block,
    Cell,
    Content,
    DataTable,
    Facts,
    Figure,
    Fold,
    Prose,
    Title,
)
from analyzer.report.markdown import escape, pipe_table


def markdown_report(content: Content) -> str:
    """GitHub-flavoured Markdown. Text from outside is escaped."""
    parts = [f"# {escape(content.title)}\n", f"{escape(content.lead)}\n"]
    for section in content.sections:
        parts.append(f"## {escape(section.title)}\n")
        for block in section.blocks:
            parts += _block(block, 3)
    parts += [f"{escape(line)}\n" for line in content.foot]
    return "\n".join(parts)


def _block(item: Block, level: int) -> Iterator[str]:
    """A block, titles inside it at `level`."""
    if isinstance(item, DataTable):
        yield f"{_title(item.title, level)}{_table(item)}\n"
        if item.note:
            yield f"{escape(item.note)}\n"
    elif isinstance(item, Figure):
        yield f"{_title(item.title, level)}{escape(item.text)}\n"
        if item.table is not None:
            yield from _block(item.table, level + 1)
    elif isinstance(item, Fold):
        yield _title(item.title, level).rstrip("\n") + "\n"
        for block in item.blocks:
            yield from _block(block, level + 1)
    elif isinstance(item, Facts):
        yield "\n".join(f"- **{escape(f.label)}**: {escape(f.text)}" for f in item.items) + "\n"
    elif isinstance(item, Title):
        yield _title(item.text, level).rstrip("\n") + "\n"
    elif isinstance(item, Prose):
        yield f"{escape(item.text)}\n" + (f"\n    {item.code}\n" if item.code else "")


def _title(text: str, level: int) -> str:
    """A title, deeper ones as bold text."""
    return f"{'#' * level} {escape(text)}\n\n"


def _table(item: DataTable) -> str:
    """A table; an amount that is rounded for people is given in full here."""
    names = [column.name for column in item.columns]
    right = frozenset(column.name for column in item.columns if column.kind == "number")
    rows = [[_cell(cell) for cell in row.cells] for row in item.rows]
    return pipe_table(names, rows, right)


def _cell(cell: Cell) -> str:
    """A cell's text, with its second line."""
    text = cell.exact or cell.text
    return f"{text} ({cell.note})" if cell.note else text
