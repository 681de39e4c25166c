"""The findings by detector, each with what it proves, what it does not, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from analyzer.documents.findings import FindingEntry
from analyzer.findings import ALL_DETECTORS
from analyzer.findings.detector import Described
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fact,
    Facts,
    Fold,
    Prose,
    Row,
    Section,
    columns,
    count,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.links import link_of
from analyzer.report.money import amount

PER_DETECTOR = 25
"""How many findings of one detector a report lists."""
_SEVERITIES = ("critical", "high", "medium", "low", "info")
_DESCRIBED: Mapping[str, type[Described]] = {detector.id: detector for detector in ALL_DETECTORS}


def findings(material: Material) -> Section:
    """A summary by detector, then one fold a detector with its texts and findings."""
    found = material.document.findings
    if not found:
        blocks: tuple[Block, ...] = (Prose("No detector found anything.", "good"),)
        return Section("findings", "Findings", "Findings", blocks)
    groups: dict[str, list[FindingEntry]] = {}
    for finding in sorted(found, key=lambda f: _SEVERITIES.index(f.severity.label)):
        groups.setdefault(finding.detector, []).append(finding)
    counted = Counter(finding.severity.label for finding in found)
    shares = ", ".join(f"{counted[s]:,} {s}" for s in _SEVERITIES if counted[s])
    summary = DataTable(
        "findings-table",
        f"{count(len(found), 'finding')}: {shares}",
        columns("severity|detector|what is wrong|findings", "findings"),
        tuple(_summary(detector, group) for detector, group in groups.items()),
    )
    folds = [_fold(material, detector, group) for detector, group in groups.items()]
    return Section("findings", "Findings", "Findings", (summary, *folds))


def _summary(detector: str, group: list[FindingEntry]) -> Row:
    """One detector's line."""
    severity = group[0].severity.label
    return row(
        Cell(severity, tone=severity),
        Cell(detector, target=f"f-{detector}"),
        _title(detector, group),
        len(group),
    )


def _title(detector: str, group: list[FindingEntry]) -> str:
    """What the detector says is wrong; a finding's own title where the detector is not known."""
    known = _DESCRIBED.get(detector)
    return known.title if known else group[0].title


def _fold(material: Material, detector: str, group: list[FindingEntry]) -> Fold:
    """One detector: its texts, and its findings with the largest amounts first."""
    blocks: list[Block] = []
    known = _DESCRIBED.get(detector)
    if known:
        texts = (
            Fact("Proves", known.proves),
            Fact("Does not prove", known.does_not_prove),
            Fact("What to do", known.remedy),
        )
        blocks.append(Facts(texts))
    largest = sorted(group, key=lambda finding: -_size(finding))[:PER_DETECTOR]
    names = "severity|about|what|amounts|fingerprint"
    if material.several:
        names += "|deployment"
    left = len(group) - len(largest)
    note = ""
    if left:
        note = f"{left:,} more, with smaller amounts, are in the table findings of the snapshot."
    rows = tuple(_row(material, finding) for finding in largest)
    blocks.append(
        DataTable(f"f-{detector}-table", f"{len(largest):,} of {count(len(group), 'finding')}",
                  columns(names, "", "about|fingerprint"), rows, note)
    )  # fmt: skip
    title = f"{detector} · {_title(detector, group)} · {len(group):,}"
    return Fold(f"f-{detector}", title, tuple(blocks), group[0].severity.label)


def _row(material: Material, finding: FindingEntry) -> Row:
    """One finding."""
    severity = finding.severity.label
    scans = {scan.scan_id: scan for scan in material.document.scans}
    who = finding.account_id or ""
    cells = [
        Cell(severity, tone=severity),
        Cell(
            who or finding.market or "deployment",
            link=link_of(scans[finding.scan_id].explorer, who),
        ),
        Cell(finding.title),
        Cell("; ".join(amount(name, value) for name, value in finding.amounts.items())),
        Cell(finding.fingerprint),
    ]
    if material.several:
        cells.append(Cell(scans[finding.scan_id].deployment))
    return Row(tuple(cells))


def _size(finding: FindingEntry) -> int:
    """A finding's first amount that is no count; 0 when it has none."""
    for name, value in finding.amounts.items():
        if not name.endswith("_count"):
            return abs(value)
    return 0
