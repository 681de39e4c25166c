"""What a settings file does to commands, and what comes before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from analyzer.cli import main


def invoke(*words: str, **extra: Any) -> Result:
    """Runs a command line in this process."""
    return CliRunner().invoke(main, list(words), **extra)


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
