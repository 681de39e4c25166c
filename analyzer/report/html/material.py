"""What a report is made from: everything is read before, nothing is asked while it is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from analyzer.documents.over_time import Series, Since
from analyzer.documents.report import ReportedScan
from analyzer.documents.scan import JudgedDocument
from analyzer.model.rows import StatementLine
from analyzer.report.html.decided import Decided
from analyzer.report.html.profiled import Profiled
from analyzer.report.html.selection import Listing
from analyzer.report.html.stressed import Stressed
from analyzer.report.links import link_of


@dataclass(frozen=True, slots=True)
class Material:
    """One snapshot. document: what is said of its scans; scans: their rows, in the same order.
    statements: (number of the scan, account) -> its lines, for the accounts of the listing that
    have one. series: the scans of a history, by deployment; empty = none was asked. since: what
    changed since the scan before, by deployment; None = none was asked."""

    document: JudgedDocument
    scans: Sequence[ReportedScan]
    listing: Listing
    statements: Mapping[tuple[int, str], Sequence[StatementLine]] = field(default_factory=dict)
    stressed: Stressed = field(default_factory=Stressed)
    profiled: Profiled = field(default_factory=Profiled)
    decided: Decided = field(default_factory=Decided)
    series: Sequence[Series] = ()
    since: Sequence[Since] | None = None

    @property
    def several(self) -> bool:
        """Whether there is more than one deployment, so that each thing has to say whose it is."""
        return len(self.scans) > 1

    def name(self, scan: int) -> str:
        """The deployment's name."""
        return self.scans[scan].deployment


def place_of(material: Material, scan: int, text: str) -> str:
    """Where an address on the scan's chain can be looked up; empty for anything else."""
    return link_of(material.document.scans[scan].explorer, text)


def when(unix_seconds: int) -> str:
    """A block's time for people."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def of_deployment(material: Material, scan: int) -> str:
    """` of NAME` where there is more than one deployment, else nothing."""
    return f" of {material.name(scan)}" if material.several else ""
