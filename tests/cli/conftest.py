"""A scan in the place of the real one, for tests of what commands hand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from scan_results import clean_result, judged
from told import scan_of

from analyzer.documents.scan import ScanDocument
from analyzer.findings import run_detectors
from analyzer.model.errors import ExitCode


@dataclass
class Outcome:
    """What a run gives, made by hand."""

    document: ScanDocument
    exit_code: ExitCode = ExitCode.FINDINGS


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replaces the scan by one that keeps its options and finds one account under water."""
    import analyzer.runs.scanning.scan as module

    result = clean_result([judged(0, equity=60), judged(1)])
    result.findings = run_detectors(result)
    seen: list[Any] = []

    def fake(options: object, progress: Any) -> Outcome:
        seen.append(options)
        progress("read the logs", 1, 2)
        return Outcome(scan_of([result]))

    monkeypatch.setattr(module, "scan", fake)
    return seen
