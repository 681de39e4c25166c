"""A chain in memory: blocks, logs and answers that a test writes, and that it can reorganise.

It is a `Chain` of its own, and `InMemory` makes it the chain behind a fault-injecting node.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from analyzer.abi.codec import encode_values
from analyzer.abi.contract import EventAbi
from analyzer.chain.base import LogChunk
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.logs import LogFilter, RawLog
from analyzer.model.reads import Answer, NotRead, ReadRequest

GENESIS_TIME = 1_700_000_000
SECONDS_PER_BLOCK = 12


class Interrupted(BaseException):
    """A kill: not an error that anything may catch and go on from."""


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("|".join(map(str, parts)).encode()).digest()


@dataclass(slots=True)
class MemoryChain:
    """A `Chain`. `emit` adds logs, `mine` blocks; `reorganise` replaces the newest ones.

    chunk: most blocks a log chunk. fail_after: log chunks and header requests that are still
    answered before `failure` is raised; None = all.
    """

    chain_id: int = 4242
    chunk: int = 7
    fail_after: int | None = None
    failure: BaseException = field(default_factory=Interrupted)
    answer: Callable[[int, ReadRequest], Answer] = lambda number, request: NotRead("no state")
    salts: list[str] = field(default_factory=lambda: ["genesis"])
    log_list: list[tuple[int, str, EventAbi, tuple[object, ...], int]] = field(default_factory=list)
    asked: list[tuple[str, object]] = field(default_factory=list)
    closed: bool = False

    @property
    def head(self) -> int:
        """Number of the newest block."""
        return len(self.salts) - 1

    def mine(self, count: int = 1, *, salt: str = "main") -> int:
        """Adds blocks; the number of the newest."""
        self.salts += [salt] * count
        return self.head

    def emit(self, address: str, event: EventAbi, *values: object) -> tuple[int, int]:
        """Adds a log to the newest block; (block, log index)."""
        index = sum(1 for entry in self.log_list if entry[0] == self.head)
        self.log_list.append((self.head, address.lower(), event, values, index))
        return self.head, index

    def reorganise(self, keep: int) -> None:
        """Forgets all blocks above `keep`, and their logs."""
        del self.salts[keep + 1 :]
        self.log_list = [entry for entry in self.log_list if entry[0] <= keep]

    def ref(self, number: int) -> BlockRef:
        """The header of a block."""
        if not 0 <= number <= self.head:
            raise UnreadError(f"there is no block {number}")
        block_hash = _digest(self.chain_id, *self.salts[: number + 1]).hex()
        parent = _digest(self.chain_id, *self.salts[:number]).hex() if number else "00" * 32
        time = GENESIS_TIME + SECONDS_PER_BLOCK * number
        return BlockRef(number, "0x" + block_hash, "0x" + parent, time)

    def resolve(self, text: str) -> BlockRef:
        """A block by number or `latest`."""
        if text == "latest":
            return self.ref(self.head)
        if not text.isdigit():
            raise InputError(f"'{text}' is no block")
        return self.ref(int(text))

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """Headers by number."""
        self.asked.append(("headers", tuple(numbers)))
        self._step()
        return [self.ref(number) for number in numbers]

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """Logs in chunks of `chunk` blocks."""
        self.asked.append(("logs", (tuple(filters), first, last)))
        while first <= last:
            self._step()
            end = min(first + self.chunk - 1, last)
            logs = [
                log for log in self.raw_logs(first, end) if any(_wanted(f, log) for f in filters)
            ]
            numbers = sorted({log.block_number for log in logs} | {end})
            yield LogChunk(first, end, logs, [self.ref(number) for number in numbers])
            first = end + 1

    def raw_logs(self, first: int, last: int) -> list[RawLog]:
        """All logs of `first..last` as a node would give them, in (block, log index) order."""
        logs = [self._raw(*entry) for entry in self.log_list if first <= entry[0] <= last]
        return sorted(logs, key=lambda log: (log.block_number, log.log_index))

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """Answers of `answer`."""
        self.asked += [("read", request) for request in requests]
        if self.ref(block.number).hash != block.hash:
            raise UnreadError(f"block {block.hash} is not known")
        return [self.answer(block.number, request) for request in requests]

    def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True

    def _step(self) -> None:
        if self.fail_after is None:
            return
        if self.fail_after == 0:
            raise self.failure
        self.fail_after -= 1

    def _raw(
        self, number: int, address: str, event: EventAbi, values: tuple[object, ...], index: int
    ) -> RawLog:
        """The log as a node would give it."""
        pairs = list(zip(event.inputs, values, strict=True))
        topics = [bytes.fromhex(event.topic0[2:])]
        topics += [encode_values([p.type], [v]) for p, v in pairs if p.indexed]
        plain = [(p.type, v) for p, v in pairs if not p.indexed]
        return RawLog(
            number,
            index,
            bytes.fromhex(self.ref(number).hash[2:]),
            _digest("tx", self.ref(number).hash, index),
            index,
            bytes.fromhex(address[2:]),
            tuple(topics),
            encode_values([t for t, _ in plain], [v for _, v in plain]),
        )


def _wanted(log_filter: LogFilter, log: RawLog) -> bool:
    address = "0x" + log.address.hex()
    topic = "0x" + log.topics[0].hex()
    return address in log_filter.addresses and (
        not log_filter.topics0 or topic in log_filter.topics0
    )
