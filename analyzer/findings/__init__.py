"""Detectors, one class a file; fingerprints. Prints nothing."""

from __future__ import annotations

from analyzer.findings.registry import (
    ALL_DETECTORS,
    DETECTORS,
    RUN_DETECTORS,
    SCENARIO_DETECTORS,
    add_run_findings,
    detector_of,
    in_order,
    run_detectors,
    scenario_findings,
)

__all__ = [
    "ALL_DETECTORS",
    "DETECTORS",
    "RUN_DETECTORS",
    "SCENARIO_DETECTORS",
    "add_run_findings",
    "detector_of",
    "in_order",
    "run_detectors",
    "scenario_findings",
]
