"""A block whose state holds the storage words that a recording answered, with proofs of them under
a header of its own; tries and hashes are the libraries'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rlp
from eth_utils import keccak
from trie import HexaryTrie

from analyzer.chain.proofs.source import WantedWords
from analyzer.chain.recording import RecordingFiles
from analyzer.chain.wire import parse_header
from analyzer.model.block import BlockRef
from analyzer.model.reads import NotRead

ZERO, EMPTY = "0x" + "00" * 32, "0x" + keccak(rlp.encode(b"")).hex()


class StoredWords:
    """The recorded words of one block as a state that can be proved. changed: (address in lower
    case, slot) -> another word. block: whose words, None = the recording's only one."""

    def __init__(
        self,
        folder: Path,
        changed: Mapping[tuple[str, int], int] | None = None,
        *,
        block: int | None = None,
    ) -> None:
        self._words: dict[str, dict[int, int]] = {}
        for row in RecordingFiles(folder).rows("storage", dict):
            if block is None or row["block"] == block:
                slots = self._words.setdefault(str(row["address"]).lower(), {})
                slots[int(str(row["slot"]), 16)] = int(str(row["value"]), 16)
        for (address, slot), word in (changed or {}).items():
            self._words[address][slot] = word
        self._nodes: dict[bytes, bytes] = {}
        self.block = self._header(block or 1)

    def word(self, address: str, slot: int) -> int | None:
        """A recorded word; None where it was not asked."""
        return self._words.get(address.lower(), {}).get(slot)

    def has(self, address: str, slot: int) -> bool:
        """Whether a word was recorded."""
        return self.word(address, slot) is not None

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The one header."""
        return [self.block for _ in numbers]

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Sequence[Mapping[str, Any]] | NotRead]:
        """There are none."""
        return [[] for _ in blocks]

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        """All nodes there are: those that lead to a word are among them."""
        return [list(self._nodes.values()) for _ in wanted]

    def _header(self, number: int) -> BlockRef:
        """A header with the root of this state."""
        state = HexaryTrie({})
        for address, words in self._words.items():
            storage = HexaryTrie({})
            for slot, word in words.items():
                if word:
                    storage[keccak(slot.to_bytes(32, "big"))] = rlp.encode(word)
            self._nodes |= storage.db
            account = [b"\x01", b"", storage.root_hash, keccak(b"")]
            state[keccak(bytes.fromhex(address[2:]))] = rlp.encode(account)
        self._nodes |= state.db
        fields = {
            "parentHash": ZERO, "sha3Uncles": ZERO, "miner": "0x" + "00" * 20,
            "stateRoot": "0x" + state.root_hash.hex(), "transactionsRoot": EMPTY,
            "receiptsRoot": EMPTY, "logsBloom": "0x" + "00" * 256, "difficulty": "0x0",
            "number": hex(number), "gasLimit": "0x1", "gasUsed": "0x0", "timestamp": "0x0",
            "extraData": "0x", "mixHash": ZERO, "nonce": "0x" + "00" * 8,
        }  # fmt: skip
        quantities = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
        body = [
            int(text, 16) if name in quantities else bytes.fromhex(text[2:])
            for name, text in fields.items()
        ]
        return parse_header(fields | {"hash": "0x" + keccak(rlp.encode(body)).hex()}, whole=True)
