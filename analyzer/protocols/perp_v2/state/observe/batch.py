"""Perp V2's reads: the plug's batch, with the ABI files of this protocol."""

from __future__ import annotations

from analyzer.protocols.kit.batch import Batch as AnyBatch
from analyzer.protocols.kit.batch import Replies, Ticket

__all__ = ["Batch", "Replies", "Ticket"]


class Batch(AnyBatch):
    """A batch of reads of Perp V2's contracts."""

    def __init__(self) -> None:
        super().__init__("perp_v2")
