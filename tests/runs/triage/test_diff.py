"""Two snapshots of the same small chain, finding by finding."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bank import BOB, BRANCH_2, CAROL, MOVED, contract_answers
from document_schemas import validate as validate_document
from memory_chain import MemoryChain
from sarif_check import validate

from analyzer.documents.encode import to_json
from analyzer.findings.selection import select
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.integers import WAD
from analyzer.model.reads import NotRead
from analyzer.report.diff import render_diff
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.triage.diff import DiffOptions, DiffOutcome, diff
from analyzer.runs.triage.triage import Terms, accept, open_findings

RunScan = Callable[..., ScanOutcome]
TODAY = date(2026, 11, 22)


@pytest.fixture
def a(tmp_path: Path, run_scan: RunScan) -> Path:
    """Carol can be liquidated."""
    path = tmp_path / "a.duckdb"
    run_scan(db=path, verify="all")
    return path


@pytest.fixture
def later(tmp_path: Path, run_scan: RunScan, live: MemoryChain, a: Path) -> Callable[..., Path]:
    """Scans a later block, after some movements: (account, amount)."""

    def make(*movements: tuple[str, int], **options: Any) -> Path:
        live.mine()
        for who, amount in movements:
            live.emit(BRANCH_2, MOVED, who, amount * WAD, 0)
        live.mine(3)
        path = tmp_path / "b.duckdb"
        run_scan(db=path, **{"verify": "all", **options})
        return path

    return make


def run(before: Path, after: Path, **changes: Any) -> DiffOutcome:
    return diff(DiffOptions(before, after, TODAY, **changes))


def counted(outcome: DiffOutcome) -> dict[str, int]:
    return {state: count for state, count in to_json(outcome.document)["counts"].items() if count}


def test_nothing_new_is_clean_and_only_counted(a: Path, later: Callable[..., Path]) -> None:
    outcome = run(a, later())
    assert (counted(outcome), outcome.exit_code) == ({"same": 1}, ExitCode.CLEAN)
    [place] = to_json(outcome.document)["deployments"]
    assert (place["in"], place["before"]["accounts"], place["after"]["accounts"]) == ("both", 3, 3)
    assert to_json(outcome.document)["notes"] == []


def test_new_worse_and_resolved(a: Path, later: Callable[..., Path]) -> None:
    outcome = run(a, later((CAROL, -1), (BOB, -5)))
    assert counted(outcome) == {"new": 1, "worse": 1}
    assert outcome.exit_code is ExitCode.FINDINGS
    new, worse = to_json(outcome.document)["findings"]
    assert (new["state"], new["account_id"], new["amounts_before"]) == ("new", BOB, None)
    assert worse["why"] == f"below_maintenance_e18 {3 * WAD} -> {4 * WAD}"
    assert worse["amounts_before"]["equity_e18"] == str(2 * WAD)


def test_better_and_resolved_are_clean(a: Path, later: Callable[..., Path]) -> None:
    better = run(a, later((CAROL, 1)))
    assert (counted(better), better.exit_code) == ({"better": 1}, ExitCode.CLEAN)
    resolved = run(a, later((CAROL, 90)))
    assert (counted(resolved), resolved.exit_code) == ({"resolved": 1}, ExitCode.CLEAN)


@pytest.mark.parametrize(("fail_on", "code"), [("high", 1), ("critical", 0), ("never", 0)])
def test_only_what_is_severe_enough_changes_the_exit_code(
    a: Path, later: Callable[..., Path], fail_on: str, code: int
) -> None:
    assert run(a, later((BOB, -5)), fail_on=fail_on).exit_code == code


def test_a_finding_whose_account_is_unknown_now_is_not_resolved(
    a: Path, later: Callable[..., Path], live: MemoryChain
) -> None:
    honest = contract_answers(live)
    live.answer = lambda number, request: (
        honest(number, request) if request.kind == "code_hash" else NotRead("the node is down")
    )
    outcome = run(a, later(), fail_on="high")
    [gone] = [
        f
        for f in to_json(outcome.document)["findings"]
        if f["account_id"] == CAROL and f["amounts"]
    ]
    assert (gone["state"], gone["why"]) == ("undecided", "the account is unknown")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ
    assert run(a, a.with_name("b.duckdb"), fail_on="never").exit_code is ExitCode.CLEAN


def test_a_divergence_that_was_not_looked_for_again_is_not_resolved(
    tmp_path: Path, run_scan: RunScan, later: Callable[..., Path], live: MemoryChain
) -> None:
    live.answer = contract_answers(live, lie=1)
    lied = tmp_path / "lied.duckdb"
    run_scan(db=lied, verify="all")
    live.answer = contract_answers(live)
    unasked = run(lied, later(verify="none"))
    assert counted(unasked) == {"undecided": 3, "same": 1}
    assert {
        f["why"] for f in to_json(unasked.document)["findings"] if f["state"] == "undecided"
    } == {"nothing was compared with the contract"}
    asked = run(lied, later(verify="all"))
    assert counted(asked) == {"resolved": 3, "same": 1}
    # The other way round nobody had looked either, so that nothing of it is new.
    back = run(later(verify="none"), lied)
    assert counted(back) == {"undecided": 3, "same": 1}
    assert (back.exit_code, unasked.exit_code) == (ExitCode.NOT_FULLY_READ,) * 2


def test_a_finding_whose_detector_was_left_out_is_not_resolved(
    a: Path, later: Callable[..., Path]
) -> None:
    outcome = run(a, later(selection=select(exclude=["undercollateralized-account"])))
    assert (counted(outcome), outcome.exit_code) == ({"undecided": 1}, ExitCode.NOT_FULLY_READ)
    [told] = to_json(outcome.document)["findings"]
    assert told["why"] == "detector undercollateralized-account was left out"
    [note] = to_json(outcome.document)["notes"]
    assert note.endswith(
        "after was not looked for: detectors left out: undercollateralized-account"
    )
    # The other way round nobody had looked, so that nothing of it is new.
    back = run(a.with_name("b.duckdb"), a)
    assert counted(back) == {"undecided": 1}


def test_a_finding_below_a_threshold_is_not_resolved(a: Path, later: Callable[..., Path]) -> None:
    """Carol lacks 3."""
    coarse = select(least={"undercollateralized-account": "3.5"})
    outcome = run(a, later(selection=coarse))
    assert counted(outcome) == {"undecided": 1}
    [told] = to_json(outcome.document)["findings"]
    assert told["why"] == "less than 3.5 below maintenance is not told"


def test_a_finding_that_is_gone_under_a_threshold_says_what_it_may_still_be(
    a: Path, later: Callable[..., Path]
) -> None:
    coarse = select(least={"undercollateralized-account": "2.5"})
    outcome = run(a, later((CAROL, 1), selection=coarse))
    [told] = to_json(outcome.document)["findings"]
    assert (told["state"], told["why"]) == (
        "resolved",
        "or less than 2.5 below maintenance by now",
    )


def test_an_accepted_finding_is_told_apart_and_does_not_count(
    a: Path, later: Callable[..., Path]
) -> None:
    b = later((CAROL, -1))
    [(_, finding)] = open_findings(b, named=None, today=TODAY)
    accept(b, [finding.fingerprint], Terms("known", "me"), file=None, today=TODAY)
    outcome = run(a, b)
    assert (counted(outcome), outcome.exit_code) == ({"accepted": 1}, ExitCode.CLEAN)
    [told] = to_json(outcome.document)["findings"]
    assert (told["state"], told["change"]) == ("accepted", "worse")
    assert "worse; accepted: known" in " ".join(render_diff(outcome.document, "table").split())


def test_a_deployment_that_only_one_side_has_is_said_and_hides_nothing(
    tmp_path: Path, a: Path, run_scan: RunScan, deployment_file: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text('name = "renamed"\n' + deployment_file.read_text())
    b = tmp_path / "b.duckdb"
    run_scan(db=b, deployments=(str(other),), verify="all")
    outcome = run(a, b)
    assert counted(outcome) == {"undecided": 2}
    assert to_json(outcome.document)["notes"] == [
        "deployment bank of chain 4242 is only in before",
        "deployment renamed of chain 4242 is only in after",
    ]
    assert [f["why"] for f in to_json(outcome.document)["findings"]] == [
        "before, renamed of chain 4242 was not scanned",
        "bank of chain 4242 was not scanned",
    ]
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ


def test_what_a_reader_has_to_know_first_is_said(a: Path, later: Callable[..., Path]) -> None:
    b = later()
    assert to_json(run(a, a).document)["notes"] == ["bank: both are the same scan, of block 20"]
    assert to_json(run(b, a).document)["notes"] == [
        "bank: the later snapshot is of the earlier block (20 after 24)"
    ]


def test_every_form_tells_the_same_findings(a: Path, later: Callable[..., Path]) -> None:
    outcome = run(a, later((CAROL, 90), (BOB, -5)))
    document = outcome.document
    assert json.loads(render_diff(document, "json")) == to_json(document)
    validate_document(to_json(document))
    rows = list(csv.DictReader(io.StringIO(render_diff(document, "csv"))))
    states = [(row["state"], row["account_id"]) for row in rows]
    assert states == [("new", BOB), ("resolved", CAROL)]
    table = render_diff(document, "table")
    assert "Findings     1 new, 1 resolved" in table.splitlines()
    assert "New: 1 finding" in table.splitlines()
    markdown = render_diff(document, "markdown")
    assert "### Resolved: 1 finding" in markdown
    log = json.loads(render_diff(document, "sarif"))
    found = [(r["baselineState"], r["properties"]["account_id"]) for r in log["runs"][0]["results"]]
    assert found == [("new", BOB), ("absent", CAROL)]
    with pytest.raises(ValueError, match="no such format: yaml"):
        render_diff(document, "yaml")


def test_the_sarif_of_a_difference_is_sarif(a: Path, later: Callable[..., Path]) -> None:
    validate(json.loads(render_diff(run(a, later((CAROL, -1))).document, "sarif")))


def test_the_same_two_snapshots_give_the_same_bytes(a: Path, later: Callable[..., Path]) -> None:
    b = later((CAROL, -1), (BOB, -5))
    for format_ in ("json", "sarif", "table"):
        assert render_diff(run(a, b).document, format_) == render_diff(run(a, b).document, format_)


def test_another_file_is_refused(a: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no snapshot at"):
        run(a, tmp_path / "no.duckdb")
    with pytest.raises(InputError, match="is no severity"):
        run(a, a, fail_on="awful")
