"""The report as Markdown: the same content, pictures as their tables."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.report.html.charts.spark import spark_text
from analyzer.report.html.content import (
    Block,
    Cell,
    Content,
    DataTable,
    Fact,
    Facts,
    Figure,
    Fold,
    Group,
    Listed,
    Prose,
    Title,
)
from analyzer.report.markdown import escape, linked, pipe_table


def markdown_report(content: Content) -> str:
    """GitHub-flavoured Markdown. Text from outside is escaped."""
    parts = [f"# {escape(content.title)}\n", f"{escape(content.lead)}\n"]
    for section in content.sections:
        parts.append(f"## {escape(section.title)}\n")
        for block in section.blocks:
            parts += _bare(block) if content.brief else _block(block, 3)
    foot = [" ".join(content.foot)] if content.brief else content.foot
    parts += [f"{escape(line)}\n" for line in foot]
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
        yield "\n".join(_fact(fact) for fact in item.items) + "\n"
    elif isinstance(item, Group):
        for block in item.blocks:
            yield from _block(block, level)
    elif isinstance(item, Listed):
        yield "\n".join(f"{n}. {escape(text)}" for n, text in enumerate(item.items, 1)) + "\n"
    elif isinstance(item, Title):
        yield _title(item.text, level).rstrip("\n") + "\n"
    elif isinstance(item, Prose):
        yield f"{escape(item.text)}\n" + (f"\n    {item.code}\n" if item.code else "")


def _bare(item: Block) -> Iterator[str]:
    """A block of a brief report: a picture is its text and its table, without titles."""
    if isinstance(item, Figure):
        yield f"{escape(item.text)}\n"
        if item.table is not None:
            yield f"{_table(item.table)}\n"
    else:
        yield from _block(item, 3)


def _fact(fact: Fact) -> str:
    """A question with its answer, and how the number went."""
    line = f" {spark_text(fact.spark)}" if fact.spark else ""
    return f"- **{escape(fact.label)}**: {linked(fact.text, fact.link)}{line}"


def _title(text: str, level: int) -> str:
    """A title, deeper ones as bold text."""
    return f"{'#' * level} {escape(text)}\n\n"


def _table(item: DataTable) -> str:
    """A table; an amount that is rounded for people is given in full here."""
    names = [column.name for column in item.columns]
    right = frozenset(column.name for column in item.columns if column.kind == "number")
    rows = [[_cell(cell) for cell in row.cells] for row in item.rows]
    links = {cell.text: cell.link for row in item.rows for cell in row.cells if cell.link}
    return pipe_table(names, rows, right, links)


def _cell(cell: Cell) -> str:
    """A cell's text, with its second line."""
    text = cell.exact or cell.text
    return f"{text} ({cell.note})" if cell.note else text
