"""What `--dry-run` says: what a run would cost, by a sample of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class Sample:
    """What was asked to estimate. blocks: of how many the logs were read. requests: what it cost,
    by kind as of a deployment; seconds: how long it took."""

    seed: int
    ranges: int
    blocks: int
    logs: int
    log_requests: int
    header_requests: int
    exchanges: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EstimatedDeployment:
    """What indexing a deployment would cost from where its index ends. logs: the estimate, and
    logs_error its standard error (0 = every block was in the sample). log_requests: eth_getLogs;
    headers: eth_getBlockByNumber; exchanges: HTTP posts that carry both. minutes_low: by the time
    of a post; minutes_high: by the time of a request."""

    deployment: str
    protocol: str
    chain_id: int
    first_block: int
    last_block: int
    blocks: int
    logs: int
    logs_error: int
    blocks_with_logs: int
    log_requests: int
    headers: int
    exchanges: int
    minutes_low: float
    minutes_high: float


@dataclass(frozen=True, slots=True)
class EstimateDocument(Document):
    """What `scan`, `index` or `backfill` would cost. command: which. scans: how many blocks would
    be rebuilt and judged. notes: what is not in the numbers."""

    KIND: ClassVar[str] = "estimate"

    command: str
    scans: int
    sample: Sample
    deployments: tuple[EstimatedDeployment, ...]
    notes: tuple[str, ...]
