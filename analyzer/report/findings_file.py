"""The findings alone, as bytes that are the same wherever they are found again.

Nothing of the run is in it: no time, no file name, no acceptance. A recording carries it, and a
scan of the recording elsewhere gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.encode import to_json
from analyzer.documents.findings import WeighedFinding
from analyzer.documents.scan import Scan
from analyzer.report.render_json import json_text

SCHEMA = 1
"""Version of this form. Within a version keys are added, never renamed or removed."""
_SCAN = ("scan_id", "protocol", "deployment", "chain_id", "block", "methodology", "accounts",
         "verdicts")  # fmt: skip
_FINDING = ("fingerprint", "detector", "severity", "scan_id", "account_id", "market", "title",
            "amounts", "evidence", "cause")  # fmt: skip


def findings_text(scans: Sequence[Scan], findings: Sequence[WeighedFinding]) -> str:
    """The scans and findings as JSON."""
    return json_text(
        {
            "schema": SCHEMA,
            "scans": [{name: scan[name] for name in _SCAN} for scan in map(to_json, scans)],
            "findings": [
                {name: finding[name] for name in _FINDING} for finding in map(to_json, findings)
            ],
        }
    )
