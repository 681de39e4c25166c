"""Tests of the code base itself: what every room promises."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from made_once import made_once
from readme_blocks import DEMO, blocks_of, prepare, run_block
from slow_tests import LIST, listed, name_of, slow

from analyzer.abi.contract import load_abi
from analyzer.abi.resources import abi_folder
from analyzer.findings import ALL_DETECTORS
from analyzer.protocols.registry import load_plug
from analyzer.runs.scanning.deployments import read_deployment

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "analyzer").rglob("*.py"))
MAX_LINES = 450
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
SHOWING = [page for page in PAGES if blocks_of(page.read_text(encoding="utf-8"))]
RUN_COMMAND = (
    "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e . "
    "&& .venv/bin/analyzer demo"
)
TEST_COMMAND = (
    "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[test]' "
    "&& .venv/bin/python -m pytest"
)


def relative(path: Path) -> str:
    """A path as it is named in the repository."""
    return path.relative_to(ROOT).as_posix()


def tracked_files() -> list[Path]:
    """The files under version control; without git, those that a source archive would hold."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0 and done.stdout:
        names = [ROOT / name for name in done.stdout.decode().split("\0") if name]
        return [path for path in names if path.is_file()]
    folders = [ROOT / name for name in ("analyzer", "abis", "queries", "tests", ".ci", ".github")]
    inside = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return inside + [path for path in ROOT.iterdir() if path.is_file()]


def public_definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Public classes, functions and methods of a module, with their dotted names."""

    def below(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if child.name.startswith("_"):
                continue
            yield f"{prefix}{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from below(child, f"{prefix}{child.name}.")

    return below(tree, "")


def undocumented(text: str) -> list[str]:
    """What of a module is public and has no docstring."""
    tree = ast.parse(text)
    bare = [] if ast.get_docstring(tree) else ["the module"]
    return bare + [
        name
        for name, node in public_definitions(tree)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
        # A property of a Protocol that a dataclass meets is explained by that dataclass.
        and not _is_ellipsis(node)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_every_module_and_everything_public_in_it_has_a_docstring(path: Path) -> None:
    assert undocumented(path.read_text(encoding="utf-8")) == []


def test_what_has_no_docstring_is_named() -> None:
    text = "class A:\n    def b(self): return 1\n    def _c(self): return 1\ndef d(): ...\n"
    assert undocumented(text) == ["the module", "A", "A.b"]


def _is_ellipsis(node: ast.AST) -> bool:
    body = getattr(node, "body", [])
    return (
        len(body) == 1
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and body[0].value.value is ...
    )


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_module_is_too_long_to_be_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def notes(text: str) -> list[int]:
    """The lines of a module that leave work as a note."""
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")))
    return [number for number, line in enumerate(text.splitlines(), 1) if words.search(line)]


def test_no_work_is_left_in_the_sources_as_a_note() -> None:
    left = {relative(path): notes(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {name for name, lines in left.items() if lines} == set()
    assert notes("x = 1\n# TO" + "DO: y\n") == [2]


def swallowing(text: str) -> list[int]:
    """The lines of a module that catch everything and do nothing."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and all(isinstance(line, ast.Pass) for line in node.body)
    ]


def test_no_exception_is_swallowed() -> None:
    found = {relative(path): swallowing(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {name for name, lines in found.items() if lines} == set()
    sample = "try:\n    x()\nexcept {}:\n    {}\n"
    assert swallowing(sample.format("Exception", "pass")) == [3]
    assert swallowing(sample.format("Exception", "y()")) == []
    assert swallowing(sample.format("KeyError", "pass")) == []


# In pieces, so that this file is not what it looks for.
FOREIGN = {
    "a package registry": re.compile(
        "registry" + r"\.npmjs|files\." + "pythonhosted|" + r"https?://pypi\." + "org"
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:" + "root|home|work|Users" + r")/\w"),
    "a temporary path": re.compile(r"(?<![\w.])/" + r"tmp/"),
}

FOREIGN_SAMPLES = {
    "a package registry": "see ht" + "tps://py" + "pi.o" + "rg/simple",
    "a path of one machine": 'open("/ho' + 'me/me/x")',
    "a temporary path": "cd /t" + "mp/x",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_under_version_control_names(what: str) -> None:
    named = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if FOREIGN[what].search(text):
            named.append(relative(path))
    assert named == []
    assert FOREIGN[what].search(FOREIGN_SAMPLES[what])


ABIS = sorted(abi_folder().rglob("*.json"))


@pytest.mark.parametrize("path", ABIS, ids=lambda path: path.stem)
def test_every_abi_parses_and_is_not_empty(path: Path) -> None:
    abi = load_abi(path.relative_to(abi_folder()).with_suffix("").as_posix())
    assert len(abi.events) + len(abi.functions) > 0


DIGESTS = {
    "analyzer/model/identity.py": "every identity",
    "analyzer/indexer/folds.py": "which logs a kept fold rests on",
    "analyzer/indexer/tables/folds.py": "bytes of a kept fold",
    "analyzer/protocols/kit/resumable.py": "which program folds",
    "analyzer/chain/recording.py": "content of a recording",
    "analyzer/devnet/aave_v3/artifacts.py": "what was compiled",
    "analyzer/devnet/packages.py": "which packages were fetched",
    "analyzer/protocols/kit/book_codec.py": "bytes of a packed book",
    "analyzer/protocols/kit/state_codec.py": "fields that a packed state has",
    "analyzer/report/html/render.py": "what a page may load",
    "analyzer/runs/demo.py": "all margins against the expected ones",
    "analyzer/runs/many/shards.py": "which shard has an account",
    "analyzer/runs/scanning/signing.py": "what a signed statement is about",
    "analyzer/runs/scanning/evidence.py": "content of a recording's findings",
    "analyzer/solvency/verify.py": "order of a seeded sample",
    "analyzer/store/history_check.py": "content of a file",
    "analyzer/testing/kinds/worlds.py": "hashes of made-up chains",
    "analyzer/testing/memory_chain.py": "hashes of made-up chains",
}
"""Who may call hashlib, and for what that is no identity."""


def calls_hashlib(tree: ast.Module) -> bool:
    """Whether a module has hashlib, under whatever name."""
    names = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    ]
    return any(name.split(".")[0] in ("hashlib", "uuid") for name in names)


def test_identities_are_made_in_one_place() -> None:
    hashing = {relative(p) for p in SOURCES if calls_hashlib(ast.parse(p.read_text("utf-8")))}
    assert hashing == set(DIGESTS)
    for sample in ("import hashlib", "from hashlib import sha256", "import os, hashlib as h"):
        assert calls_hashlib(ast.parse(sample))
    assert not calls_hashlib(ast.parse("from analyzer.model.identity import run_id"))


def import_order(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the clone, or a copy of it, in a folder."""
    tool = Path(sys.executable).with_name("lint-imports")
    words = [tool, "--no-cache"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_rooms_import_in_one_direction() -> None:
    done = import_order(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_an_import_against_the_order_is_named(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "analyzer", tmp_path / "analyzer")
    with (tmp_path / "analyzer" / "model" / "book.py").open("a") as module:
        module.write("\n\nimport analyzer.cli\n")
    done = import_order(tmp_path)
    assert done.returncode == 1
    assert "analyzer.model.book -> analyzer.cli" in done.stdout


def not_exact(pins: list[str]) -> list[str]:
    """The lines of a constraints file that pin no version."""
    return [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.]+(?: ; .+)?", line)]


def not_locked(pins: list[str], wanted: list[str]) -> set[str]:
    """The requirements that no line pins."""
    locked = {re.split("==", pin)[0].lower().replace("_", "-") for pin in pins}
    return {re.match(r"[\w-]+", text)[0].lower() for text in wanted} - locked  # type: ignore[index]


def test_every_locked_version_is_exact_and_every_dependency_is_locked() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert not_exact(pins) == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert not_locked(pins, wanted) == set()
    assert not_exact(["a==1.2", "b>=1", "c"]) == ["b>=1", "c"]
    assert not_locked(["a-b==1.2"], ["A-b>=1", "c[d]>=2"]) == {"c"}


def test_the_readme_gives_the_two_commands_and_ci_runs_the_second_verbatim() -> None:
    text = README.read_text(encoding="utf-8")
    assert f"\n{RUN_COMMAND}\n" in text
    assert f"\n{TEST_COMMAND}\n" in text
    assert f"\n{TEST_COMMAND}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_is_short_and_the_rest_is_pages() -> None:
    assert len(README.read_bytes()) <= 10_000
    assert {"README.md", "tour.md", "stress.md"} <= {page.name for page in SHOWING}


def listed_detectors(text: str) -> dict[str, str]:
    """detector -> severity, of the page's table."""
    table = text.split("| detector | severity | when |")[1].split("\n\n")[0]
    return {match[1]: match[2] for match in re.finditer(r"\| `([a-z-]+)` \| (\w+)", table)}


def test_the_page_of_findings_lists_every_detector_with_its_severity() -> None:
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    there = {detector.id: detector.severity.label for detector in ALL_DETECTORS}
    assert listed_detectors(text) == there
    worst = next(iter(there))
    assert listed_detectors(text.replace(f"| `{worst}` |", "| `none-such` |")) != there


def test_the_deployment_file_of_the_documentation_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "deployments.md").read_text(encoding="utf-8")
    [sample] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "my.toml"
    file.write_text(sample)
    deployment = read_deployment(file)
    assert (deployment.name, deployment.protocol) == ("my-perp", "perp-v2")
    assert set(deployment.contracts) == set(load_plug("perp-v2").required_contracts)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=[] if page == README else [pytest.mark.long])
        for page in SHOWING
    ],
)
def test_a_page_shows_what_the_commands_really_print(
    page: Path, tmp_path: Path, demo_snapshot: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    prepare(text, tmp_path, demo_snapshot.parent)
    for block in blocks_of(text):
        assert block.text == run_block(block, tmp_path), (
            f"to write it anew: python tests/support/pages/readme_blocks.py {relative(page)}"
        )


def test_a_page_that_shows_something_else_or_another_exit_code_is_noticed(tmp_path: Path) -> None:
    text = "<!-- run{}: {} -->\n```console\n$ echo a\nb\n```\n"
    (block,) = blocks_of(text.format("", "echo a"))
    assert run_block(block, tmp_path) == "$ echo a\na\n" != block.text
    (failing,) = blocks_of(text.format(", exit 1", "echo a"))
    with pytest.raises(AssertionError, match="echo a: 0"):
        run_block(failing, tmp_path)
    prepare("<!-- before: echo 1 > left -->\n", tmp_path)
    (cut,) = blocks_of(text.format(", first 1 lines", "cat left left"))
    assert run_block(cut, tmp_path) == "$ cat left left\n1\n...\n"


def test_what_every_page_needs_first_is_copied_where_it_was_made(tmp_path: Path) -> None:
    made, page = tmp_path / "made", tmp_path / "page"
    made.mkdir()
    page.mkdir()
    (made / "demo.duckdb").write_text("a database")
    prepare(f"<!-- before: {DEMO} -->\n<!-- before: cp demo.duckdb x -->\n", page, made)
    assert (page / "x").read_text() == "a database"


def test_a_shared_folder_is_made_once_and_again_after_a_failure(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "x").write_text(str(len(made)))
        if len(made) == 1:
            raise ValueError("the first time")

    made: list[Path] = []
    with pytest.raises(ValueError, match="the first time"):
        made_once(tmp_path / "shared", make)
    for _ in range(2):
        assert (made_once(tmp_path / "shared", make) / "x").read_text() == "2"
    assert len(made) == 2


def unnamed(text: str, modules: list[Path]) -> list[str]:
    """The modules that an index has no row for."""
    return [path.stem for path in modules if f"| `{path.stem}` |" not in text]


def test_the_index_of_what_tests_share_names_every_module() -> None:
    folder = ROOT / "tests" / "support"
    text = (folder / "README.md").read_text(encoding="utf-8")
    modules = [path for path in folder.glob("*/*.py") if path.parent.name != "outside"]
    assert len(modules) > 40
    assert unnamed(text, modules) == []
    assert unnamed(text, [Path("nobody.py"), *modules]) == ["nobody"]
    assert list(folder.glob("*.py")) == []


def test_the_list_of_slow_tests_names_tests_that_there_are() -> None:
    def gone(names: Iterable[str]) -> list[str]:
        parts = [name.split("::") for name in names]
        return [
            f"{file}::{test}"
            for file, test in parts
            if not (ROOT / file).is_file()
            or f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")
        ]

    names = listed(LIST.read_text(encoding="utf-8"))
    assert gone(names) == [], "to write it anew: python tests/support/work/slow_tests.py"
    assert len(gone(["tests/test_house.py::test_of_nobody", "tests/none.py::test_x"])) == 2


def test_a_test_is_slow_by_one_case_or_by_all_of_them() -> None:
    seconds = {"one": [0.01, 0.2], "many": [0.1] * 21, "neither": [0.19] * 7}
    assert slow(seconds) == {"one", "many"}
    assert name_of("tests/test_x.py::test_y[a::b[0]]") == "tests/test_x.py::test_y"
