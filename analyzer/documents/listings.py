"""What the commands say that list what there is: queries, deployments, detectors, documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document
from analyzer.model.finding import Severity


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A stored query and the question that it answers."""

    name: str
    group: str
    question: str


@dataclass(frozen=True, slots=True)
class QueriesDocument(Document):
    """What `analyzer query list` says."""

    KIND: ClassVar[str] = "queries"

    queries: tuple[StoredQuery, ...]


@dataclass(frozen=True, slots=True)
class ShippedDeployment:
    """A deployment that may be named without a file. source: where its addresses come from.
    aliases: other names of it."""

    name: str
    protocol: str
    chain_id: int
    from_block: int
    contracts: Mapping[str, str]
    source: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeploymentsDocument(Document):
    """What `analyzer deployments` says."""

    KIND: ClassVar[str] = "deployments"

    deployments: tuple[ShippedDeployment, ...]


@dataclass(frozen=True, slots=True)
class DetectorEntry:
    """Everything that a detector states. sees: `scan`, `run` or `scenario`. market_is: what a
    finding's market names. measures: amounts by which two runs are compared, the first one first.
    needs_comparison: whether it needs --verify."""

    id: str
    title: str
    severity: Severity
    sees: str
    proves: str
    does_not_prove: str
    remedy: str
    market_is: str
    measures: tuple[str, ...]
    needs_comparison: bool


@dataclass(frozen=True, slots=True)
class DetectorsDocument(Document):
    """What `analyzer detectors list` says, and `show` of one of them."""

    KIND: ClassVar[str] = "detectors"

    detectors: tuple[DetectorEntry, ...]


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document, the version of its schema, and what it is."""

    kind: str
    schema: int
    says: str


@dataclass(frozen=True, slots=True)
class DocumentsDocument(Document):
    """What `analyzer documents` says: every kind of document that a command writes."""

    KIND: ClassVar[str] = "documents"

    documents: tuple[DocumentKind, ...]
