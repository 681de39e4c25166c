"""Detectors, one class a file; fingerprints. Prints nothing."""

from __future__ import annotations

from analyzer.findings.registry import DETECTORS, run_detectors

__all__ = ["DETECTORS", "run_detectors"]
