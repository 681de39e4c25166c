"""Accepting findings of real scans: what counts, what is shown, what survives."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from bank import BRANCH_2, CAROL, MOVED, contract_answers
from memory_chain import MemoryChain

from analyzer.documents.encode import to_json
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.integers import WAD
from analyzer.report.render import render
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.triage.triage import (
    Terms,
    accept,
    list_accepted,
    open_findings,
    withdraw,
)

RunScan = Callable[..., ScanOutcome]
TODAY = date(2026, 11, 22)
TERMS = Terms("Carol is being wound down", "R. Auditor")


@pytest.fixture
def db(tmp_path: Path, run_scan: RunScan) -> Path:
    """A snapshot with one finding: Carol can be liquidated."""
    outcome = run_scan(verify="all")
    assert [f["account_id"] for f in to_json(outcome.document)["findings"]] == [CAROL]
    return tmp_path / "scan.duckdb"


@pytest.fixture
def fingerprint(db: Path) -> str:
    [(_, finding)] = open_findings(db, named=None, today=TODAY)
    return finding.fingerprint


def test_an_accepted_finding_does_not_count_and_is_shown_with_its_reason(
    db: Path, fingerprint: str, run_scan: RunScan
) -> None:
    accept(db, [fingerprint], TERMS, file=None, today=TODAY)
    outcome = run_scan(verify="all")
    assert outcome.exit_code is ExitCode.CLEAN
    [finding] = to_json(outcome.document)["findings"]
    assert finding["accepted"] == {
        "reason": "Carol is being wound down",
        "author": "R. Auditor",
        "date": "2026-11-22",
        "expires": None,
        "severity": "high",
        "up_to": {},
    }
    assert to_json(outcome.document)["triage"]["accepted"] == 1
    table = " ".join(render(outcome.document, "table").split())
    assert "Findings none that is not accepted" in table
    assert "Carol is being wound down (R. Auditor, 2026-11-22)" in table
    [row] = csv.DictReader(io.StringIO(render(outcome.document, "csv")))
    assert row["accepted"] == "Carol is being wound down"
    [run] = json.loads(render(outcome.document, "sarif"))["runs"]
    assert run["results"][0]["suppressions"][0]["justification"] == "Carol is being wound down"


def test_the_acceptance_survives_later_blocks_and_other_amounts(
    db: Path, fingerprint: str, run_scan: RunScan, live: MemoryChain
) -> None:
    accept(db, [fingerprint], TERMS, file=None, today=TODAY)
    live.mine()
    live.emit(BRANCH_2, MOVED, CAROL, -WAD, 0)
    live.mine(3)
    outcome = run_scan()
    [finding] = to_json(outcome.document)["findings"]
    assert (finding["fingerprint"], outcome.exit_code) == (fingerprint, ExitCode.CLEAN)
    assert finding["amounts"]["equity_e18"] == str(WAD)


def test_it_counts_again_when_it_is_larger_than_what_was_accepted(
    db: Path, fingerprint: str, run_scan: RunScan, live: MemoryChain
) -> None:
    terms = Terms("dust", "me", up_to="3.5")
    [given] = accept(db, [fingerprint], terms, file=None, today=TODAY)
    assert given.up_to == {"below_maintenance_e18": 35 * WAD // 10}
    assert run_scan().exit_code is ExitCode.CLEAN
    live.mine()
    live.emit(BRANCH_2, MOVED, CAROL, -WAD, 0)
    live.mine(3)
    outcome = run_scan()
    assert outcome.exit_code is ExitCode.FINDINGS
    assert to_json(outcome.document)["findings"][0]["accepted"] is None
    [lapsed] = to_json(outcome.document)["triage"]["lapsed"]
    assert lapsed["why"].startswith(f"below_maintenance_e18 is {4 * WAD} now")
    assert f"{fingerprint} (undercollateralized-account bank {CAROL}) counts again" in " ".join(
        render(outcome.document, "table").split()
    )


def test_an_expired_acceptance_counts_again_and_is_said(
    db: Path, fingerprint: str, run_scan: RunScan
) -> None:
    long_ago = date(2020, 1, 1)
    terms = Terms("for a day", "me", expires=long_ago)
    accept(db, [fingerprint], terms, file=None, today=long_ago)
    outcome = run_scan()
    assert outcome.exit_code is ExitCode.FINDINGS
    assert to_json(outcome.document)["triage"]["lapsed"][0]["why"] == "expired on 2020-01-01"
    [entry] = list_accepted(db, file=db.with_name("triage.toml"), named=True, today=TODAY)
    assert entry.state == "expired on 2020-01-01"


def test_an_acceptance_of_a_finding_that_is_gone_is_said(
    db: Path, fingerprint: str, run_scan: RunScan, live: MemoryChain
) -> None:
    accept(db, [fingerprint], TERMS, file=None, today=TODAY)
    live.mine()
    live.emit(BRANCH_2, MOVED, CAROL, 90 * WAD, 0)
    live.mine(3)
    outcome = run_scan()
    [entry] = to_json(outcome.document)["triage"]["unmatched"]
    assert (entry["fingerprint"], entry["about"]) == (fingerprint, CAROL)
    assert "matches no finding: it may be withdrawn" in render(outcome.document, "markdown")


def test_acceptance_hides_no_divergence(
    db: Path, fingerprint: str, run_scan: RunScan, live: MemoryChain
) -> None:
    accept(db, [fingerprint], TERMS, file=None, today=TODAY)
    live.answer = contract_answers(live, lie=1)
    assert run_scan(verify="all").exit_code is ExitCode.DIVERGENCE


def test_the_beginning_of_a_fingerprint_is_enough_when_it_is_long(
    db: Path, fingerprint: str
) -> None:
    [given] = accept(db, [fingerprint[:6].upper()], TERMS, file=None, today=TODAY)
    assert given.fingerprint == fingerprint
    with pytest.raises(InputError, match="holds no finding whose fingerprint is"):
        accept(db, [fingerprint[:5]], TERMS, file=None, today=TODAY)


def test_accepting_again_replaces_the_terms(db: Path, fingerprint: str, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    accept(db, [fingerprint], TERMS, file=file, today=TODAY)
    accept(db, [fingerprint], Terms("another reason", "B"), file=file, today=TODAY)
    [entry] = tomllib.loads(file.read_text())["accepted"]
    assert (entry["reason"], entry["author"]) == ("another reason", "B")


def test_what_is_withdrawn_counts_again(db: Path, fingerprint: str, run_scan: RunScan) -> None:
    accept(db, [fingerprint], TERMS, file=None, today=TODAY)
    assert open_findings(db, named=None, today=TODAY) == []
    [gone] = withdraw(db.with_name("triage.toml"), [fingerprint[:8]])
    assert gone.fingerprint == fingerprint
    assert run_scan().exit_code is ExitCode.FINDINGS
    with pytest.raises(InputError, match="accepts no finding whose fingerprint is"):
        withdraw(db.with_name("triage.toml"), [fingerprint])


@pytest.mark.parametrize(
    ("terms", "match"),
    [
        (Terms(" ", "me"), "needs a reason and an author"),
        (Terms("r", ""), "needs a reason and an author"),
        (Terms("r", "me", expires=date(2026, 11, 21)), "is in the past"),
        (Terms("r", "me", up_to="much"), "--up-to much is no number"),
        (Terms("r", "me", up_to="nan"), "--up-to nan is no number"),
        (Terms("r", "me", up_to="2.9"), f"below_maintenance_e18 is {3 * WAD} already"),
    ],
)
def test_terms_that_mean_nothing_are_refused_and_write_nothing(
    db: Path, fingerprint: str, terms: Terms, match: str
) -> None:
    with pytest.raises(InputError, match=match):
        accept(db, [fingerprint], terms, file=None, today=TODAY)
    assert not db.with_name("triage.toml").exists()


def test_a_mistake_in_the_file_is_said_before_anything_is_scanned(
    db: Path, run_scan: RunScan, live: MemoryChain
) -> None:
    db.with_name("triage.toml").write_text("[[accepted]]\nfingerprint = 5\n")
    asked = len(live.asked)
    with pytest.raises(InputError, match=r"triage\.toml, entry 1: fingerprint has to be a text"):
        run_scan()
    assert len(live.asked) == asked


def test_a_triage_file_that_was_named_has_to_be_there(run_scan: RunScan, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no triage file"):
        run_scan(triage=tmp_path / "no.toml")
