"""The public surface for authors: one import root, every name of it told, and an author who needs
no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from analyzer.protocols import kit

ROOT = Path(__file__).resolve().parents[3]
TILL = ROOT / "tests" / "support" / "outside" / "till"
PAGE = (ROOT / "docs" / "authors.md").read_text(encoding="utf-8")


def other_imports(source: str) -> list[str]:
    """What a source imports of this package beside the public surface."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module != "analyzer.protocols.kit":
            found.append(node.module or "")
    return [name for name in found if name.split(".")[0] == "analyzer"]


def test_the_example_of_an_author_imports_nothing_of_ours_but_the_kit() -> None:
    files = sorted(TILL.rglob("*.py"))
    assert files
    for file in files:
        source = file.read_text(encoding="utf-8")
        assert "from analyzer.protocols.kit import" in source
        assert other_imports(source) == [], file.name


@pytest.mark.parametrize(
    "line",
    [
        "from analyzer.model.book import Book",
        "from analyzer.protocols.kit.batch import Batch",
        "from analyzer import protocols",
        "import analyzer.store",
        "def late():\n    from analyzer.chain import base",
    ],
)
def test_an_import_of_anything_else_of_ours_is_found(line: str) -> None:
    source = (TILL / "__init__.py").read_text(encoding="utf-8")
    assert len(other_imports(f"{source}\n{line}\n")) == 1


def test_every_public_name_is_there_and_has_a_docstring() -> None:
    assert len(set(kit.__all__)) == len(kit.__all__)
    for name in kit.__all__:
        found = getattr(kit, name)
        if callable(found) and hasattr(found, "__module__") and isinstance(found, type):
            assert found.__doc__, name


def test_every_public_name_stands_on_the_page_for_authors_and_no_other_does() -> None:
    table = PAGE.partition("## What the kit gives")[2].partition("\n## ")[0]
    told = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == set(kit.__all__)
