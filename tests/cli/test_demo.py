"""The commands on the demo's snapshot, as a new user types them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from demands import missing

from analyzer.cli import main
from analyzer.runs.demo import demo_folder
from analyzer.runs.scanning.sources import open_source
from analyzer.runs.snapshot.pdf import find_chromium

PROGRAM = "from analyzer.cli import main; main()"


def invoke(*words: str, **extra: object) -> Result:
    """Runs a command line in this process."""
    return CliRunner().invoke(main, list(words), **extra)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def worst(demo_snapshot: Path) -> str:
    """The account furthest below maintenance, as `DEPLOYMENT/ACCOUNT`."""
    result = invoke(
        *["query", "run", "accounts_below_maintenance", "-p", "limit=1", "--json", "--db"],
        str(demo_snapshot),
    )
    row = json.loads(result.stdout)["rows"][0]
    return f"{row['deployment']}/{row['account_id']}"


def test_the_demo_shows_its_document_and_the_worst_account_and_ends_with_0() -> None:
    result = invoke("demo")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "TRACE OF BAD DEBT: bad debt exceeds the backstops by 87,904.82 USD" in result.stdout
    assert "bad debt 87,904.82 USD, 0.013 % of equity, 26 of 234 accounts" in result.stdout
    assert "compared with the contract's own views: 0 differ" in result.stdout
    assert "aave-v3 · aave-v3-devnet-7" in result.stdout
    assert "perp-v2 · perp-v2-devnet-7" in result.stdout
    assert "Verified     every compared field equals the contract's view" in result.stdout
    assert "Contagion: 5 August 2024" in result.stdout
    assert "From one failure to the next" in result.stdout


@pytest.mark.browser
@pytest.mark.parametrize(("first_page", "most"), [((), 12), (("--summary",), 1)])
def test_the_demos_report_on_paper_is_short(
    demo_snapshot: Path, tmp_path: Path, first_page: tuple[str, ...], most: int
) -> None:
    if find_chromium() is None:
        missing("there is no Chromium or Chrome (ANALYZER_CHROMIUM)", "REQUIRE_BROWSER")
    out = tmp_path / "demo.pdf"
    done = invoke(
        "report", "--db", str(demo_snapshot), "--out", str(out), "--format", "pdf", *first_page
    )
    assert done.exit_code == 0
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", out.read_bytes())) <= most


def test_the_demo_in_json_is_the_document_alone() -> None:
    document = json.loads(invoke("demo", "--json").stdout)
    assert (document["schema"], document["verification"]["mismatches"]) == (1, 0)
    assert document["verification"]["checks"] > 10_000
    assert [scan["protocol"] for scan in document["scans"]] == ["aave-v3", "perp-v2"]
    assert min(scan["accounts"] for scan in document["scans"]) >= 200
    assert document["contagion"]["scenario"]["name"] == "2024-08-05_carry_unwind"
    assert {total["holds"] for scan in document["scans"] for total in scan["totals"]} == {True}


def test_an_account_is_found_in_any_case(demo_snapshot: Path, worst: str) -> None:
    deployment, _, bare = worst.partition("/")
    as_written = invoke("account", worst, "--db", str(demo_snapshot), "--json")
    lower = invoke("account", worst.lower(), "--db", str(demo_snapshot), "--json")
    assert (as_written.exit_code, as_written.stdout) == (0, lower.stdout)
    document = json.loads(as_written.stdout)
    assert (document["account_id"], document["verdict"]) == (bare, "insolvent")
    assert document["deployment"] == deployment
    assert all(line["source"] for line in document["lines"])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["account", "0x0000000000000000000000000000000000000001"], "error: there is no account"),
        (["sql", "SELECT nothing FROM nowhere"], "error: the query failed: Catalog Error"),
        (["sql", "DELETE FROM margin"], "error: the query failed:"),
        (["query", "run", "nope"], "error: there is no query 'nope'"),
        (["query", "run", "largest_positions", "-p", "x=1"], "error: query largest_positions has"),
    ],
)
def test_a_wrong_question_is_one_line_and_exit_code_2(
    words: list[str], line: str, demo_snapshot: Path
) -> None:
    result = invoke(*words, "--db", str(demo_snapshot))
    assert (result.exit_code, result.stdout) == (2, "")
    [found] = result.stderr.splitlines()
    assert found.startswith(line)


def test_sql_comes_from_an_argument_an_option_a_file_or_standard_input(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    statement = "SELECT count(*) AS accounts FROM margin"
    file = tmp_path / "count.sql"
    file.write_text(statement)
    db = ["--db", str(demo_snapshot), "--format", "csv"]
    shown = {
        invoke("sql", statement, *db).stdout,
        invoke("sql", "-c", statement, *db).stdout,
        invoke("sql", "--file", str(file), *db).stdout,
        invoke("sql", *db, input=statement).stdout,
    }
    [text] = shown
    assert text.splitlines()[0] == "accounts"
    assert int(text.splitlines()[1]) >= 200


def test_a_file_of_sql_that_is_not_there_is_one_line(demo_snapshot: Path) -> None:
    result = invoke("sql", "--file", "none.sql", "--db", str(demo_snapshot))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: none.sql cannot be read")


def test_sql_is_interactive_on_a_terminal(demo_snapshot: Path) -> None:
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sql", "--db", str(demo_snapshot), "--format", "csv"],
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(secondary)
    os.write(primary, b"SELECT 6 * 7 AS answer\n, 'two' AS lines;\n\\d\nSELECT oops;\n\\q\n")
    shown, notes = process.communicate(timeout=60)
    os.close(primary)
    assert process.returncode == 0
    assert "answer,lines" in shown
    assert "42,two" in shown
    assert 'v_margin,"Margin in the settlement currency; without' in shown
    assert "error: the query failed:" in notes


def test_explain_shows_question_parameters_columns_and_sql() -> None:
    text = invoke("query", "explain", "largest_positions").stdout
    assert text.startswith("Largest positions\n\nWho holds the largest positions")
    assert "  market VARCHAR, default %: symbol of the market, % for any\n" in text
    assert "  size: net size, signed\n" in text
    assert "FROM v_positions p" in text


def test_the_list_of_queries_is_the_same_in_json() -> None:
    listed = json.loads(invoke("query", "list", "--json").stdout)["queries"]
    assert len(listed) >= 10
    assert all(entry["name"] in invoke("query", "list").stdout for entry in listed)


def test_doctor_finds_the_snapshot_and_says_what_is_wrong_with_another_file(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    good = invoke("doctor", "--db", str(demo_snapshot), "--json")
    document = json.loads(good.stdout)
    assert (good.exit_code, document["run"]["exit_code"]) == (0, 0)
    assert document["checks"][-1]["text"].startswith("snapshot: aave-v3-devnet-7 at block")
    other = tmp_path / "other.duckdb"
    other.write_text("no database")
    bad = invoke("doctor", "--db", str(other))
    assert bad.exit_code == 2
    assert "PROBLEM" in bad.stdout


def test_a_scan_of_the_recording_fails_on_findings_unless_told_otherwise(tmp_path: Path) -> None:
    from analyzer.runs.demo import demo_folder

    recording = str(demo_folder() / "crash.zip")
    base = ["scan", "--recording", recording, "--db", str(tmp_path / "s.duckdb")]
    found = invoke(*base, "--block", "stressed", "--verify", "none", "--format", "csv")
    calm = invoke(*base, "--block", "stressed", "--verify", "none", "--fail-on", "never")
    assert (found.exit_code, calm.exit_code) == (1, 0)
    assert found.stdout.startswith("scan_id,protocol,")
    assert "NOT PROVEN" not in calm.stdout
    assert "nothing was compared with the contract" in calm.stdout


def test_what_is_no_recording_and_what_is_no_block_is_one_line_each(tmp_path: Path) -> None:
    from analyzer.runs.demo import demo_folder

    db = str(tmp_path / "s.duckdb")
    recording = str(demo_folder() / "crash.zip")
    for words in (
        ["--recording", str(tmp_path / "none.zip")],
        ["--recording", recording, "--block", "never"],
        ["--recording", recording, "--deployment", "nowhere"],
        ["--rpc", "ftp://odd"],
        [],
    ):
        result = invoke("scan", "--db", db, *words)
        assert (result.exit_code, result.stdout) == (2, ""), words
        [line] = result.stderr.splitlines()
        assert line.startswith("error: ")
        assert list(tmp_path.iterdir()) == []


def test_what_is_made_of_deployments_does_not_depend_on_their_order() -> None:
    names = ["perp-v2-devnet-7", "aave-v3-devnet-7"]
    orders = []
    for given in (names, names[::-1], []):
        with open_source(
            rpc=(), recording=demo_folder() / "crash.zip", deployments=given
        ) as source:
            orders.append([deployment.name for deployment in source.deployments])
    assert orders == [sorted(names)] * 3


def test_a_scenario_that_was_not_run_before_is_nothing_new(
    demo_snapshot: Path, tmp_path: Path
) -> None:
    stressed = tmp_path / "stressed.duckdb"
    invoke("stress", "--db", str(demo_snapshot), "--shock", "ETH=-30%", "--out", str(stressed))
    there = invoke("diff", str(demo_snapshot), str(stressed), "--json")
    back = invoke("diff", str(stressed), str(demo_snapshot), "--json")
    assert there.exit_code == back.exit_code == 3
    for result in (there, back):
        counts = json.loads(result.stdout)["counts"]
        assert counts["undecided"] > 0
        assert counts["new"] == counts["resolved"] == counts["worse"] == 0
    assert json.loads(there.stdout)["counts"] == json.loads(back.stdout)["counts"]


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(words: list[str], **environment: str) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    names = ("NO_COLOR", "FORCE_COLOR", "TERM")
    plain = {name: value for name, value in os.environ.items() if name not in names}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**plain, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
    ) as child:  # fmt: skip
        os.close(theirs)
        pieces = []
        while piece := _read(ours):
            pieces.append(piece)
        child.wait()
    os.close(ours)
    return b"".join(pieces).decode()


def _read(terminal: int) -> bytes:
    """The next bytes of a terminal; none when its other end is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"FORCE_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_is_used_on_a_terminal_that_wants_it(
    environment: dict[str, str], coloured: bool
) -> None:
    text = on_terminal(["detectors", "list"], **environment)
    assert "insolvent-account" in text
    assert bool(COLOUR.search(text)) is coloured


def test_colour_elsewhere_only_where_it_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert not COLOUR.search(invoke("detectors", "list", color=True).stdout)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert COLOUR.search(invoke("detectors", "list", color=True).stdout)
