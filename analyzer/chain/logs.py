"""All logs of a block range, in chunks that shrink and grow with what the provider takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.chain.base import ChangedError, LogChunk
from analyzer.chain.faults import ASK_FOR_LESS, Fault, stated_span, suggested_range
from analyzer.chain.pool import Pool, Request
from analyzer.chain.wire import parse_log, unique_logs
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog

FIRST_SPAN = 5_000
"""Blocks in the first question; providers allow from 10 to any number."""
MOST_SPAN = 1_000_000
_WANTED_LOGS = 20_000
"""Logs a chunk above which the range does not grow: a chunk is held in memory."""
_ROUND_COUNT = 1_000
"""Providers that cut off silently do so at a multiple of this."""
_REORG_TRIES = 3


@dataclass(slots=True)
class _Span:
    """How many blocks are asked at once. `most` is what the provider allows, as far as known."""

    blocks: int = FIRST_SPAN
    most: int = MOST_SPAN

    def refused(self, asked: int, message: str, first: int) -> None:
        """Shrinks after a refusal of `asked` blocks from `first`, by the provider's own words
        where it gives any, but always by something."""
        span = asked // 2
        if suggestion := suggested_range(message):
            low, high = suggestion
            if low == first and high - low + 1 < asked:
                span = high - low + 1
        elif (stated := stated_span(message)) and stated < asked:
            self.most = span = stated
        self.blocks = max(1, span)

    def answered(self, asked: int, logs: int) -> None:
        """Grows after an answer that was not large."""
        if logs < _WANTED_LOGS // 2:
            self.blocks = min(max(self.blocks, 2 * asked), self.most)
        elif logs > 2 * _WANTED_LOGS:
            self.blocks = max(1, asked // 2)


class LogReader:
    """Reads logs over a pool and checks them against the filters and the block headers."""

    def __init__(self, pool: Pool, headers: Callable[[Sequence[int]], list[BlockRef]]) -> None:
        self._pool = pool
        self._headers = headers
        self._span = _Span()

    def chunks(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """Contiguous chunks that cover `first..last`.

        Raises UnreadError naming the block whose logs cannot be read, or contradict its header.
        """
        position = first
        while position <= last:
            end = min(last, position + self._span.blocks - 1)
            chunk, end = self._chunk(filters, position, end)
            yield chunk
            position = end + 1

    def _chunk(self, filters: Sequence[LogFilter], first: int, last: int) -> tuple[LogChunk, int]:
        """The logs of `first..` up to `last` or to whatever smaller block the provider allows,
        with headers that fit them; asked again when a reorg came between."""
        for left in reversed(range(_REORG_TRIES)):
            try:
                logs, last = self._logs(filters, first, last)
            except ChangedError:
                if left:
                    continue
                raise
            numbers = sorted({log.block_number for log in logs} | {first, last})
            headers = self._headers(numbers)
            wrong = _misfit(logs, headers)
            if wrong is None:
                return LogChunk(first, last, logs, headers), last
        raise UnreadError(
            f"the logs of block {wrong} name another block hash than its header, again and again:"
            " the node contradicts itself"
        )

    def _logs(
        self, filters: Sequence[LogFilter], first: int, last: int
    ) -> tuple[list[RawLog], int]:
        """The logs of all filters over one range, which shrinks until the provider answers."""
        while True:
            answers = self._pool.batch([_request(f, first, last) for f in filters])
            asked = last - first + 1
            faults = [a for a in answers if isinstance(a, Fault)]
            if not faults:
                logs = _merge(filters, answers, first, last)
                suspicious = any(
                    isinstance(a, list) and len(a) and len(a) % _ROUND_COUNT == 0 for a in answers
                )
                if suspicious and asked > 1:
                    logs = self._halves(filters, first, last, logs)
                self._span.answered(asked, len(logs))
                return logs, last
            fault = next((f for f in faults if f.kind in ASK_FOR_LESS), faults[0])
            # A refusal in words that we do not know may still be one of size: halving finds out,
            # and ends at a single block in any case.
            if asked == 1:
                raise UnreadError(f"the logs of block {first} cannot be read: {fault}")
            self._span.refused(asked, fault.message, first)
            last = first + min(self._span.blocks, asked - 1) - 1

    def _halves(
        self, filters: Sequence[LogFilter], first: int, last: int, logs: list[RawLog]
    ) -> list[RawLog]:
        """A round number of logs may have been cut off silently: asks for both halves and takes
        them where they hold more."""
        middle = (first + last) // 2
        both: list[RawLog] = []
        for low, high in ((first, middle), (middle + 1, last)):
            position = low
            while position <= high:
                part, end = self._logs(filters, position, high)
                both += part
                position = end + 1
        return both if len(both) > len(logs) else logs


def _request(log_filter: LogFilter, first: int, last: int) -> Request:
    """The eth_getLogs request of one filter over a range."""
    query: dict[str, object] = {"fromBlock": hex(first), "toBlock": hex(last)}
    if log_filter.addresses:
        query["address"] = list(log_filter.addresses)
    if log_filter.topics0:
        query["topics"] = [list(log_filter.topics0)]
    return "eth_getLogs", [query]


def _merge(
    filters: Sequence[LogFilter], answers: Sequence[object], first: int, last: int
) -> list[RawLog]:
    """The logs of all answers in (block, log index) order, each once, each one asked for."""
    found: list[RawLog] = []
    for log_filter, answer in zip(filters, answers, strict=True):
        if not isinstance(answer, list):
            raise UnreadError(f"the node answered eth_getLogs with {str(answer)[:60]}")
        wanted = Wanted(log_filter)
        for raw in answer:
            log = parse_log(raw)
            wanted.check(log, first, last)
            found.append(log)
    return unique_logs(found)


class Wanted:
    """One filter, ready to test logs."""

    def __init__(self, log_filter: LogFilter) -> None:
        self._addresses = {bytes.fromhex(a[2:]) for a in log_filter.addresses}
        self._topics = {bytes.fromhex(t[2:]) for t in log_filter.topics0}

    def matches(self, log: RawLog) -> bool:
        """Whether the filter asks for this log."""
        if self._addresses and log.address not in self._addresses:
            return False
        return not self._topics or (bool(log.topics) and log.topics[0] in self._topics)

    def check(self, log: RawLog, first: int, last: int) -> None:
        """Raises UnreadError for a log that was not asked for: then nothing can be relied on."""
        if not first <= log.block_number <= last:
            raise UnreadError(
                f"the node gave a log of block {log.block_number} when asked for {first}..{last}"
            )
        if not self.matches(log):
            raise UnreadError(
                f"the node gave a log that was not asked for: block {log.block_number}, log"
                f" {log.log_index}, address 0x{log.address.hex()}"
            )


def _misfit(logs: Sequence[RawLog], headers: Sequence[BlockRef]) -> int | None:
    """The first block whose logs name another hash than its header; None when all fit."""
    hashes = {header.number: bytes.fromhex(header.hash[2:]) for header in headers}
    return next((g.block_number for g in logs if hashes[g.block_number] != g.block_hash), None)
