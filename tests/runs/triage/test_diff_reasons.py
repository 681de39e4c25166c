"""Why nothing can be said of a finding, and what a reader has to know: from summaries by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analyzer.documents.encode import to_json
from analyzer.findings.diff import Change
from analyzer.model.block import BlockRef
from analyzer.model.errors import ExitCode
from analyzer.model.finding import Finding, Severity
from analyzer.runs.snapshot.summaries import ScanSummary, Summaries
from analyzer.runs.triage import diff as module
from analyzer.runs.triage.diff import DiffOptions, DiffOutcome, diff, differences

VERDICTS = {"unknown": 0, "insolvent": 1, "liquidatable": 0, "below_initial": 0, "healthy": 2}
SCAN = ScanSummary(
    scan_id="aaaa",
    protocol="bank",
    deployment="local",
    chain_id=7,
    block=BlockRef(20, "0x20", "", 1_700_000_000),
    methodology="1",
    contracts={"registry": "0xA1"},
    accounts=3,
    verdicts=VERDICTS,
    hidden_bad_debt_e18=5,
    checks=9,
    analyzer_version="0.1.0",
    unknown=frozenset(),
    unread=frozenset(),
    scenarios=frozenset({"crash"}),
    compared=frozenset({"0x1"}),
    answer="insolvent",
    caveats=(),
)
LATER = replace(SCAN, scan_id="bbbb", block=BlockRef(24, "0x24", "", 1_700_000_100))


def finding(detector: str, scan: ScanSummary = SCAN, **changes: Any) -> Finding:
    """One finding of the scan, about account 0x1."""
    base = Finding(f"{detector}-1", detector, Severity.HIGH, scan.scan_id, "0x1", None, "title")
    return replace(base, **changes)


INSOLVENT = finding("insolvent-account", amounts={"shortfall_e18": 5})
DEBT = finding("hidden-bad-debt", account_id=None, amounts={"hidden_bad_debt_e18": 5})
DIVERGENCE = finding("contract-divergence")
CODE = finding("unknown-implementation", account_id=None, market="vault")
ACROSS = finding("insolvent-account", evidence={"deployments": "local, other"}, account_id=None)
STRESSED = finding("insolvent-account", evidence={"scenario": "crash"})


def why_gone(was: Finding, **now: Any) -> tuple[Change, str]:
    """What is said of a finding that the later scan, so changed, does not have."""
    after = Summaries("b", [replace(LATER, **now)], [])
    [found] = differences(Summaries("a", [SCAN], [was]), after)
    return found.change, found.why


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        (INSOLVENT, {"unknown": frozenset({"0x1"})}, "the account is unknown"),
        (INSOLVENT, {"unknown": frozenset({"0x2"})}, ""),
        (INSOLVENT, {"deployment": "renamed"}, "local of chain 7 was not scanned"),
        (INSOLVENT, {"chain_id": 8}, "local of chain 7 was not scanned"),
        (ACROSS, {}, "other of chain 7 was not scanned"),
        (STRESSED, {"scenarios": frozenset({"other"})}, "scenario crash was not run"),
        (STRESSED, {}, ""),
        (DIVERGENCE, {"compared": frozenset({"0x2"})}, "nothing was compared with the contract"),
        (DIVERGENCE, {}, ""),
        (DIVERGENCE, {"checks": 0}, ""),
        (replace(DIVERGENCE, account_id=None), {"checks": 0},
         "nothing was compared with the contract"),
        (replace(DIVERGENCE, account_id=None), {"checks": 1, "compared": frozenset()}, ""),
        (CODE, {"unread": frozenset({"vault"})}, "vault was not read"),
        (CODE, {"unread": frozenset({"registry"})}, ""),
        (DEBT, {"verdicts": {**VERDICTS, "unknown": 1}},
         "1 accounts are unknown, and are in no sum"),
        (DEBT, {}, ""),
        (INSOLVENT, {"verdicts": {**VERDICTS, "unknown": 1}}, ""),
    ],
)  # fmt: skip
def test_a_finding_that_is_gone_is_resolved_only_where_it_would_have_been_seen(
    was: Finding, now: dict[str, Any], why: str
) -> None:
    expected = (Change.UNDECIDED if why else Change.RESOLVED, why)
    assert why_gone(was, **now) == expected


def test_what_an_unproven_set_does_not_show_is_not_resolved() -> None:
    doubt = finding("incomplete-set", LATER, account_id=None, market="smaller")
    found = differences(Summaries("a", [SCAN], [INSOLVENT]), Summaries("b", [LATER], [doubt]))
    assert [(d.change, d.why) for d in found] == [
        (Change.NEW, ""),
        (Change.UNDECIDED, "the set of accounts is not proven whole"),
    ]


def test_a_detector_that_this_version_lacks_decides_nothing() -> None:
    change, why = why_gone(finding("of-another-version"))
    assert change is Change.UNDECIDED
    assert why.endswith(" has no detector of-another-version")


@pytest.fixture
def compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compares two summaries as if they had been read from files."""

    def run(before: Summaries, after: Summaries, **options: Any) -> DiffOutcome:
        sides = {"a.duckdb": before, "b.duckdb": after}
        monkeypatch.setattr(module, "read_summaries", lambda path: sides[path.name])
        paths = (tmp_path / "a.duckdb", tmp_path / "b.duckdb")
        return diff(DiffOptions(*paths, date(2026, 11, 22), **options))

    return run


@pytest.mark.parametrize(
    ("now", "notes"),
    [
        ({}, []),
        ({"methodology": "2"}, ["local: other rules (1 -> 2)"]),
        ({"contracts": {"registry": "0xA2"}}, ["local: the contracts are not the same"]),
        ({"analyzer_version": "0.2.0"},
         ["local: made by other versions of the program (0.1.0 -> 0.2.0)"]),
        ({"caveats": ("one", "two")}, ["local: after is not proven: one; two"]),
        ({"scan_id": "aaaa"}, ["local: both are the same scan, of block 24"]),
        ({"block": BlockRef(20, "0x99", "", 0)}, []),
        ({"block": BlockRef(19, "0x19", "", 0)},
         ["local: the later snapshot is of the earlier block (19 after 20)"]),
        ({"chain_id": 8},
         ["chain 7 is only in before", "deployment local of chain 7 is only in before",
          "chain 8 is only in after", "deployment local of chain 8 is only in after"]),
        ({"deployment": "new"},
         ["deployment local of chain 7 is only in before",
          "deployment new of chain 7 is only in after"]),
    ],
)  # fmt: skip
def test_what_makes_scans_differ_is_told(
    compared: Any, now: dict[str, Any], notes: list[str]
) -> None:
    after = Summaries("b", [replace(LATER, **now)], [])
    assert list(compared(Summaries("a", [SCAN], []), after).document.notes) == notes


def test_doubts_of_the_earlier_side_are_told_too(compared: Any) -> None:
    before = Summaries("a", [replace(SCAN, caveats=("one",))], [])
    notes = compared(before, Summaries("b", [LATER], [])).document.notes
    assert list(notes) == ["local: before is not proven: one"]


def test_the_document_says_of_which_side_each_finding_and_scan_is(compared: Any) -> None:
    new = finding("insolvent-account", LATER, fingerprint="new")
    outcome = compared(Summaries("a", [SCAN], [INSOLVENT]), Summaries("b", [LATER], [new]))
    said = to_json(outcome.document)
    assert [(f["fingerprint"], f["state"], f["side"]) for f in said["findings"]] == [
        ("new", "new", "after"),
        ("insolvent-account-1", "resolved", "before"),
    ]
    assert [(scan["scan_id"], scan["side"]) for scan in said["scans"]] == [
        ("aaaa", "before"),
        ("bbbb", "after"),
    ]
    assert (said["before"], said["after"]) == ({"snapshot": "a"}, {"snapshot": "b"})
    [place] = said["deployments"]
    assert (place["chain_id"], place["deployment"], place["in"]) == (7, "local", "both")
    assert (place["before"]["block"]["number"], place["after"]["block"]["number"]) == (20, 24)
    assert {state: n for state, n in said["counts"].items() if n} == {"new": 1, "resolved": 1}
    assert set(said["counts"]) == {
        *("new", "worse", "undecided", "better", "resolved", "same", "accepted")
    }


def test_a_deployment_of_one_side_alone_is_listed_too(compared: Any) -> None:
    other = replace(LATER, deployment="another", chain_id=6)
    outcome = compared(Summaries("a", [SCAN], []), Summaries("b", [LATER, other], []))
    places = to_json(outcome.document)["deployments"]
    assert [(p["chain_id"], p["deployment"], p["in"]) for p in places] == [
        (6, "another", "after"),
        (7, "local", "both"),
    ]
    assert (places[0]["before"], places[0]["after"]["scan_id"]) == (None, "bbbb")
    back = compared(Summaries("b", [LATER, other], []), Summaries("a", [SCAN], []))
    first = to_json(back.document)["deployments"][0]
    assert (first["in"], first["after"]) == ("before", None)


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        (Severity.HIGH, "high", ExitCode.FINDINGS),
        (Severity.MEDIUM, "high", ExitCode.CLEAN),
        (Severity.CRITICAL, "high", ExitCode.FINDINGS),
        (Severity.CRITICAL, "never", ExitCode.CLEAN),
    ],
)
def test_the_exit_code_is_about_what_is_as_severe_as_asked(
    compared: Any, severity: Severity, fail_on: str, code: ExitCode
) -> None:
    new = finding("insolvent-account", LATER, severity=severity)
    outcome = compared(Summaries("a", [SCAN], []), Summaries("b", [LATER], [new]), fail_on=fail_on)
    assert outcome.exit_code is code
