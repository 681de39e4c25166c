"""The plan of the house as files show it: wings, tests beside their modules, names in pages."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "analyzer").rglob("*.py"))
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "analyzer").rglob("*.md")]
)

GATHERED = [
    "analyzer.contagion.scenario",
    "analyzer.contagion.linear",
    "analyzer.contagion.trace",
    "analyzer.contagion.cascade",
    "analyzer.contagion.tell",
    "analyzer.contagion.batch",
    "analyzer.contagion.reverse",
    "analyzer.indexer",
]
"""The wings that export names. `contagion.networks` is a library, a model a module; `runs` gathers
nothing, because a command starts with no more than it needs."""


def module_name(path: Path) -> str:
    """The dotted name of a source file."""
    name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


def exports(wing: str) -> list[str]:
    """`__all__` of a wing."""
    return list(importlib.import_module(wing).__all__)


@pytest.mark.parametrize("wing", GATHERED)
def test_what_a_wing_exports_is_there_sorted_and_hides_no_module_of_it(wing: str) -> None:
    package, names = importlib.import_module(wing), exports(wing)
    assert [name for name in names if not hasattr(package, name)] == []
    assert len(set(names)) == len(names)
    modules = {p.stem for p in Path(str(package.__file__)).parent.iterdir()}
    assert modules & set(names) == set()


def past_the_door(source: str, module: str, exported: dict[str, set[str]]) -> Iterator[str]:
    """Names that a module outside a wing takes from the wing's modules, though it exports them."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        for wing, names in exported.items():
            if node.module.startswith(f"{wing}.") and not f"{module}.".startswith(f"{wing}."):
                yield from (f"{module}: {a.name}" for a in node.names if a.name in names)


def test_what_a_wing_exports_is_taken_from_the_wing() -> None:
    exported = {wing: set(exports(wing)) for wing in GATHERED}
    taken = [
        name
        for path in SOURCES
        for name in past_the_door(path.read_text(encoding="utf-8"), module_name(path), exported)
    ]
    assert taken == []
    line = "from analyzer.indexer.index import Index, REMEDY"
    assert list(past_the_door(line, "analyzer.runs.x", exported)) == ["analyzer.runs.x: Index"]
    assert list(past_the_door(line, "analyzer.indexer.read", exported)) == []


APART = {
    "live": "against real contracts on a local chain, several rooms at once",
    "queries": "of the SQL files in `queries/`",
}
"""Folders of tests that mirror no room."""


def misplaced(path: str) -> bool:
    """Whether a test lies in a folder that analyzer/ does not have."""
    room = Path(path).relative_to("tests").parent
    return not (ROOT / "analyzer" / room).is_dir() and room.parts[0] not in APART


def test_tests_lie_where_what_they_test_lies() -> None:
    tests = [p.relative_to(ROOT).as_posix() for p in (ROOT / "tests").rglob("test_*.py")]
    assert [path for path in tests if misplaced(path)] == []
    assert misplaced("tests/indexes/test_x.py")
    assert not misplaced("tests/market/depth/test_x.py")


_CODE = re.compile(r"`[^`\n]+`")
_FILE = re.compile(r"(?<![\w./<*-])((?:[\w-]+/)*[\w-]+\.py)\b(?!\.)")
_FOLDER = re.compile(r"(?<![\w./-])((?:analyzer|tests)/[\w/-]+)/?(?![\w/*.-])")
_DOTTED = re.compile(r"(?<![\w./-])(analyzer(?:\.\w+)+)")


def unknown_files(text: str, page: Path) -> list[str]:
    """Files and folders of ours that a text names and that are not there.

    A path may begin at the root, in analyzer/, or anywhere below the page's own folder, as a
    protocol's README names its modules.
    """
    near = [] if page.parent == ROOT else list(page.parent.rglob("*.py"))
    near += (ROOT / "tests").rglob("*.py")

    def known(name: str) -> bool:
        return (
            (ROOT / name).exists()
            or (ROOT / "analyzer" / name).exists()
            or any(p.as_posix().endswith(f"/{name}") for p in near)
        )

    code = " ".join(_CODE.findall(text))
    named = [match[1] for form in (_FILE, _FOLDER) for match in form.finditer(code)]
    return sorted({name for name in named if not known(name)})


def unknown_names(text: str) -> list[str]:
    """Dotted names of ours that a text has and that cannot be imported."""
    return sorted({name for name in _DOTTED.findall(text) if not importable(name)})


def importable(name: str) -> bool:
    """Whether a dotted name is a module of ours, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        if not (place.is_dir() or place.with_suffix(".py").is_file()):
            continue
        found: object = importlib.import_module(".".join(parts[:length]))
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


NO_MODULES = {"analyzer.prom", "analyzer.toml"}
"""Names of files that a user makes."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_of_the_code_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert unknown_files(text, page) == []
    assert [name for name in unknown_names(text) if name not in NO_MODULES] == []


def test_a_file_or_a_name_that_is_gone_is_noticed() -> None:
    page = ROOT / "docs" / "index.md"
    text = (
        "`analyzer/contagion/tape.py`, `runs/opened.py`, `tests/nowhere`, `analyzer/model/book.py`"
    )
    assert unknown_files(text, page) == [
        "analyzer/contagion/tape.py",
        "runs/opened.py",
        "tests/nowhere",
    ]
    names = "analyzer.contagion.tape, analyzer.model.book.Nobody, analyzer.model.book.Book"
    assert unknown_names(names) == ["analyzer.contagion.tape", "analyzer.model.book.Nobody"]


FORMER = {
    "desk": "actions",
    "frame": "schedule",
    "opened": "books",
    "own": "checked_type",
    "paper": "pdf",
    "probing": "fit",
    "restored": "results",
    "screen": "float_filter",
    "served": "http",
    "sieve": "float_filter",
    "standing": "account_views",
    "stored": "summaries",
    "tape": "prices",
    "together": "joined",
    "upkeep": "admin_actions",
    "visits": "order",
    "wide": "overflow256",
}
"""Names that modules had -> what the thing is called now: one thing has one name."""


def test_no_module_has_a_name_that_was_given_up() -> None:
    names = {p.stem: p for p in SOURCES}
    assert {former for former in FORMER if former in names} == set()
