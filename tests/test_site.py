"""Every page of the documentation is listed for the site, and every page listed is there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

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


def hooks() -> ModuleType:
    """The hooks of the site, which need no mkdocs to be read."""
    path = ROOT / ".mkdocs" / "pages.py"
    spec = importlib.util.spec_from_file_location("site_pages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_list_or_a_table_that_became_text_ends_a_strict_build() -> None:
    swallowed = hooks().swallowed
    assert swallowed("<p>One.\n- <strong>Two</strong>.</p>") == ["- <strong>Two</strong>."]
    assert swallowed("<p>| a | b |</p>") == ["| a | b |"]
    assert swallowed("<ul><li>One\nmore - or less</li></ul><pre>- a\n| b |</pre>") == []


def test_ci_builds_the_site_strictly_and_not_quietly_which_would_pass_everything() -> None:
    (line,) = [
        line
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        if "mkdocs build" in line
    ]
    assert " --strict " in line
    assert " -q" not in line
    assert "--quiet" not in line
