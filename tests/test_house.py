"""Tests of the code base itself: what every room promises."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from readme_blocks import blocks_of, prepare, run_block

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


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_every_module_and_everything_public_in_it_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = [] if ast.get_docstring(tree) else ["the module"]
    bare += [
        name
        for name, node in public_definitions(tree)
        if not ast.get_docstring(node)  # type: ignore[arg-type]
        # A property of a Protocol that a dataclass meets is explained by that dataclass.
        and not _is_ellipsis(node)
    ]
    assert bare == []


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


def test_no_work_is_left_in_the_sources_as_a_note() -> None:
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")))
    left = [
        f"{relative(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert left == []


def test_no_exception_is_swallowed() -> None:
    swallowed = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or ast.unparse(node.type) in (
                    "Exception",
                    "BaseException",
                )
                if broad and all(isinstance(line, ast.Pass) for line in node.body):
                    swallowed.append(f"{relative(path)}:{node.lineno}")
    assert swallowed == []


# In pieces, so that this file is not what it looks for.
FOREIGN = {
    "a package registry": re.compile(
        "registry" + r"\.npmjs|files\." + "pythonhosted|" + r"https?://pypi\." + "org"
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:" + "root|home|work|Users" + r")/\w"),
    "a temporary path": re.compile(r"(?<![\w.])/" + r"tmp/"),
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


ABIS = sorted(abi_folder().rglob("*.json"))


@pytest.mark.parametrize("path", ABIS, ids=lambda path: path.stem)
def test_every_abi_parses_and_is_not_empty(path: Path) -> None:
    abi = load_abi(path.relative_to(abi_folder()).with_suffix("").as_posix())
    assert len(abi.events) + len(abi.functions) > 0


DIGESTS = {
    "analyzer/model/identity.py": "every identity",
    "analyzer/chain/recording.py": "content of a recording",
    "analyzer/devnet/aave_v3/artifacts.py": "what was compiled",
    "analyzer/devnet/packages.py": "which packages were fetched",
    "analyzer/protocols/kit/book_codec.py": "bytes of a packed book",
    "analyzer/protocols/kit/state_codec.py": "fields that a packed state has",
    "analyzer/report/html/render.py": "what a page may load",
    "analyzer/runs/demo.py": "all margins against the expected ones",
    "analyzer/runs/many/shards.py": "which shard has an account",
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


def test_the_rooms_import_in_one_direction() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_locked_version_is_exact_and_every_dependency_is_locked() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.]+(?: ; .+)?", line)] == []
    locked = {re.split("==", pin)[0].lower().replace("_", "-") for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.match(r"[\w-]+", text)[0].lower() for text in wanted}  # type: ignore[index]
    assert names - locked == set()


def test_the_readme_gives_the_two_commands_and_ci_runs_the_second_verbatim() -> None:
    text = README.read_text(encoding="utf-8")
    assert f"\n{RUN_COMMAND}\n" in text
    assert f"\n{TEST_COMMAND}\n" in text
    assert f"\n{TEST_COMMAND}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_is_short_and_the_rest_is_pages() -> None:
    assert len(README.read_bytes()) <= 10_000
    assert {"README.md", "tour.md", "stress.md"} <= {page.name for page in SHOWING}


def test_the_page_of_findings_lists_every_detector_with_its_severity() -> None:
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    table = text.split("| detector | severity | when |")[1].split("\n\n")[0]
    rows = {match[1]: match[2] for match in re.finditer(r"\| `([a-z-]+)` \| (\w+)", table)}
    assert rows == {detector.id: detector.severity.label for detector in ALL_DETECTORS}


def test_the_deployment_file_of_the_documentation_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "deployments.md").read_text(encoding="utf-8")
    [sample] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "my.toml"
    file.write_text(sample)
    deployment = read_deployment(file)
    assert (deployment.name, deployment.protocol) == ("my-perp", "perp-v2")
    assert set(deployment.contracts) == set(load_plug("perp-v2").required_contracts)


@pytest.mark.parametrize("page", SHOWING, ids=[page.name for page in SHOWING])
def test_a_page_shows_what_the_commands_really_print(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prepare(text, tmp_path)
    for block in blocks_of(text):
        assert block.text == run_block(block, tmp_path), (
            f"to write it anew: python tests/support/pages/readme_blocks.py {relative(page)}"
        )


def test_the_index_of_what_tests_share_names_every_module() -> None:
    folder = ROOT / "tests" / "support"
    text = (folder / "README.md").read_text(encoding="utf-8")
    modules = [path for path in folder.glob("*/*.py") if path.parent.name != "outside"]
    assert len(modules) > 40
    assert [path.stem for path in modules if f"| `{path.stem}` |" not in text] == []
    assert list(folder.glob("*.py")) == []
