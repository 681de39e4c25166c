"""Receipts and proofs as a recording keeps them.

receipts.jsonl[.gz]   {"block": n, "receipts": [..]}     eth_getBlockReceipts, what a root holds
proofs.jsonl[.gz]     {"block": n, "address", "slots": [..], "nodes": [..]}     hex, each once
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.chain.proofs.source import Receipts, WantedWords
from analyzer.chain.recording import RecordingFiles
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError
from analyzer.model.reads import NotRead

Row = dict[str, object]
RECEIPTS, PROOFS = "receipts", "proofs"
_IN_NO_ROOT = frozenset(
    {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex", "logIndex", "removed",
     "from", "to", "contractAddress", "gasUsed", "effectiveGasPrice", "blobGasPrice", "blobGasUsed"}
)  # fmt: skip
"""Fields of a receipt and of its logs that no receipts root holds and no proof asks for: a third
of what receipts take when packed."""


class KeptProofs:
    """What was given for proofs, by block; filled while a run is recorded, or from a recording."""

    def __init__(self) -> None:
        self._receipts: dict[int, Receipts] = {}
        self._slots: dict[tuple[int, str], dict[int, None]] = {}
        self._nodes: dict[tuple[int, str], dict[bytes, None]] = {}

    def keep_receipts(self, block: BlockRef, receipts: Receipts | NotRead) -> None:
        """Keeps the receipts of a block; what was not read is no answer."""
        if not isinstance(receipts, NotRead):
            self._receipts[block.number] = receipts

    def keep_nodes(
        self, block: BlockRef, wanted: WantedWords, nodes: Sequence[bytes] | NotRead
    ) -> None:
        """Keeps the nodes of one contract's proofs."""
        if not isinstance(nodes, NotRead):
            key = (block.number, wanted.address.lower())
            self._slots.setdefault(key, {}).update(dict.fromkeys(wanted.slots))
            self._nodes.setdefault(key, {}).update(dict.fromkeys(nodes))

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Receipts | NotRead]:
        """The receipts of each block, as far as they were kept."""
        return [
            self._receipts.get(
                block.number, NotRead(f"{_NOT_PROVABLE}: the receipts of block {block.number}")
            )
            for block in blocks
        ]

    def blocks(self) -> list[int]:
        """The blocks whose receipts were kept, in order."""
        return sorted(self._receipts)

    def words(self) -> dict[int, list[WantedWords]]:
        """The words of which proofs were kept, by block and contract."""
        out: dict[int, list[WantedWords]] = {}
        for (number, address), slots in sorted(self._slots.items()):
            out.setdefault(number, []).append(WantedWords(address, tuple(slots)))
        return out

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        """The nodes of each contract's proofs, where all of its words were proved then."""
        return [self._of(block, want) for want in wanted]

    def rows(self) -> dict[str, list[Row]]:
        """The rows of both files, sorted."""
        return {
            RECEIPTS: [
                {"block": number, "receipts": [_kept(r) for r in self._receipts[number]]}
                for number in sorted(self._receipts)
            ],
            PROOFS: [
                {
                    "block": key[0],
                    "address": key[1],
                    "slots": [f"0x{slot:064x}" for slot in sorted(self._slots[key])],
                    "nodes": ["0x" + node.hex() for node in self._nodes[key]],
                }
                for key in sorted(self._nodes)
            ],
        }

    def _of(self, block: BlockRef, want: WantedWords) -> Sequence[bytes] | NotRead:
        key = (block.number, want.address.lower())
        lacking = [slot for slot in want.slots if slot not in self._slots.get(key, {})]
        if key not in self._nodes or lacking:
            what = f"slot 0x{lacking[0]:x} of {want.address}" if lacking else want.address
            return NotRead(f"{_NOT_PROVABLE}: the proof of {what} at block {block.number}")
        return list(self._nodes[key])


def _kept(receipt: Mapping[str, Any]) -> Row:
    """A receipt without what no root holds. A log is its receipt's: it names no transaction."""
    row = {name: value for name, value in receipt.items() if name not in _IN_NO_ROOT}
    if isinstance(row.get("logs"), list):
        row["logs"] = [
            {k: v for k, v in log.items() if k not in _IN_NO_ROOT and k != "transactionHash"}
            if isinstance(log, Mapping)
            else log
            for log in row["logs"]
        ]
    return row


_NOT_PROVABLE = "not provable from this recording"


def load_proofs(files: RecordingFiles) -> KeptProofs:
    """What a recording holds of proofs. Raises: InputError naming file and line."""
    kept = KeptProofs()

    def receipts(row: dict[str, Any]) -> None:
        found = row["receipts"]
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise InputError("receipts are no list of objects")
        kept.keep_receipts(_at(row["block"]), found)

    def nodes(row: dict[str, Any]) -> None:
        wanted = WantedWords(str(row["address"]), tuple(int(slot, 16) for slot in row["slots"]))
        kept.keep_nodes(_at(row["block"]), wanted, [bytes.fromhex(n[2:]) for n in row["nodes"]])

    for _ in files.rows(RECEIPTS, receipts):
        pass
    for _ in files.rows(PROOFS, nodes):
        pass
    return kept


def _at(number: object) -> BlockRef:
    """A block of which the number alone counts. Raises: InputError."""
    if not isinstance(number, int) or isinstance(number, bool):
        raise InputError("block is no number")
    return BlockRef(number, "", "", 0)
