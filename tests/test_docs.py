"""What the documents tell a user to write: TOML blocks, names, commands and their options."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest

from analyzer.cli import main
from analyzer.contagion.scenario import file as scenario_file
from analyzer.contagion.scenario import load_scenario
from analyzer.market.depth import file as depth_file
from analyzer.market.depth.file import load_depth
from analyzer.model.errors import InputError, lacks_extra
from analyzer.protocols.decisions import ExitPool
from analyzer.runs.risk.decisions.stakes import load_stakes
from analyzer.runs.scanning.deployments import load_deployment, read_deployment
from analyzer.runs.schedule import jobs_file
from analyzer.runs.schedule.alerts_file import read_alerts
from analyzer.runs.schedule.jobs_file import read_jobs
from analyzer.runs.settings.file import read_settings
from analyzer.runs.snapshot.query import load_query
from analyzer.runs.tables import rules_file
from analyzer.runs.tables.rules_file import read_rules
from analyzer.runs.triage import file as triage_file
from analyzer.runs.triage.file import read_triage

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = sorted((ROOT / "analyzer").rglob("*.py"))
_TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
_COMMAND = re.compile(r"(?:^\$ |^|`|^run = \")(analyzer (?:[a-z][a-z-]+)\b[^`\n|]*)", re.MULTILINE)
_CODE = re.compile(r"```\w*\n.*?```|`[^`\n]+`", re.DOTALL)
_PLACE = re.compile(r"\.\.\.|^(?:NAME|FILE|URL|X)$")


def toml_blocks() -> Iterator[tuple[str, str]]:
    """(where, text) of every TOML block of the pages, and of the docstrings that show a file."""
    for page in PAGES:
        for number, match in enumerate(_TOML.finditer(page.read_text(encoding="utf-8")), 1):
            yield f"{page.name} {number}", match[1]
    for module in (jobs_file, triage_file, depth_file, scenario_file, rules_file):
        lines = (module.__doc__ or "").splitlines()
        shown = [line for line in lines if line.startswith("    ") or not line.strip()]
        text = "\n".join(line.removeprefix("    ") for line in shown)
        yield module.__name__, text.replace("0x...", "0x" + "11" * 20)


def commands() -> Iterator[tuple[str, str]]:
    """(where, command line) of every command that a page shows, or `--help` as an example."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for code in _CODE.finditer(text):
            for match in _COMMAND.finditer(code[0]):
                yield page.name, match[1]
    for words, verb in verbs(main, ()):
        for example in getattr(verb, "examples", ()):
            yield f"--help of {' '.join(words)}", example


def verbs(
    group: click.Group, before: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that lead to it."""
    with click.Context(group) as context:
        for name in group.list_commands(context):
            verb = group.get_command(context, name)
            assert verb is not None
            yield (*before, name), verb
            if isinstance(verb, click.Group):
                yield from verbs(verb, (*before, name))


BLOCKS = dict(toml_blocks())
VERBS = dict(verbs(main, ()))
COMMANDS = sorted({(where, line.strip()) for where, line in commands()})


@pytest.mark.parametrize("where", BLOCKS)
def test_every_toml_block_is_taken_by_what_reads_such_a_file(where: str, tmp_path: Path) -> None:
    text, path = BLOCKS[where], tmp_path / "shown.toml"
    if where == scenario_file.__name__:  # it shows [shocks] and [[step]], of which a file has one
        text = text.partition("[[step]]")[0]
    path.write_text(text)
    read_shown(path, text)


def read_shown(path: Path, text: str) -> None:
    """Reads a TOML file with what reads such a file. Raises: InputError where that refuses it."""
    if "[[job]]" in text:
        jobs = read_jobs(path)
        assert jobs
        for job in jobs:
            check_command(["analyzer", *job.words])
    elif "channels" in text:
        assert read_alerts(path, {"SLACK_URL": "slack://a"}).channels[0] == "slack://a"
    elif "[[accepted]]" in text:
        assert len(read_triage(path, named=True)) == 1
    elif "[folders]" in text:
        assert read_settings(path, found=False).path == path
    elif "[default]" in text:
        assert read_rules(path).default
    elif "[contracts]" in text:
        assert read_deployment(path).contracts
    elif "[[stake]]" in text:
        usdc = ExitPool("0x01", "USDC", 6, 0, 0, [])
        assert [one.capacity for one in load_stakes(path, [usdc])] == [6_000_000 * 10**6]
    elif "title" in text:
        scenario = load_scenario(str(path))
        assert scenario.steps[0].shocks or scenario.impairment
    else:
        assert load_depth(path).curves


@pytest.mark.parametrize("where", BLOCKS)
def test_a_block_with_a_word_that_no_file_has_is_noticed(where: str, tmp_path: Path) -> None:
    text, path = f"no_such_word = 1\n{BLOCKS[where]}", tmp_path / "shown.toml"
    path.write_text(text)
    with pytest.raises(InputError):
        read_shown(path, text)


def test_there_is_a_block_of_every_kind_and_every_block_is_seen() -> None:
    assert len(BLOCKS) >= 7
    assert len(COMMANDS) > 80


@pytest.mark.parametrize(("where", "line"), COMMANDS, ids=[line[:60] for _, line in COMMANDS])
def test_every_command_that_is_shown_exists_with_its_options(where: str, line: str) -> None:
    line = line.split(" | ")[0].split(" && ")[0].split(" > ")[0]
    # A statement of several lines is seen as far as its first.
    check_command(shlex.split(line + '"' * (line.count('"') % 2), comments=True))


def check_command(words: list[str]) -> None:
    """Sees that a command line names a verb, options that it has, and what those may name."""
    while len(words) > 1 and words[1].startswith("--"):  # what goes before the verb
        (option,) = [param for param in main.params if words[1] in param.opts]
        words = [words[0], *words[2 + (not getattr(option, "is_flag", False)) :]]
    name = tuple(words[1:3]) if tuple(words[1:3]) in VERBS else (words[1],)
    assert name in VERBS, f"there is no command {' '.join(words[:3])}"
    verb = VERBS[name]
    known = {option for param in verb.params for option in (*param.opts, *param.secondary_opts)}
    for word in words[1 + len(name) :]:
        if word.startswith("-") and not re.fullmatch(r"-[0-9].*|-", word):
            assert word.split("=")[0].rstrip(",;:)") in known | {"--help", "--debug"}, word
    for option, value in pairwise(words):
        if option == "--deployment" and not value.endswith(".toml") and not _PLACE.search(value):
            assert load_deployment(value)
    if name == ("query", "run") and len(words) > 3 and not _PLACE.search(words[3]):
        assert load_query(words[3])


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AssertionError, match="there is no command"):
        check_command(["analyzer", "solve"])
    with pytest.raises(AssertionError, match="--fast"):
        check_command(["analyzer", "scan", "--fast"])
    with pytest.raises(InputError, match="no deployment 'mars'"):
        check_command(["analyzer", "scan", "--deployment", "mars"])


NAME = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
TEXTS = [*PAGES, *SOURCES, ROOT / "docs" / "notebook.ipynb", ROOT / "action.yml",
         *sorted((ROOT / ".github").rglob("*.yml")), ROOT / ".ci" / "run"]  # fmt: skip


def test_nothing_advises_to_install_somebody_elses_package() -> None:
    """On the public index `analyzer` is another author's: advice names the clone, or our name."""
    advice = re.compile(r"(?:pip|uv|pipx|conda)[^\n]*? install\b[^\n]*")
    strange = re.compile(r"(?<![\w./-])analyzer(?:\[|==|>=|['\"\s]|$)")
    for path in TEXTS:
        for match in advice.finditer(path.read_text(encoding="utf-8")):
            for command in re.split(r"&&|#|;", match[0]):
                if " install" in command:
                    assert not strange.search(command), f"{path.name}: {match[0]}"
    assert strange.search("pip install 'analyzer[metrics]'")
    assert not strange.search("pip install onchain-solvency-analyzer")


def test_the_distribution_has_a_name_of_its_own_and_ci_installs_that_wheel() -> None:
    assert NAME == "onchain-solvency-analyzer"
    wheel = f"{NAME.replace('-', '_')}-*.whl"
    assert wheel in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_extra_that_a_message_names_is_one() -> None:
    named = set()
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"lacks_extra\(\"[^\"]+\", \"(\w+)\"\)", text))
        named |= set(re.findall(r"install -e '\.\[(\w+)\]'", text))
    assert {"metrics", "alerts", "pandas", "dask", "risk"} <= named <= set(EXTRAS)
    assert str(lacks_extra("a table", "pandas")) == (
        "a table needs the extra pandas: pip install -e '.[pandas]' in the folder of the clone"
    )


_PYTHON = re.compile(r"<!-- python -->\n```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
SHOWN_PYTHON = [
    (page, number, *match.groups())
    for page in PAGES
    for number, match in enumerate(_PYTHON.finditer(page.read_text(encoding="utf-8")), 1)
]


@pytest.mark.parametrize(
    ("page", "number", "code", "printed"),
    SHOWN_PYTHON,
    ids=[f"{page.name} {number}" for page, number, _, _ in SHOWN_PYTHON],
)
def test_an_example_in_python_prints_what_its_page_shows(
    page: Path, number: int, code: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(code, f"{page.name} {number}", "exec"), {})
    assert capsys.readouterr().out == printed


def test_there_are_examples_in_python_and_each_has_an_output() -> None:
    assert len(SHOWN_PYTHON) >= 3
    assert all(printed.strip() for *_, printed in SHOWN_PYTHON)
