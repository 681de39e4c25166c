"""Every page of the documentation is listed for the site, and every page listed is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}


def listed(text: str) -> set[str]:
    """The pages that the list of a configuration names."""
    return set(re.findall(r"^ +- ([\w/-]+\.md)$", text.split("\nnav:\n")[1], re.MULTILINE))


def test_the_list_of_pages_is_the_pages() -> None:
    pages = {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")}
    protocols = {
        f"protocols/{p.parent.name}.md" for p in (ROOT / "analyzer/protocols").glob("*/README.md")
    }
    named = listed((ROOT / ".mkdocs" / "mkdocs.yml").read_text(encoding="utf-8"))
    assert named == pages | protocols | set(ELSEWHERE)


def test_a_page_that_is_not_listed_would_be_seen() -> None:
    assert listed("x\nnav:\n  - index.md\n  - Start:\n      - tour.md\n") == {"index.md", "tour.md"}
