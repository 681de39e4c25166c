"""Every module has a tenant: a command, an entry point or a name of the package leads to it.

What nobody leads to is a library that a page declares, or waits for a command that is named here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "analyzer"
ENTRANCES = (
    "analyzer",
    "analyzer.__main__",
    "analyzer.cli",
    "analyzer.testing",
    "analyzer.testing.__main__",
    "analyzer.protocols.kit",
    "analyzer.protocols.aave_v3",
    "analyzer.protocols.derive_v2",
    "analyzer.protocols.gmx_v2",
    "analyzer.protocols.nado",
    "analyzer.protocols.perp_v2",
    "analyzer.protocols.table",
)
"""The package's own names, the commands, the entry points, and what authors of protocols import."""
LIBRARIES = {
    "analyzer.contagion.networks": "docs/networks.md",
    "analyzer.risk.first_passage": "docs/risk.md",
}
"""Rooms for other people's programs -> the page that says who uses them and how."""
WAITING: dict[str, str] = {}
"""Module -> the command that will use it."""


def module_name(path: Path) -> str:
    """`analyzer/x/__init__.py` -> `analyzer.x`."""
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def imports(tree: ast.Module, modules: Iterable[str]) -> Iterator[str]:
    """The modules that a module imports anywhere, in functions and as `module:name` too (so are
    commands listed), but not for type checkers."""
    known = set(modules)
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = node.value.partition(":")[0]
            yield from (named for named in [named] if named in known and ":" in node.value)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                if inside in known:
                    yield inside
                elif node.module in known:
                    yield node.module


def unreached(texts: Mapping[str, str], entrances: Iterable[str]) -> set[str]:
    """The modules that no import leads to from the entrances; a package's own file counts as read
    when a module in it is."""
    found: set[str] = set()
    open_: list[str] = list(entrances)
    while open_:
        name = open_.pop()
        if name in found or name not in texts:
            continue
        found.add(name)
        open_.extend(imports(ast.parse(texts[name]), texts))
        if "." in name:
            open_.append(name.rpartition(".")[0])
    return set(texts) - found


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every module of the package with its text."""
    return {
        module_name(path): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def test_every_module_is_reached_from_a_command_or_declared(texts: dict[str, str]) -> None:
    left = unreached(texts, ENTRANCES) - set(WAITING)
    assert sorted(name for name in left if not name.startswith(tuple(LIBRARIES))) == []


def test_what_is_declared_is_there_and_really_unreached(texts: dict[str, str]) -> None:
    left = unreached(texts, ENTRANCES)
    assert set(WAITING) <= left
    for library, page in LIBRARIES.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        names = {name for name in texts if name.startswith((f"{library}.", library))} - {
            "analyzer.contagion.networks"
        }
        assert [name for name in names if f"`{name.rpartition('.')[2]}`" not in text] == []


def test_a_module_that_nobody_imports_is_named() -> None:
    made = {
        "analyzer": "",
        "analyzer.cli": "def run():\n    from analyzer.used import f\n",
        "analyzer.used": (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import analyzer.typed\n"
        ),
        "analyzer.typed": "",
        "analyzer.lonely": "import analyzer.cli",
    }
    assert unreached(made, ["analyzer.cli"]) == {"analyzer.lonely", "analyzer.typed"}
