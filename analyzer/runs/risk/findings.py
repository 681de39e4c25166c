"""What a profile makes a finding of: correlations that changed."""

from __future__ import annotations

from analyzer.documents.findings import FindingEntry
from analyzer.documents.risk import RiskDocument
from analyzer.findings.registry import RISK_DETECTORS, profile_findings
from analyzer.findings.risk_detector import Changed, Profiled
from analyzer.model.finding import Finding
from analyzer.runs.risk.inputs import Opened
from analyzer.runs.risk.rows import history_name
from analyzer.runs.telling.findings import finding_entry
from analyzer.store.extend import Remove
from analyzer.store.rows import Row
from analyzer.store.schema import literal
from analyzer.store.tables import findings


def profile_findings_of(opened: Opened, document: RiskDocument) -> tuple[FindingEntry, ...]:
    """The findings of a protocol's profile; accounts and owners have none of their own."""
    return tuple(map(finding_entry, _found(opened, document)))


def finding_rows(opened: Opened, document: RiskDocument) -> tuple[list[Row], list[Remove]]:
    """Rows of `findings`, and what goes before they come: what a profile found there before."""
    found = _found(opened, document)
    detectors = ", ".join(literal(detector.id) for detector in RISK_DETECTORS)
    gone = [
        Remove("findings", f"scan_id = ? AND detector IN ({detectors})", (scan.scan_id,))
        for scan in opened.scans
        if scan.deployment.name == opened.name
    ]
    return [findings.to_row(finding) for finding in found], gone


def _found(opened: Opened, document: RiskDocument) -> list[Finding]:
    """The findings of the deployment that is profiled."""
    if document.run.subject != "protocol":
        return []
    scan = next(one for one in opened.scans if one.deployment.name == opened.name)
    changes = [
        Changed(one.first, one.second, one.at, one.before, one.after, one.p_value)
        for one in document.correlation_changes
    ]
    return profile_findings(
        Profiled(scan.scan_id, scan.deployment, scan.block, history_name(document), changes)
    )
