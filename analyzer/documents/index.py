"""What `index` says: which logs of which deployment are indexed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document
from analyzer.documents.scan import ReadAgain


@dataclass(frozen=True, slots=True)
class Indexed:
    """One deployment's logs, from its first block to the head of the index. new_logs,
    rolled_back_blocks: of this run. headers: those that were read (of finalized blocks with logs a
    sample); headers_linked: how many of them hang together. doubts: why logs may be missing, in
    words. read_again: null where nothing was read a second time."""

    deployment: str
    protocol: str
    chain_id: int
    from_block: int
    head_block: int
    head_hash: str
    logs: int
    blocks_with_logs: int
    new_logs: int
    rolled_back_blocks: int
    headers: int
    headers_linked: int
    doubts: tuple[str, ...]
    read_again: ReadAgain | None


@dataclass(frozen=True, slots=True)
class IndexDocument(Document):
    """What `analyzer index` says."""

    KIND: ClassVar[str] = "index"

    deployments: tuple[Indexed, ...]
