"""Nodes that lie on purpose, as the chain behind a fault-injecting node: what each says is
well-formed, and most of it is even consistent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rlp
from trie import HexaryTrie

from analyzer.abi.keccak import keccak
from analyzer.chain.proofs.header import proved_header
from analyzer.chain.proofs.outcome import ContradictionError
from analyzer.chain.proofs.receipts import encoded
from analyzer.chain.wire import parse_header
from analyzer.testing.rpc import JsonObject, LogQuery, RefusedError
from analyzer.testing.source import CallAnswer, ChainSource, View, resolve

Lie = Callable[[list[JsonObject]], list[JsonObject]]
"""What the logs of a block become."""


class LogLiar(View):
    """Changes the logs that it gives, block by block. lies: block -> what its logs become."""

    def __init__(
        self,
        source: ChainSource,
        lies: Mapping[int, Callable[[list[JsonObject]], list[JsonObject]]],
    ) -> None:
        super().__init__(source)
        self._lies = lies

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """True logs but for the blocks that are lied about."""
        by_block: dict[int, list[JsonObject]] = {}
        for log in super().logs(query):
            by_block.setdefault(int(log["blockNumber"], 16), []).append(log)
        return [
            log
            for number, logs in by_block.items()
            for log in self._lies.get(number, lambda same: same)(logs)
        ]


class WordLiar(View):
    """Changes storage words and the answers of views alike. words: (address, slot) -> word; views:
    (address, selector) -> what the answer becomes. Proofs stay true: nobody can forge them."""

    def __init__(
        self,
        source: ChainSource,
        words: Mapping[tuple[str, int], int],
        views: Mapping[tuple[str, str], Callable[[str], str]],
    ) -> None:
        super().__init__(source)
        self._words = {(at.lower(), slot): word for (at, slot), word in words.items()}
        self._views = {(at.lower(), selector): lie for (at, selector), lie in views.items()}

    def storage(self, number: int, address: str, slot: int) -> str:
        """A word, or the lie in its place."""
        word = self._words.get((address.lower(), slot))
        return super().storage(number, address, slot) if word is None else f"0x{word:064x}"

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """Answers, with the lies in them."""
        return [
            answer
            if isinstance(answer, RefusedError)
            else self._views.get((to.lower(), data[:10]), lambda same: same)(answer)
            for (to, data), answer in zip(asked, super().calls(number, asked), strict=True)
        ]


class ProofLiar(View):
    """Damages proofs. cut: contracts whose proofs lack their last node; older: contracts whose
    proofs are of the block before."""

    def __init__(self, source: ChainSource, *, cut: str, older: str) -> None:
        super().__init__(source)
        self._cut, self._older = cut.lower(), older.lower()

    def other(self, method: str, params: list[Any]) -> object:
        """Any method; eth_getProof with lies."""
        if method != "eth_getProof":
            return super().other(method, params)
        address = str(params[0]).lower()
        if address == self._older:
            earlier = resolve(self._source, params[2]) - 30
            return super().other(method, [params[0], params[1], hex(earlier)])
        found: Any = super().other(method, params)
        if address == self._cut:
            for entry in found["storageProof"]:
                entry["proof"] = entry["proof"][:-1]
        return found


class HeaderLiar(View):
    """A header with other fields under the old hash. fields: block -> field -> value."""

    def __init__(self, source: ChainSource, fields: Mapping[int, Mapping[str, str]]) -> None:
        super().__init__(source)
        self._fields = fields

    def header(self, number: int) -> JsonObject | None:
        """A header, or the lie."""
        found = super().header(number)
        return found if found is None else found | self._fields.get(number, {})


class Forger(View):
    """One log of a block has another bit, and everything that the block itself says fits: its
    receipts, their root, the hash of its header. relinked: so do all blocks after it, each with a
    new parent and a new hash; else the next block still names the true one."""

    def __init__(self, source: ChainSource, block: int, log_index: int, *, relinked: bool) -> None:
        super().__init__(source)
        self._block, self._log_index = block, log_index
        self._receipts: list[JsonObject] = list(source.other("eth_getBlockReceipts", [hex(block)]))  # type: ignore[call-overload]
        for receipt in self._receipts:
            receipt["logs"] = [self._flipped(log) for log in receipt["logs"]]
        self._headers: dict[int, JsonObject] = {}
        self._add_header(block, receiptsRoot=_root(self._receipts))
        for number in range(block + 1, source.head() + 1) if relinked else ():
            self._add_header(number, parentHash=self._headers[number - 1]["hash"])

    def header(self, number: int) -> JsonObject | None:
        """The forged header, or the true one."""
        return self._headers.get(number) or super().header(number)

    def number_of(self, block_hash: str) -> int | None:
        """The number of a forged hash, or a true one."""
        for number, header in self._headers.items():
            if header["hash"] == block_hash:
                return number
        return super().number_of(block_hash)

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """The logs, the forged one among them."""
        return [self._flipped(log) for log in super().logs(query)]

    def other(self, method: str, params: list[Any]) -> object:
        """Any method; receipts as forged, in blocks of the forged hashes."""
        if method == "eth_getBlockReceipts" and resolve(self, params[0]) == self._block:
            return self._receipts
        return super().other(method, params)

    def _flipped(self, log: JsonObject) -> JsonObject:
        """A log as the forger tells it."""
        number = int(log["blockNumber"], 16)
        out = dict(log)
        if (number, int(log["logIndex"], 16)) == (self._block, self._log_index):
            out["data"] = f"{log['data'][:-1]}{int(log['data'][-1], 16) ^ 1:x}"
        forged = self._headers.get(number) if hasattr(self, "_headers") else None
        return out | ({"blockHash": forged["hash"]} if forged else {})

    def _add_header(self, number: int, **fields: str) -> None:
        """A header with other fields and the hash that they make."""
        raw = dict(super().header(number) or {}) | fields
        self._headers[number] = raw | {"hash": true_hash(raw)}


def true_hash(raw: JsonObject) -> str:
    """The hash that a header's fields make."""
    try:
        return proved_header(parse_header(raw, whole=True)).hash
    except ContradictionError as error:
        return error.text.split(" hashes to ")[1].split(",")[0]


def _root(receipts: Sequence[JsonObject]) -> str:
    """The root of receipts, by the library alone."""
    trie = HexaryTrie({})
    for place, receipt in enumerate(receipts):
        trie[rlp.encode(place)] = encoded(receipt)
    return "0x" + trie.root_hash.hex()


def word_plus(word: int, add: int) -> Callable[[str], str]:
    """An answer whose word of that number (from 0) is larger."""

    def lie(answer: str) -> str:
        start = 2 + 64 * word
        changed = int(answer[start : start + 64], 16) + add
        return f"{answer[:start]}{changed:064x}{answer[start + 64 :]}"

    return lie


def selector(signature: str) -> str:
    """The selector of a function."""
    return "0x" + keccak(signature.encode())[:4].hex()
