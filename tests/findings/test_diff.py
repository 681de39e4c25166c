from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.findings.diff import Change, compare
from analyzer.model.finding import Finding, Severity


def finding(name: str, severity: Severity = Severity.CRITICAL, shortfall: int = 5) -> Finding:
    amounts = {"shortfall_e18": shortfall}
    return Finding(name, "insolvent-account", severity, "s", name, None, "Account", amounts)


def changes(before: list[Finding], after: list[Finding]) -> dict[str, str]:
    return {d.finding.fingerprint: d.change.value for d in compare(before, after)}


def test_every_finding_of_either_side_is_told_once() -> None:
    before = [finding("same"), finding("gone"), finding("less"), finding("more")]
    after = [
        finding("same"),
        finding("new"),
        finding("less", shortfall=4),
        finding("more", shortfall=6),
    ]
    assert changes(before, after) == {
        "new": "new",
        "more": "worse",
        "less": "better",
        "gone": "resolved",
        "same": "same",
    }


def test_severity_weighs_more_than_any_amount() -> None:
    before = [finding("a", Severity.HIGH, 100)]
    [difference] = compare(before, [finding("a", Severity.CRITICAL, 1)])
    assert (difference.change, difference.why) == (Change.WORSE, "high -> critical")
    [difference] = compare([finding("a", Severity.CRITICAL, 1)], before)
    assert (difference.change, difference.why) == (Change.BETTER, "critical -> high")


def test_the_exact_amounts_are_told() -> None:
    [difference] = compare([finding("a", shortfall=10**30)], [finding("a", shortfall=10**30 + 1)])
    assert difference.why == f"shortfall_e18 {10**30} -> {10**30 + 1}"


def test_amounts_that_measure_nothing_change_nothing() -> None:
    before = finding("a")
    after = replace(before, amounts={**before.amounts, "equity_e18": -9}, title="Other words")
    assert changes([before], [after]) == {"a": "same"}


def test_what_the_later_side_cannot_see_is_not_resolved() -> None:
    [difference] = compare([finding("a")], [], blind_after=lambda f: f"{f.account_id} is unknown")
    assert (difference.change, difference.why) == (Change.UNDECIDED, "a is unknown")


def test_less_of_it_is_not_better_where_the_later_side_did_not_see_all() -> None:
    before, after = [finding("a", shortfall=9)], [finding("a", shortfall=2)]
    [difference] = compare(before, after, blind_after=lambda _: "1 account is unknown")
    assert difference.change is Change.UNDECIDED
    assert difference.why == "shortfall_e18 9 -> 2, but 1 account is unknown"


def test_more_of_it_is_worse_however_little_the_later_side_saw() -> None:
    before, after = [finding("a", shortfall=2)], [finding("a", shortfall=9)]
    [difference] = compare(before, after, blind_after=lambda _: "1 account is unknown")
    assert difference.change is Change.WORSE


FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from("abcdef"),
        st.sampled_from(list(Severity)),
        st.integers(0, 3),
    ),
    unique_by=lambda f: f.fingerprint,
)
OPPOSITE = {
    "new": "resolved", "resolved": "new", "worse": "better", "better": "worse", "same": "same",
}  # fmt: skip


@given(FINDINGS, FINDINGS)
def test_the_other_way_round_every_change_is_the_opposite(
    before: list[Finding], after: list[Finding]
) -> None:
    there, back = changes(before, after), changes(after, before)
    assert back == {name: OPPOSITE[change] for name, change in there.items()}
    assert set(there) == {f.fingerprint for f in (*before, *after)}


@given(FINDINGS)
def test_nothing_changes_between_a_scan_and_itself(findings: list[Finding]) -> None:
    assert set(changes(findings, findings).values()) <= {"same"}


@pytest.mark.parametrize("name", ["", "of-another-version"])
def test_findings_of_unknown_detectors_are_compared_by_severity(name: str) -> None:
    before = replace(finding("a", shortfall=1), detector=name)
    assert changes([before], [replace(before, amounts={"shortfall_e18": 9})]) == {"a": "same"}


def test_what_nobody_looked_for_before_is_undecided_and_not_new() -> None:
    late = finding("x")
    [difference] = compare([], [late], not_looked=lambda _: "scenario s was not run")
    assert (difference.change, difference.before, difference.after) == (
        Change.UNDECIDED, None, late,
    )  # fmt: skip
    assert difference.why == "before, scenario s was not run"
    [difference] = compare([], [late], blind_before=lambda _: "the account is unknown")
    assert difference.change is Change.NEW
