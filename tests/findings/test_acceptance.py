from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from scan_results import clean_result, judged

from analyzer.findings import run_detectors
from analyzer.findings.acceptance import Acceptance, measure, weigh
from analyzer.model.finding import Finding, Severity
from analyzer.model.integers import WAD

TODAY = date(2026, 11, 22)
SCANNED = [(31_337, "local")]


@pytest.fixture
def finding() -> Finding:
    """An account that is short of 700."""
    findings = run_detectors(clean_result([judged(0, equity=-700)]))
    return next(f for f in findings if f.detector == "insolvent-account")


def acceptance(finding: Finding, **changes: object) -> Acceptance:
    base = Acceptance(
        finding.fingerprint, "wound down", "me", TODAY, chain_id=31_337, deployment="local"
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_an_accepted_finding_is_told_by_its_fingerprint_alone(finding: Finding) -> None:
    given = acceptance(finding)
    later = replace(finding, scan_id="another", title="other words", amounts={}, evidence={})
    weighed = weigh([given], [later], today=TODAY, scanned=SCANNED)
    assert (weighed.accepted, weighed.lapsed, weighed.unmatched) == (
        {finding.fingerprint: given},
        (),
        (),
    )


@pytest.mark.parametrize(
    ("expires", "holds"),
    [(date(2026, 11, 21), False), (date(2026, 11, 22), True), (date(2026, 11, 23), True)],
)
def test_an_acceptance_holds_through_its_last_day(
    finding: Finding, expires: date, holds: bool
) -> None:
    given = acceptance(finding, expires=expires)
    weighed = weigh([given], [finding], today=TODAY, scanned=SCANNED)
    assert (finding.fingerprint in weighed.accepted) is holds
    assert [lapsed.why for lapsed in weighed.lapsed] == ([] if holds else ["expired on 2026-11-21"])


@pytest.mark.parametrize(
    ("now", "accepted", "holds"),
    [
        (Severity.HIGH, Severity.CRITICAL, True),
        (Severity.HIGH, Severity.HIGH, True),
        (Severity.CRITICAL, Severity.HIGH, False),
    ],
)
def test_an_acceptance_does_not_cover_what_became_more_severe(
    finding: Finding, now: Severity, accepted: Severity, holds: bool
) -> None:
    given = acceptance(finding, severity=accepted)
    weighed = weigh([given], [replace(finding, severity=now)], today=TODAY, scanned=SCANNED)
    assert (finding.fingerprint in weighed.accepted) is holds
    if not holds:
        assert weighed.lapsed[0].why == "is critical now, was accepted as high"


@pytest.mark.parametrize(("limit", "holds"), [(699, False), (700, True), (701, True)])
def test_an_acceptance_does_not_cover_what_became_larger(
    finding: Finding, limit: int, holds: bool
) -> None:
    given = acceptance(finding, up_to={"shortfall_e18": limit * WAD})
    weighed = weigh([given], [finding], today=TODAY, scanned=SCANNED)
    assert (finding.fingerprint in weighed.accepted) is holds
    if not holds:
        said = f"shortfall_e18 is {700 * WAD} now, was accepted up to {699 * WAD}"
        assert weighed.lapsed[0].why == said


@pytest.mark.parametrize(
    ("chain_id", "deployment", "said"),
    [
        (31_337, "local", True),
        (None, "", True),
        (31_337, "elsewhere", False),
        (1, "local", False),
        (31_337, "local+elsewhere", False),
    ],
)
def test_an_acceptance_that_matches_nothing_is_said_where_it_could_have_matched(
    finding: Finding, chain_id: int | None, deployment: str, said: bool
) -> None:
    given = acceptance(finding, chain_id=chain_id, deployment=deployment)
    weighed = weigh([given], [], today=TODAY, scanned=SCANNED)
    assert (list(weighed.unmatched) == [given]) is said
    assert not weighed.accepted


def test_a_finding_across_deployments_is_missed_only_when_all_of_them_were_scanned(
    finding: Finding,
) -> None:
    given = acceptance(finding, deployment="local+other")
    both = [*SCANNED, (31_337, "other")]
    assert list(weigh([given], [], today=TODAY, scanned=both).unmatched) == [given]


@pytest.mark.parametrize(("ran", "said"), [((), False), (("crash",), True), (("other",), False)])
def test_a_finding_under_a_scenario_is_missed_only_where_the_scenario_was_run(
    finding: Finding, ran: tuple[str, ...], said: bool
) -> None:
    given = acceptance(finding, scenario="crash")
    weighed = weigh([given], [], today=TODAY, scanned=SCANNED, scenarios=ran)
    assert (list(weighed.unmatched) == [given]) is said


def test_the_size_of_a_finding_is_its_detectors_measure(finding: Finding) -> None:
    assert measure(finding) == {"shortfall_e18": 700 * WAD}
    assert measure(replace(finding, detector="of-another-version")) == {}
