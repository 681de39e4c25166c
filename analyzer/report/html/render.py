"""The report as one self-contained page: no request, strict content security policy, one style
sheet and one script, each allowed by its hash alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from analyzer.report.html.content import Content, Section
from analyzer.report.html.escape import safe
from analyzer.report.html.markup import section

GENERATOR = "analyzer report"
"""Marks a page as ours."""
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
    brief = ' class="brief"' if content.brief else ""
    body = "".join(section(part, unfolded=unfolded) for part in content.sections)
    foot = "".join(f"<p>{safe(line)}</p>" for line in content.foot)
    return (
        f'{head}<body{brief}>\n<a class="skip" href="#main">Skip to the report</a>\n'
        f"<header><div><h1>{safe(content.title)}</h1><p>{safe(content.lead)}</p></div>"
        '<button type="button" id="theme" hidden>Theme: auto</button></header>\n'
        f"{'' if content.brief else _contents(content.sections)}"
        f'<main id="main" tabindex="-1">\n{body}</main>\n<footer>{foot}</footer>\n'
        f'<p id="tip" role="status" hidden></p>\n<script>{script}</script>\n</body>\n</html>\n'
    )


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
