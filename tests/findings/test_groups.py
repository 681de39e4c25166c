from __future__ import annotations

from scan_results import clean_result, judged, unknown

from analyzer.findings import run_detectors
from analyzer.findings.groups import SMALLEST, cause_of, grouped


def test_findings_of_one_cause_are_a_group_and_others_are_not() -> None:
    result = clean_result([judged(0, equity=-5), *(unknown(n) for n in range(1, SMALLEST + 1))])
    findings = run_detectors(result)
    [group] = grouped(findings)
    assert (group.detector, group.severity.label) == ("unknown-account", "medium")
    assert [f.account_id for f in group.findings] == [
        f.account_id for f in findings if f.detector == "unknown-account"
    ]
    assert group.cause == cause_of(group.findings[0])
    assert group.title == "Account could not be judged"


def test_fewer_than_the_smallest_group_are_told_one_by_one() -> None:
    result = clean_result([unknown(n) for n in range(SMALLEST - 1)])
    assert grouped(run_detectors(result)) == []


def test_a_finding_whose_detector_names_no_cause_has_none() -> None:
    result = clean_result([judged(0, equity=-5)])
    causes = {f.detector: cause_of(f) for f in run_detectors(result)}
    assert causes["insolvent-account"] is None
