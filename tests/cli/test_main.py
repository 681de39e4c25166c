"""The command line itself: what is parsed, refused, shown."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from scan_results import account_id, clean_result, judged
from told import scan_of, statement_entries

from analyzer.cli import main
from analyzer.documents.account import StatementDocument
from analyzer.documents.envelope import Run
from analyzer.documents.scan import Block, ScanDocument
from analyzer.findings import run_detectors
from analyzer.model.errors import ExitCode, InputError

VERBS = [
    "demo", "scan", "account", "stress", "contagion", "risk", "backfill", "history", "query", "sql",
    "report", "export", "verify", "diff", "triage", "detectors", "index", "deployments", "run",
    "watch", "monitoring", "doctor", "config", "documents", "devnet",
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
FILES = {"analyzer report", "analyzer export", "analyzer monitoring"}
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


@dataclass
class Outcome:
    """What a run gives, made by hand."""

    document: ScanDocument
    exit_code: ExitCode = ExitCode.FINDINGS


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replaces the scan by one that keeps its options and finds one account under water."""
    import analyzer.runs.scanning.scan as module

    result = clean_result([judged(0, equity=60), judged(1)])
    result.findings = run_detectors(result)
    seen: list[Any] = []

    def fake(options: object, progress: Any) -> Outcome:
        seen.append(options)
        progress("read the logs", 1, 2)
        return Outcome(scan_of([result]))

    monkeypatch.setattr(module, "scan", fake)
    return seen


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


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an analyzer.toml of its own, and the process in it."""
    path = tmp_path / "analyzer.toml"
    path.write_text(
        'deployments = ["perp-v2-optimism"]\nexclude = ["bad-oracle"]\nfail_on = "never"\n'
        "[thresholds]\ninsolvent-account = 5\nhidden-bad-debt = 7\n"
        '[endpoints]\n10 = "env:OPT"\n[folders]\ndata = "."\n'
    )
    monkeypatch.chdir(tmp_path)
    return path


def test_settings_fill_in_what_the_command_line_leaves_out(
    settled: Path, scanned: list[Any]
) -> None:
    from analyzer.findings.selection import select

    secret = "http://one.example/v3/0123456789abcdef"
    result = invoke("scan", "--json", env={"OPT": secret})
    assert result.stderr == (
        f"settings of {settled}: deployments, exclude, fail_on, thresholds.insolvent-account,"
        " thresholds.hidden-bad-debt, endpoints.10, folders.data\n"
        f"snapshot written to {settled.parent / 'scan.duckdb'}\n"
    )
    [options] = scanned
    assert (options.rpc, options.deployments, options.fail_on, options.db) == (
        (secret,),
        ("perp-v2-optimism",),
        "never",
        settled.parent / "scan.duckdb",
    )
    amounts = {"insolvent-account": "5", "hidden-bad-debt": "7"}
    assert options.selection == select((), ["bad-oracle"], amounts)


def test_the_command_line_comes_before_the_settings(settled: Path, scanned: list[Any]) -> None:
    from analyzer.findings.selection import select

    words = ["--rpc", "http://b", "--deployment", "aave-v3-ethereum", "--fail-on", "low"]
    words += ["--db", "x.duckdb", "--exclude", "unproven-rules"]
    words += ["--threshold", "insolvent-account=6"]
    invoke("scan", *words, env={"ANALYZER_RPC": "http://c", "ANALYZER_FAIL_ON": "medium"})
    [options] = scanned
    assert (options.rpc, options.deployments, options.fail_on, options.db) == (
        ("http://b",),
        ("aave-v3-ethereum",),
        "low",
        Path("x.duckdb"),
    )
    amounts = {"insolvent-account": "6", "hidden-bad-debt": "7"}
    assert options.selection == select((), ["unproven-rules"], amounts)
    # The environment comes before the file.
    invoke("scan", env={"ANALYZER_RPC": "http://c", "ANALYZER_FAIL_ON": "medium"})
    assert (scanned[-1].rpc, scanned[-1].fail_on) == (("http://c",), "medium")


def test_isolated_takes_nothing_from_a_file(settled: Path, scanned: list[Any]) -> None:
    result = invoke("--isolated", "scan")
    assert (result.exit_code, result.stderr.splitlines()) == (
        2,
        ["error: Missing option '--db' (see 'analyzer scan --help')"],
    )
    invoke("--isolated", "scan", "--db", "s.duckdb")
    assert (scanned[-1].deployments, scanned[-1].rpc, scanned[-1].fail_on) == ((), (), "high")
    other = settled.with_name("other.toml")
    other.write_text('fail_on = "low"\n')
    invoke("--config", str(other), "scan", "--db", "s.duckdb")
    assert (scanned[-1].fail_on, scanned[-1].deployments) == ("low", ())


def test_a_chain_without_an_endpoint_is_named(settled: Path, scanned: list[Any]) -> None:
    result = invoke("scan", "--deployment", "aave-v3-ethereum")
    assert (result.exit_code, scanned) == (2, [])
    assert "error: The settings have no endpoint for chain 1: add it to" in result.stderr


def test_a_recording_takes_no_deployment_of_the_settings(settled: Path, scanned: list[Any]) -> None:
    invoke("scan", "--recording", "r.zip")
    assert (scanned[-1].deployments, scanned[-1].rpc) == ((), ())


def test_config_show_says_where_each_value_came_from_and_no_key(settled: Path) -> None:
    settled.write_text('exclude = ["a"]\n[endpoints]\n10 = "https://n.example/v3/secret0123"\n')
    environment = {"ANALYZER_FAIL_ON": "low"}
    shown = invoke("config", "show", env=environment)
    document = json.loads(invoke("config", "show", "--json", env=environment).stdout)
    assert document["file"] == str(settled)
    assert {s["key"]: (s["origin"], s["line"]) for s in document["settings"]} == {
        "deployments": ("default", None),
        "detect": ("default", None),
        "exclude": ("file", 1),
        "fail_on": ("environment", None),
        "folders.data": ("default", None),
        "folders.deployments": ("default", None),
        "endpoints.10": ("file", 3),
    }
    assert "secret0123" not in shown.stdout + str(document)
    assert ["exclude", "a", "file,", "line", "1"] in [x.split() for x in shown.stdout.splitlines()]
    assert "environment: ANALYZER_FAIL_ON" in shown.stdout


def test_a_wrong_settings_file_stops_what_needs_it_and_nothing_else(settled: Path) -> None:
    settled.write_text("exlude = []")
    result = invoke("scan", "--db", "x.duckdb")
    assert (result.exit_code, result.stderr) == (
        2,
        f"error: {settled}, line 1: there is no setting 'exlude' (did you mean 'exclude'?)\n",
    )
    assert invoke("deployments").exit_code == 0
    assert invoke("scan", "--help").exit_code == 0


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
