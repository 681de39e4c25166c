"""Pages of the site that lie elsewhere in the repository, where other tools look for them.

README files of protocols, CONTRIBUTING.md and CHANGELOG.md become pages, and links between them and
`docs/` lead to the pages; a link to any other file of the repository is shown as its path.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = {
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    **{
        f"protocols/{name}.md": f"analyzer/protocols/{name}/README.md"
        for name in ("aave_v3", "perp_v2", "derive_v2", "gmx_v2", "nado", "table")
    },
}
"""Page of the site -> file of the repository."""
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)")
_CODE = re.compile(r"<(pre|code)\b.*?</\1>", re.DOTALL)
_TEXT = re.compile(r"<(?:p|li|td)>(.*?)</(?:p|li|td)>", re.DOTALL)
_SWALLOWED = re.compile(r"^\s*(?:[-*] |\|.*\||```).*", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that lie elsewhere, and how the site looks."""
    from mkdocs.structure.files import File

    for page, path in ELSEWHERE.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    style = (ROOT / ".mkdocs" / "site.css").read_text(encoding="utf-8")
    files.append(File.generated(config, "assets/site.css", content=style))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Links as the site has them."""
    here = page.file.src_uri
    source = ELSEWHERE.get(here, f"docs/{here}")
    parts = _FENCE.split(markdown)
    return "".join(
        part if part.startswith("```") else _LINK.sub(lambda m: _link(m, here, source), part)
        for part in parts
    )


def _link(match: re.Match[str], here: str, source: str) -> str:
    """One link: to a page, or the path as text where no page is."""
    text, target, anchor = match[1], match[2], match[3] or ""
    if not target or ":" in target:
        return match[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    page = {file: name for name, file in ELSEWHERE.items()}.get(path)
    if page is None and path.startswith("docs/") and path.endswith(".md"):
        page = path.removeprefix("docs/")
    if page is None:
        return f"{text} (`{path}`)"
    return f"[{text}]({posixpath.relpath(page, posixpath.dirname(here) or '.')}{anchor})"


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Warns, which ends a strict build, of what should be a list or a table and became text."""
    for line in swallowed(html):
        logging.getLogger("mkdocs.hooks.pages").warning(
            "%s: not a list or table: %r", page.file.src_uri, line
        )
    return html


def swallowed(html: str) -> list[str]:
    """Lines of paragraphs that were meant to begin an item, a row or a block of code: below an item
    python-markdown wants four spaces where others take two, and no line between two rows."""
    texts = (match[1] for match in _TEXT.finditer(_CODE.sub("", html)))
    return [line.strip() for text in texts for line in _SWALLOWED.findall(text)]
