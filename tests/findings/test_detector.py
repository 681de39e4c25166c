from __future__ import annotations

import pytest

from analyzer.findings import ALL_DETECTORS
from analyzer.findings.detector import Detector
from analyzer.findings.run_detector import RunDetector
from analyzer.model.finding import Severity

COMPLETE = {
    "id": "a-thing",
    "title": "A thing",
    "severity": Severity.LOW,
    "proves": "that",
    "does_not_prove": "this",
    "remedy": "do",
}


@pytest.mark.parametrize("kind", [Detector, RunDetector])
@pytest.mark.parametrize("name", COMPLETE)
def test_a_detector_without_one_of_its_texts_cannot_be_defined(name: str, kind: type) -> None:
    attributes = {key: value for key, value in COMPLETE.items() if key != name}
    with pytest.raises(TypeError, match=name):
        type("Incomplete", (kind,), attributes)


@pytest.mark.parametrize("name", ["title", "proves", "does_not_prove", "remedy"])
def test_a_detector_with_an_empty_text_cannot_be_defined(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        type("Empty", (Detector,), {**COMPLETE, name: "  "})


@pytest.mark.parametrize("bad", ["", "Upper-Case", "with space", "trailing-", "snake_case"])
def test_the_id_of_a_detector_is_kebab_case(bad: str) -> None:
    with pytest.raises(TypeError, match="kebab-case"):
        type("Named", (Detector,), {**COMPLETE, "id": bad})


def test_every_detector_of_the_plan_is_registered_once() -> None:
    assert sorted(detector.id for detector in ALL_DETECTORS) == [
        "adl-due",
        "bad-oracle",
        "cascade-amplification",
        "contagion-path",
        "contract-divergence",
        "control-total-off",
        "correlation-changed",
        "cover-shortfall",
        "forced-sales-exceed-depth",
        "fund-exhausted",
        "hidden-bad-debt",
        "implausible-run",
        "incomplete-set",
        "insolvent-account",
        "insurance-fund-shortfall",
        "liquidation-blocked",
        "owner-short-together",
        "pnl-capped",
        "uncovered-deficit",
        "undercollateralized-account",
        "unknown-account",
        "unknown-implementation",
        "unknown-price-age",
        "unprofitable-liquidation",
        "unproven-rules",
        "view-lags-fees",
        "withdrawals-at-risk",
    ]
