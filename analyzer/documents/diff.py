"""What `diff` says: two snapshots, deployment by deployment and finding by finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document, Run
from analyzer.documents.findings import Triage, WeighedFinding
from analyzer.documents.scan import Block, ScanPlace
from analyzer.findings.diff import Change
from analyzer.model.finding import Severity


@dataclass(frozen=True, slots=True)
class DiffRun(Run):
    """A run of `diff`. fail_on: the severity from which what is new or worse counts, or `never`."""

    fail_on: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two snapshots, by its file's name."""

    snapshot: str


@dataclass(frozen=True, slots=True)
class DeploymentFacts:
    """One side of a deployment in numbers. analyzer_version: of the scan. hidden_bad_debt_e18: 18
    decimals, null = unknown. checks: comparisons with the contract's own views."""

    scan_id: str
    block: Block
    methodology: str
    analyzer_version: str
    accounts: int
    verdicts: Mapping[str, int]
    answer: str
    caveats: tuple[str, ...]
    hidden_bad_debt_e18: Amount | None
    checks: int


@dataclass(frozen=True, slots=True)
class DeploymentChange:
    """A deployment of either side. in: `both`, `before` or `after`; the other side is null."""

    chain_id: int
    deployment: str
    in_: str
    before: DeploymentFacts | None
    after: DeploymentFacts | None


@dataclass(frozen=True, slots=True)
class SideScan(ScanPlace):
    """A scan as the findings refer to it, by side and scan id. side: `before` or `after`."""

    side: str


@dataclass(frozen=True, slots=True)
class ChangedFinding(WeighedFinding):
    """One finding as it is now (as it was, when it is gone: `side` says which), and what became of
    it. state: `accepted`, else the change. why: in words, empty where there is nothing to say.
    severity_before, amounts_before: null where it was not there."""

    state: str
    change: Change
    why: str
    side: str
    severity_before: Severity | None
    amounts_before: Mapping[str, Amount] | None


@dataclass(frozen=True, slots=True)
class DiffDocument(Document):
    """What `analyzer diff` says. notes: what a reader has to know before he believes a difference.
    counts: findings by state."""

    KIND: ClassVar[str] = "diff"
    SCHEMA: ClassVar[int] = 2

    run: DiffRun
    before: Side
    after: Side
    deployments: tuple[DeploymentChange, ...]
    notes: tuple[str, ...]
    counts: Mapping[str, int]
    triage: Triage
    scans: tuple[SideScan, ...]
    findings: tuple[ChangedFinding, ...]
