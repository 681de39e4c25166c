"""The command line itself: what is parsed, refused, shown."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from scan_results import account_id
from told import statement_entries

from analyzer.cli import main
from analyzer.documents.account import StatementDocument
from analyzer.documents.envelope import Run
from analyzer.documents.scan import Block
from analyzer.model.errors import InputError

VERBS = [
    "demo", "scan", "book", "account", "stress", "contagion", "risk", "backfill", "history",
    "query", "sql", "report", "export", "verify", "certificate", "diff", "triage", "detectors",
    "index", "deployments", "run", "watch", "monitoring", "doctor", "config", "documents", "devnet",
]  # fmt: skip


def invoke(*words: str, **extra: Any) -> Result:
    """Runs a command line in this process."""
    return CliRunner().invoke(main, list(words), **extra)


def commands(
    command: click.Command = main, path: str = "analyzer"
) -> Iterator[tuple[str, click.Command]]:
    """Every command below `command`, with its path."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


COMMANDS = dict(commands())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help_with_examples(path: str) -> None:
    result = invoke(*path.split()[1:], "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    examples = COMMANDS[path].examples  # type: ignore[attr-defined]
    assert examples
    assert result.stdout.rstrip("\n").endswith(
        "Examples:\n" + "\n".join(f"  {example}" for example in examples)
    )


@pytest.mark.parametrize(
    "example",
    sorted({e for command in COMMANDS.values() for e in command.examples}),  # type: ignore[attr-defined]
)
def test_every_example_parses(example: str) -> None:
    program, *words = shlex.split(example)
    assert program == "analyzer"
    command: click.Command = main
    context = None
    while isinstance(command, click.Group):
        context = command.make_context(program, words, parent=context)
        words = [*context._protected_args, *context.args]
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        program, command, words = words[0], found, words[1:]
    command.make_context(program, words, parent=context).close()


NO_ANSWER = {
    "analyzer devnet up", "analyzer devnet record", "analyzer watch",
    "analyzer triage accept", "analyzer triage withdraw",
}  # fmt: skip
"""Commands that do something and show no data."""
FILES = {
    "analyzer report", "analyzer export", "analyzer book export", "analyzer monitoring",
}  # fmt: skip
"""Commands whose answer is a file of a form of its own."""


@pytest.mark.parametrize("path", [p for p, c in COMMANDS.items() if not isinstance(c, click.Group)])
def test_every_command_that_shows_data_takes_the_same_forms(path: str) -> None:
    options = {name: p for p in COMMANDS[path].params for name in p.opts}
    if path in NO_ANSWER | FILES:
        assert "--json" not in options
        return
    assert "--json" in options
    form = options["--format"]
    said = form.type.choices if isinstance(form.type, click.Choice) else form.help  # type: ignore[attr-defined]
    for name in ("table", "json", "csv", "markdown"):
        assert name in said


@pytest.mark.parametrize(
    "words",
    [
        ["deployments"], ["doctor"], ["documents"], ["query", "list"], ["detectors", "list"],
        ["query", "explain", "verdict_counts"], ["detectors", "show", "bad-oracle"],
        ["config", "show"],
    ],
)  # fmt: skip
def test_what_is_listed_has_every_form(words: list[str]) -> None:
    shown = {form: invoke(*words, "--format", form) for form in ("csv", "markdown", "table")}
    assert {result.exit_code for result in shown.values()} == {0}
    rows = list(csv.reader(io.StringIO(shown["csv"].stdout)))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1
    assert "|" in shown["markdown"].stdout or words == ["detectors", "show", "bad-oracle"]
    assert json.loads(invoke(*words, "--json").stdout) == json.loads(
        invoke(*words, "--format", "json").stdout
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scna"], "No such command 'scna' (did you mean 'scan'?)"),
        (["query", "lst"], "No such command 'lst' (did you mean 'list'?)"),
        (["scan", "--exclud", "x"], "--exclude"),
        (["query", "explain", "verdict_count"], "did you mean 'verdict_counts'?"),
        (["detectors", "show", "bad-orcle"], "did you mean 'bad-oracle'?"),
        (["scan", "--rpc", "http://127.0.0.1:1", "--deployment", "perp-v2-optimsm", "--db", "x"],
         "did you mean 'perp-v2-optimism'"),
    ],
)  # fmt: skip
def test_a_slip_of_the_finger_is_met_with_what_was_meant(words: list[str], says: str) -> None:
    result = invoke(*words)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert says in line


def test_the_verbs_are_listed_in_the_order_of_use() -> None:
    lines = invoke("--help").stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == VERBS
    assert not any(line.endswith("...") for line in lines)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["scan", "--nope"], "error: No such option '--nope'"),
        (["nope"], "error: No such command 'nope' (see 'analyzer --help')"),
        (["scan"], "error: Missing option '--db' (see 'analyzer scan --help')"),
        (["scan", "--db", "x", "--fail-on", "info"], "error: Invalid value for '--fail-on'"),
        (["account", "--db", "x"], "error: Missing argument 'ID' (see 'analyzer account --help')"),
        (["sql", "a", "-c", "b", "--db", "x"], "error: Give one of STATEMENT, -c and --file"),
        (
            ["query", "run", "q", "--db", "x", "-p", "n"],
            "error: Invalid value for '-p' / '--param': 'n' is not",
        ),
        (["devnet", "up", "--accounts", "0"], "error: Invalid value for '--accounts'"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(words: list[str], line: str) -> None:
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    [found] = result.stderr.splitlines()
    assert found.startswith(line)


def test_the_version_is_shown() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, "analyzer 0.1.0\n")


def test_scan_hands_its_options_on_and_ends_with_the_runs_exit_code(scanned: list[Any]) -> None:
    from analyzer.runs.scanning.scan import ScanOptions

    result = invoke(
        *[
            "scan",
            "--rpc",
            "http://a,http://b",
            "--rpc",
            "http://c",
            "--deployment",
            "d.toml",
            "--db",
            "s.duckdb",
        ],
        *[
            "--block",
            "-1000",
            "--verify",
            "all",
            "--sample-seed",
            "3",
            "--fail-on",
            "never",
            "--record",
            "e.zip",
        ],
    )
    assert result.exit_code == 1
    assert scanned == [
        ScanOptions(
            db=Path("s.duckdb"),
            rpc=("http://a", "http://b", "http://c"),
            record=Path("e.zip"),
            deployments=("d.toml",),
            block="-1000",
            verify="all",
            seed=3,
            fail_on="never",
        )
    ]


def test_what_is_looked_for_is_chosen_by_option(scanned: list[Any]) -> None:
    from analyzer.findings.selection import select

    words = ["--exclude", "bad-oracle", "--threshold", "insolvent-account=100"]
    assert invoke("scan", "--db", "s.duckdb", *words).exit_code == 1
    assert scanned[-1].selection == select((), ["bad-oracle"], {"insolvent-account": "100"})
    invoke("scan", "--db", "s.duckdb", "--detect", "bad-oracle")
    assert scanned[-1].selection == select(["bad-oracle"])
    for wrong in (
        ["--threshold", "insolvent-account"],
        ["--threshold", "a=1", "--threshold", "a=2"],
        ["--exclude", "incomplete-set"],
    ):
        result = invoke("scan", "--db", "s.duckdb", *wrong)
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert len(scanned) == 2


@pytest.mark.parametrize(
    "value", ["http://a,http://b", "http://a http://b", " http://a ,\thttp://b\n"]
)
def test_urls_come_from_the_environment_when_none_is_given(value: str, scanned: list[Any]) -> None:
    invoke("scan", "--db", "s.duckdb", env={"ANALYZER_RPC": value})
    invoke("scan", "--db", "s.duckdb", "--rpc", "http://c", env={"ANALYZER_RPC": value})
    assert [options.rpc for options in scanned] == [("http://a", "http://b"), ("http://c",)]


@pytest.mark.parametrize(
    "order",
    [
        ("--recording", "r.zip", "--db", "s"),
        ("--db", "s", "--rpc", "http://b", "--recording", "r.zip"),
    ],
)
def test_a_recording_replaces_the_node_of_the_environment(
    order: tuple[str, ...], scanned: list[Any]
) -> None:
    invoke("scan", *order, env={"ANALYZER_RPC": "http://a"})
    given = ("http://b",) if "--rpc" in order else ()
    assert [(o.rpc, o.recording) for o in scanned] == [(given, Path("r.zip"))]


def test_work_is_seen_from_its_first_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is reported, and not after."""
    from rich.console import Console

    from analyzer.cli import terminal

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setattr(terminal, "_for_bars", lambda: console)
    with terminal.progress() as report:
        assert "begin" in screen.getvalue()
        report("read the logs", 1, 2)
        screen.truncate(0)
        report("read the logs", 2, 2)
    assert "begin" not in screen.getvalue()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_verbs_options_and_choices(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the settings file here says: nothing of it is read."""
    (tmp_path / "analyzer.toml").write_text("no settings = 1")
    monkeypatch.chdir(tmp_path)

    def asked(words: str, word: str, place: int) -> str:
        whole = f"{words} {word}".rstrip(" ") if shell != "fish" else words
        environment = {
            "_ANALYZER_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": whole,
            "COMP_CWORD": word if shell == "fish" else str(place),
        }
        result = invoke(env=environment, prog_name="analyzer")
        assert result.stderr == ""
        return result.stdout

    assert "scan" in asked("analyzer", "sc", 1)
    assert "--verify" in asked("analyzer scan", "--ver", 2)
    assert "flagged" in asked("analyzer scan --verify", "fl", 3)
    source = invoke(env={"_ANALYZER_COMPLETE": f"{shell}_source"}, prog_name="analyzer")
    assert "_ANALYZER_COMPLETE" in source.stdout


@pytest.mark.usefixtures("scanned")
def test_standard_output_holds_only_the_document() -> None:
    result = invoke("scan", "--db", "s.duckdb", "--json")
    assert json.loads(result.stdout)["schema"] == 1
    assert result.stderr == "snapshot written to s.duckdb\n"


@pytest.mark.usefixtures("scanned")
@pytest.mark.parametrize(
    ("format_", "start"),
    [("table", "perp-v2 · local"), ("csv", "scan_id,"), ("markdown", "## perp-v2"), ("json", "{")],
)
def test_the_format_is_chosen_by_option(format_: str, start: str) -> None:
    assert invoke("scan", "--db", "s.duckdb", "--format", format_).stdout.startswith(start)


def test_an_error_of_the_run_is_one_line_with_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import analyzer.runs.scanning.scan as module

    def fail(options: object, progress: object) -> None:
        raise InputError("the endpoint is on chain 10, the deployment on 31337")

    monkeypatch.setattr(module, "scan", fail)
    result = invoke("scan", "--db", "s.duckdb")
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "error: the endpoint is on chain 10, the deployment on 31337\n",
    )


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, analyzer.cli\n"
        "from click.testing import CliRunner\n"
        "CliRunner().invoke(analyzer.cli.main, ['--help'])\n"
        "heavy = ['web3', 'pandas', 'duckdb', 'numpy', 'pyarrow', 'rich', 'orjson', 'requests']\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_scan_of_a_node_loads_little_before_its_first_request(tmp_path: Path) -> None:
    script = (
        "import os, socket, sys, analyzer.cli\n"
        "def connect(self, *where):\n"
        "    heavy = ['web3', 'pandas', 'duckdb', 'pyarrow', 'rich', 'pydantic', 'rlp', 'numba',\n"
        "             'numpy', 'requests', 'scipy', 'polars']\n"
        "    print([name for name in heavy if name in sys.modules], flush=True)\n"
        "    os._exit(0)\n"
        "socket.socket.connect = connect\n"
        "analyzer.cli.main()\n"
    )
    said = before_the_first_request(script, "aave-v3-optimism", tmp_path)
    assert said == "['numpy', 'requests']\n"


def test_a_scan_by_name_loads_the_plug_of_its_own_protocol_alone(tmp_path: Path) -> None:
    script = (
        "import os, socket, sys, analyzer.cli\n"
        "from importlib.metadata import entry_points\n"
        "def connect(self, *where):\n"
        "    plugs = sorted(entry_points(group='analyzer.protocols'), key=lambda e: e.name)\n"
        "    print([e.name for e in plugs if f'{e.module}.plug' in sys.modules], flush=True)\n"
        "    print('analyzer.contagion.cascade.run' in sys.modules, flush=True)\n"
        "    os._exit(0)\n"
        "socket.socket.connect = connect\n"
        "analyzer.cli.main()\n"
    )
    assert before_the_first_request(script, "perp-v2-optimism", tmp_path) == (
        "['perp-v2']\nFalse\n"
    )
    # By another name than its own every protocol is asked: the same script sees them all.
    said = before_the_first_request(script, "optimism", tmp_path)
    assert "'aave-v3'" in said
    assert "'perp-v2'" in said


def before_the_first_request(script: str, deployment: str, folder: Path) -> str:
    """What a script says that stops a scan of a node at its first connection."""
    asked = ["scan", "--rpc", "http://127.0.0.1:9", "--deployment", deployment]
    done = subprocess.run(
        [sys.executable, "-c", script, *asked, "--db", str(folder / "s.duckdb")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_an_account_is_shown_as_its_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    import analyzer.runs.snapshot.account as module

    statement = StatementDocument(
        run=Run("0.1.0", 0),
        protocol="perp-v2",
        deployment="local",
        chain_id=1,
        block=Block(5, "0x", 1),
        account_id=account_id(0),
        owner=account_id(0),
        verdict="healthy",
        reason="fine",
        status="open",
        verified=None,
        lines=statement_entries(0),
    )
    monkeypatch.setattr(module, "account", lambda db, account: statement)
    result = invoke("account", account_id(0), "--db", "s.duckdb", "--json")
    assert (result.exit_code, json.loads(result.stdout)["lines"][1]["amount"]) == (0, str(10**20))


def test_the_built_in_deployments_are_listed_with_where_their_addresses_come_from() -> None:
    shown = invoke("deployments")
    as_json = invoke("deployments", "--json")
    assert (shown.exit_code, as_json.exit_code) == (0, 0)
    found = json.loads(as_json.stdout)["deployments"]
    fields = {"name", "protocol", "chain_id", "from_block", "contracts", "source"}
    assert [set(row) - {"aliases"} for row in found] == [fields] * len(found)
    # Only a deployment that was called otherwise once says so.
    assert {row["name"]: row["aliases"] for row in found if row["aliases"]} == {
        "perp-v2-optimism": ["optimism"]
    }
    order = [(row["protocol"], row["chain_id"], row["name"]) for row in found]
    assert order == sorted(order)
    assert {"aave-v3", "perp-v2"} <= {row["protocol"] for row in found}
    for row in found:
        assert row["name"] in shown.stdout
        assert row["source"] in shown.stdout
