"""A chain in memory as the chain behind a node: for protocols of a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from analyzer.abi.keccak import keccak
from analyzer.chain.carriers import MULTICALL3
from analyzer.model.logs import RawLog
from analyzer.model.reads import NotRead, ReadRequest, Reverted, Value
from analyzer.testing.memory_chain import MemoryChain
from analyzer.testing.recorded import PLACEHOLDER_CODE
from analyzer.testing.rpc import JsonObject, LogQuery, RefusedError
from analyzer.testing.source import ZERO_WORD, CallAnswer

_IDENTITY = "0x" + "00" * 19 + "04"


class InMemory:
    """A `MemoryChain`. `chain.answer` is asked for calls, slots and hashes of code: an address
    whose code hash is not that of empty code gets a placeholder for its code."""

    def __init__(self, chain: MemoryChain) -> None:
        self.chain = chain
        self.chain_id = chain.chain_id

    def head(self) -> int:
        """Its newest block."""
        return self.chain.head

    def header(self, number: int) -> JsonObject | None:
        """A header with the bloom filter of its logs."""
        if number > self.chain.head:
            return None
        ref = self.chain.ref(number)
        return {
            "number": hex(number),
            "hash": ref.hash,
            "parentHash": ref.parent_hash,
            "timestamp": hex(ref.time),
            "logsBloom": bloom_of(self.chain.raw_logs(number, number)),
        }

    def number_of(self, block_hash: str) -> int | None:
        """The number of the block with this hash."""
        numbers = range(self.chain.head, -1, -1)
        return next((n for n in numbers if self.chain.ref(n).hash == block_hash), None)

    def logs(self, query: LogQuery) -> list[JsonObject]:
        """The logs of a query."""
        found = self.chain.raw_logs(query.first, min(query.last, self.chain.head))
        return [raw for raw in map(_as_json, found) if query.matches(raw)]

    def calls(self, number: int, asked: Sequence[tuple[str, str]]) -> list[CallAnswer]:
        """What the chain's contracts answer."""
        return [
            data if to == _IDENTITY else self._read(number, ReadRequest("call", to, data))
            for to, data in asked
        ]

    def storage(self, number: int, address: str, slot: int) -> str:
        """A word that the chain's contracts answer, else zero."""
        found = self._read(number, ReadRequest("slot", address, f"0x{slot:064x}"))
        return ZERO_WORD if isinstance(found, RefusedError) else found

    def code(self, number: int, address: str) -> str:
        """A placeholder where the chain says that there is code."""
        found = self._read(number, ReadRequest("code_hash", address, ""))
        none = isinstance(found, RefusedError) or found == "0x" + keccak(b"").hex()
        return "0x" if none or address == MULTICALL3 else PLACEHOLDER_CODE

    def other(self, method: str, params: list[Any]) -> object:
        """There are no other methods."""
        raise RefusedError(-32601, f"the method {method} does not exist/is not available")

    def _read(self, number: int, request: ReadRequest) -> CallAnswer:
        """One answer as a node gives it."""
        found = self.chain.answer(number, request)
        if isinstance(found, Value):
            return "0x" + found.data.hex()
        if isinstance(found, Reverted):
            data = "0x" + found.data.hex() if found.data else None
            return RefusedError(3, "execution reverted", data)
        assert isinstance(found, NotRead)
        return RefusedError(-32000, found.reason)


def bloom_of(logs: Iterable[RawLog]) -> str:
    """The 2048-bit filter of a header over the addresses and topics of its block's logs.

    Source: Ethereum's yellow paper, 4.3.1: three bits of each, from the low 11 bits of the first
    three 16-bit words of its hash.
    """
    bits = 0
    for log in logs:
        for item in (log.address, *log.topics):
            digest = keccak(item)
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return f"0x{bits:0512x}"


def _as_json(log: RawLog) -> JsonObject:
    """A log as eth_getLogs gives it."""
    return {
        "address": "0x" + log.address.hex(),
        "topics": ["0x" + topic.hex() for topic in log.topics],
        "data": "0x" + log.data.hex(),
        "blockNumber": hex(log.block_number),
        "blockHash": "0x" + log.block_hash.hex(),
        "transactionHash": "0x" + log.tx_hash.hex(),
        "transactionIndex": hex(log.tx_index),
        "logIndex": hex(log.log_index),
        "removed": False,
    }
