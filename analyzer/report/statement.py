"""One account's margin statement: every number in full, with its source."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.documents.account import StatementDocument, StatementEntry
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.csv_text import csv_text
from analyzer.report.markdown import markdown
from analyzer.report.money import fixed
from analyzer.report.places import place_text
from analyzer.report.render_json import document_text
from analyzer.report.table import DEFAULT_WIDTH, table

_DECIMALS = re.compile(r"\be(\d+)\b|\b(\d+) decimals\b")
_TONES = {
    "healthy": "good",
    "below_initial": "doubt",
    "unknown": "doubt",
    "liquidatable": "bad",
    "insolvent": "bad",
}


def render_statement(
    statement: StatementDocument,
    format_: str,
    *,
    width: int = DEFAULT_WIDTH,
    colour: bool = False,
) -> str:
    """The statement as `table`, `json`, `csv` or `markdown`. Raises: ValueError for another
    format."""
    if format_ == "json":
        return document_text(statement)
    if format_ == "csv":
        return _csv(statement)
    blocks = _blocks(statement)
    if format_ == "markdown":
        return markdown(blocks)
    if format_ == "table":
        return table(blocks, width=width, colour=colour)
    raise ValueError(f"no such format: {format_}")


def amount_text(amount: int | None, unit: str) -> str:
    """An amount in full: shifted by the decimals that its unit names, never rounded; with the
    unit behind it where it names none."""
    if amount is None:
        return "unknown"
    match = _DECIMALS.search(unit)
    return fixed(amount, int(match[1] or match[2])) if match else f"{amount} {unit}".rstrip()


def _blocks(header: StatementDocument) -> list[Block]:
    words: dict[bool | None, str] = {
        True: "every compared field equals the contract's view",
        False: "DIFFERS",
    }
    verified = words.get(header.verified, "not compared")
    blocks: list[Block] = [
        Heading(
            f"{header.account_id} · {header.protocol} · {header.deployment} · "
            f"{place_text(header.chain_id, header.block)}"
        ),
        Line(
            "Verdict",
            f"{header.verdict.replace('_', ' ')}: {header.reason}",
            _TONES.get(header.verdict, "plain"),
        ),
        Line("Verified", verified),
    ]
    for section, members in _sections(header.lines):
        rows = tuple(
            (line.label, amount_text(line.amount, line.unit), line.source) for line in members
        )
        blocks.append(
            Grid(
                section[:1].upper() + section[1:],
                ("", "amount", "source"),
                rows,
                frozenset({"amount"}),
            )
        )
    return blocks


def _sections(lines: Iterable[StatementEntry]) -> list[tuple[str, list[StatementEntry]]]:
    """Lines by section, sections in the order of their first line."""
    sections: dict[str, list[StatementEntry]] = {}
    for line in lines:
        sections.setdefault(line.section, []).append(line)
    return list(sections.items())


def _csv(statement: StatementDocument) -> str:
    head = ("account_id", "section", "label", "amount", "unit", "source")
    rows = (
        (statement.account_id, line.section, line.label, line.amount, line.unit, line.source)
        for line in statement.lines
    )
    return csv_text(head, rows)
