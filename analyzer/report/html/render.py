"""The report as one self-contained page: no request, strict content security policy, one style
sheet and one script, each allowed by its hash alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from analyzer.report.html.content import Block, Content, DataTable, Fold, Row, Section
from analyzer.report.html.escape import safe
from analyzer.report.html.markup import block, section

LIMIT = 1_500_000
"""A page is smaller than this, in bytes."""
GENERATOR = "analyzer report"
"""Marks a page as ours."""
_TITLE_BYTES = 200
"""What the title of fewer statements may add."""
_ASSETS = Path(__file__).resolve().parent / "assets"


def html(content: Content, *, unfolded: bool = False) -> str:
    """The page. unfolded: everything that can be opened is open, for paper.

    Only text goes into it: no table, name or symbol of a snapshot reaches the style or the script.
    """
    style, script = asset("report.css"), asset("report.js")
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{safe(policy(style, script))}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f'<meta name="generator" content="{GENERATOR}">\n'
        f"<title>{safe(content.title)}</title>\n<style>{style}</style>\n</head>\n"
    )
    body = "".join(section(part, unfolded=unfolded) for part in content.sections)
    foot = "".join(f"<p>{safe(line)}</p>" for line in content.foot)
    return (
        f'{head}<body>\n<a class="skip" href="#main">Skip to the report</a>\n'
        f"<header><div><h1>{safe(content.title)}</h1><p>{safe(content.lead)}</p></div>"
        '<button type="button" id="theme" hidden>Theme: auto</button></header>\n'
        f"{_contents(content.sections)}"
        f'<main id="main" tabindex="-1">\n{body}</main>\n<footer>{foot}</footer>\n'
        f'<p id="tip" role="status" hidden></p>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def fitted(content: Content, limit: int = LIMIT) -> Content:
    """The content with as many statements, the worst first, as a page below `limit` holds.

    The title of their section says how many; nothing else is ever left out to save room.
    """
    over = len(html(content).encode()) - limit
    if over < 0:
        return content
    return _fewer_statements(content, over)


@cache
def asset(name: str) -> str:
    """A file that the page carries."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def policy(style: str, script: str) -> str:
    """The content security policy: nothing is loaded; this style and this script alone run."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _contents(sections: Sequence[Section]) -> str:
    """The list of sections."""
    items = "".join(
        f'<li><a href="#{safe(part.key)}">{safe(part.short)}</a></li>' for part in sections
    )
    return f'<nav aria-label="Sections"><ul>{items}</ul></nav>\n'


def _fewer_statements(content: Content, over: int) -> Content:
    """The content without its last statements, so many that it is `over` bytes shorter."""
    [part] = [section for section in content.sections if section.key == "statements"]
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
