"""The finding of a correlation that changed: one a pair, the same whatever the date."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from scan_results import BLOCK

from analyzer.findings.registry import detector_of, profile_findings
from analyzer.findings.risk_detector import Changed, Profiled
from analyzer.model.deployment import Deployment
from analyzer.model.finding import Severity

EARLY = Changed("ETH", "BTC", datetime(2024, 3, 1, tzinfo=UTC), 0.9, 0.5, 1e-5)
LATE = Changed("BTC", "ETH", datetime(2025, 3, 1, tzinfo=UTC), 0.5, -0.2, 1e-9)
OTHER = Changed("BTC", "OP", datetime(2024, 6, 1, tzinfo=UTC), 0.1, 0.8, 1e-4)


def profiled(*changes: Changed) -> Profiled:
    return Profiled("scan", Deployment("d", "bank", 1, 1, {}), BLOCK, "prices.csv", changes)


def test_a_pair_has_one_finding_with_its_latest_levels_and_date() -> None:
    found = profile_findings(profiled(EARLY, OTHER, LATE))
    assert [one.market for one in found] == ["BTC / ETH", "BTC / OP"]
    evidence = found[0].evidence
    assert (evidence["since"], evidence["before"], evidence["after"]) == (
        "2025-03-01", "+0.500", "-0.200",
    )  # fmt: skip
    assert evidence["earlier changes"] == "2024-03-01 +0.900 -> +0.500"
    assert "earlier changes" not in found[1].evidence
    assert {one.severity for one in found} == {Severity.LOW}


def test_its_identity_has_no_date_and_no_level() -> None:
    [first] = profile_findings(profiled(LATE))
    [second] = profile_findings(profiled(replace(LATE, at=EARLY.at, after=0.9)))
    assert first.fingerprint == second.fingerprint
    assert profile_findings(profiled(OTHER))[0].fingerprint != first.fingerprint


def test_nothing_that_changed_is_no_finding_and_the_kind_is_listed() -> None:
    assert profile_findings(profiled()) == []
    assert detector_of("correlation-changed") is not None
