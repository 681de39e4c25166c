"""A page as Markdown, for an issue, a pull request or a report under version control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from analyzer.model.visible import visible
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.links import ADDRESS_LENGTH

_MARKS = re.compile(r"[\\`*_\[\]|~]")
"""What begins code, emphasis, links, cells and struck text."""
_LINK = re.compile(r"[a-z][a-z0-9+.-]*:(?=//)|\bwww\.|\bmailto:|(?<=\w)@", re.IGNORECASE)
"""What GitHub makes a link of without being asked; its last character is written as a number."""


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as GitHub-flavoured Markdown. Text from outside is escaped."""
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"## {escape(block.text)}\n")
        elif isinstance(block, Line):
            parts.append(f"- **{escape(block.label)}**: {linked(block.text, block.link)}")
        else:
            parts.append(_grid(block))
    return "\n".join(parts).strip("\n") + "\n"


def pipe_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: frozenset[str] = frozenset(),
    links: Mapping[str, str] | None = None,
) -> str:
    """A Markdown table, one row a line, cells escaped. links: address -> where a cell that is this
    address leads."""
    marks = ["---:" if column in right else "---" for column in columns]
    lines = [_row([escape(column) for column in columns]), _row(marks)]
    known = links or {}
    lines += [_row([linked(cell, known.get(cell, "")) for cell in row]) for row in rows]
    return "\n".join(lines)


def escape(text: str) -> str:
    """`text` with the characters that Markdown or HTML would take as markup made harmless, no
    address that becomes a link by itself, and what is not seen written out (see `visible`)."""
    text = visible(text.replace("\n", " ")).replace("&", "&amp;")
    text = _MARKS.sub(r"\\\g<0>", text).replace("<", "&lt;").replace(">", "&gt;")
    return _LINK.sub(lambda found: found[0][:-1] + f"&#{ord(found[0][-1])};", text)


def linked(text: str, link: str) -> str:
    """`text` escaped, the address that it ends with as a link where there is one."""
    if not link:
        return escape(text)
    address = text[-ADDRESS_LENGTH:]
    return f"{escape(text[:-ADDRESS_LENGTH])}[{address}]({link})"


def _grid(block: Grid) -> str:
    title = f"\n### {escape(block.title)}\n\n" if block.title else "\n"
    note = f"\n\n{escape(block.note)}" if block.note else ""
    return f"{title}{pipe_table(block.columns, block.rows, block.right, block.links)}{note}\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
