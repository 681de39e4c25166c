"""What `backfill` says: which blocks of which deployment are in the history now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document, Run
from analyzer.documents.scan import DeploymentReadAgain


@dataclass(frozen=True, slots=True)
class BackfillRun(Run):
    """A run of `backfill`. history: the folder's name. read_again: deployments whose logs were read
    a second time, because numbers did not agree."""

    history: str
    executor: str
    verify: str
    read_again: tuple[DeploymentReadAgain, ...] = ()


@dataclass(frozen=True, slots=True)
class BackfillCounts:
    """Blocks of one deployment: written now, there before, older than the deployment, failed."""

    deployment: str
    written: int
    present: int
    before_deployment: int
    failed: int


@dataclass(frozen=True, slots=True)
class BackfillFailure:
    """A block that could not be scanned, and why."""

    deployment: str
    block: int
    problem: str


@dataclass(frozen=True, slots=True)
class BackfillDocument(Document):
    """What `analyzer backfill` says."""

    KIND: ClassVar[str] = "backfill"

    run: BackfillRun
    deployments: tuple[BackfillCounts, ...]
    failures: tuple[BackfillFailure, ...]
