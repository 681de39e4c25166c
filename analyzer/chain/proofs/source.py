"""What proofs are made of, whether a live node or a recording gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from analyzer.model.block import BlockRef
from analyzer.model.reads import NotRead

Receipts: TypeAlias = Sequence[Mapping[str, Any]]
"""One block's receipts as eth_getBlockReceipts has them."""


@dataclass(frozen=True, slots=True)
class WantedWords:
    """Storage words of one contract to prove, by slot; none = the account alone (its code)."""

    address: str
    slots: tuple[int, ...]


@runtime_checkable
class ProofSource(Protocol):
    """A chain that can prove. What it gives is not believed: it is held against headers."""

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The headers of these blocks with all their fields, as far as they are there; a field
        that is missing shows when the hash is computed. Raises: UnreadError, NotRecordedError."""
        ...

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Receipts | NotRead]:
        """All receipts of each block, in order."""
        ...

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        """For each contract the trie nodes that lead from the block's state root to its words."""
        ...
