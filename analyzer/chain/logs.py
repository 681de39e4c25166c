"""All logs of a block range, in chunks that shrink and grow with what the provider takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from analyzer.chain.base import ChangedError, LogChunk
from analyzer.chain.bloom import suspicious
from analyzer.chain.completeness import check_fit, check_reached
from analyzer.chain.endpoint import shown
from analyzer.chain.faults import Fault, FaultKind, stated_span, suggested_range
from analyzer.chain.pool import Pool, Request
from analyzer.chain.size import Size
from analyzer.chain.wire import parse_log, unique_logs
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog

FIRST_SPAN = 5_000
"""Blocks in the first question; providers allow from 10 to any number."""
MOST_SPAN = 1_000_000
WANTED_LOGS = 20_000
"""Logs a chunk above which the range does not grow: a chunk is held in memory."""
_ROUND_COUNT = 1_000
"""Providers that cut off silently do so at a multiple of this."""
_REORG_TRIES = 3
_PASSING = frozenset({FaultKind.RATE, FaultKind.TRANSIENT})
"""Refusals that say nothing of the size; a smaller question is asked all the same, because not
every node says what it means."""
_PASSING_SHARE = 8
"""Then so much less at once: each size has been waited for already."""


class LogReader:
    """Reads logs over a pool and checks them against the filters and the block headers."""

    def __init__(self, pool: Pool, headers: Callable[[Sequence[int]], list[BlockRef]]) -> None:
        self._pool = pool
        self._headers = headers
        self._spans: dict[str, Size] = {}

    @property
    def _span(self) -> Size:
        """How many blocks the endpoint in use is asked for at once."""
        return self._spans.setdefault(self._pool.endpoint.url, Size(FIRST_SPAN, MOST_SPAN))

    @property
    def span(self) -> Size:
        """A copy of that size, to see how it would go on."""
        return replace(self._span)

    def chunks(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """Contiguous chunks that cover `first..last`.

        Raises UnreadError naming the block whose logs cannot be read, or contradict its header.
        """
        anchor = self._headers([last])[0]
        position = first
        while position <= last:
            end = min(last, position + self._span.now - 1)
            chunk = self._chunk(filters, position, end, anchor)
            yield chunk
            position = chunk.last + 1

    def _chunk(
        self, filters: Sequence[LogFilter], first: int, last: int, anchor: BlockRef
    ) -> LogChunk:
        """The logs of `first..` up to `last` or to whatever smaller block the provider allows,
        with headers that fit them; asked again when a reorg or another endpoint came between, then
        elsewhere."""
        left: dict[int, str] = {}
        problem = ChangedError("")
        # Each endpoint has its turn once, whichever answers in it: two that fail by turns would
        # else take over from each other for ever.
        for _ in self._pool.endpoints:
            for _ in range(_REORG_TRIES):
                try:
                    return self._try_chunk(filters, first, last, anchor)
                except ChangedError as error:
                    problem = error
            if not self._pool.leave(left, str(problem)):
                break
        raise problem

    def _try_chunk(
        self, filters: Sequence[LogFilter], first: int, last: int, anchor: BlockRef
    ) -> LogChunk:
        """One try at a chunk.

        anchor: the last block of all chunks. The endpoint that gave the logs has to have it, and
        the same one still: then all below it is one fork's. Raises ChangedError when it has not,
        or when its logs name other blocks than its headers.
        """
        endpoint = self._pool.endpoint
        logs, end = self._logs(filters, first, last)
        numbers = sorted({log.block_number for log in logs} | {first, end, anchor.number})
        headers = self._headers(numbers)
        if self._pool.endpoint is not endpoint:
            raise ChangedError(f"the endpoints take turns while blocks {first}..{end} are read")
        check_reached(anchor, headers[-1])
        check_fit(logs, headers)
        self._check_silent(filters, headers, logs, (first, end))
        return LogChunk(first, end, logs, [h for h in headers if h.number <= end])

    def _check_silent(
        self,
        filters: Sequence[LogFilter],
        headers: Sequence[BlockRef],
        logs: Sequence[RawLog],
        span: tuple[int, int],
    ) -> None:
        """Asks once more for the blocks that gave no log although their bloom filter has room for
        one. Raises ChangedError when they give one now; when they do not, nothing is known."""
        loud = {log.block_number for log in logs}
        for header in headers:
            number = header.number
            if number in loud or number > span[1] or span[0] == span[1]:
                continue
            if suspicious(header, filters) and self._logs(filters, number, number)[0]:
                raise ChangedError(
                    f"the node gives logs of block {number} when it is asked for it alone, and left"
                    f" them out of blocks {span[0]}..{span[1]}"
                )

    def _logs(
        self, filters: Sequence[LogFilter], first: int, last: int
    ) -> tuple[list[RawLog], int]:
        """The logs of all filters over one range, which shrinks until the provider answers."""
        while True:
            asked = last - first + 1
            answers = self._ask(filters, first, last)
            faults = [a for a in answers if isinstance(a, Fault)]
            if not faults:
                found = [answer for answer in answers if isinstance(answer, list)]
                logs = unique_logs(log for answer in found for log in answer)
                if asked > 1 and any(len(a) and len(a) % _ROUND_COUNT == 0 for a in found):
                    logs = self._halves(filters, first, last, logs)
                self._answered(asked, len(logs))
                return logs, last
            last = first + self._narrow(faults, first, asked) - 1

    def _ask(self, filters: Sequence[LogFilter], first: int, last: int) -> list[object]:
        """The logs of each filter, or its Fault."""
        wanted = [Wanted(log_filter) for log_filter in filters]

        def read(place: int, result: object) -> list[RawLog]:
            if not isinstance(result, list):
                raise UnreadError(f"the node answered eth_getLogs with {shown(result)}")
            logs = [parse_log(raw) for raw in result]
            for log in logs:
                wanted[place].check(log, first, last)
            return unique_logs(logs)

        requests = [_request(log_filter, first, last) for log_filter in filters]
        return self._pool.batch(requests, read, divisible=first < last)

    def _answered(self, asked: int, logs: int) -> None:
        """Grows the range after an answer that was not large, as far as the endpoint lets it."""
        if logs < WANTED_LOGS // 2:
            self._span.answered(asked)
        elif logs > 2 * WANTED_LOGS:
            self._span.narrow(asked // 2)

    def _narrow(self, faults: Sequence[Fault], first: int, asked: int) -> int:
        """How many blocks from `first` to ask for after a refusal of `asked`: by the provider's own
        words where it gives any that can be right, but always fewer.

        A refusal in words that nobody knows may still be one of size: asking for less finds out,
        and ends at a single block. Raises UnreadError there, and for what no size can mend.
        """
        sized = [f for f in faults if f.kind not in _PASSING]
        fault = next((f for f in sized if f.kind is not FaultKind.OTHER), (sized or faults)[0])
        if asked == 1 or fault.kind is FaultKind.MALFORMED:
            blocks = f"block {first}" if asked == 1 else f"blocks {first}..{first + asked - 1}"
            raise UnreadError(f"the logs of {blocks} cannot be read: {fault}")
        span = self._span
        if fault.kind in _PASSING:
            span.narrow(asked // _PASSING_SHARE)
        elif (suggested := suggested_range(fault.message)) and suggested[0] == first:
            span.refuse(asked, suggested[1] - first + 1)
        elif (stated := stated_span(fault.message)) and stated < asked:
            span.refuse(asked, stated, always=True)
        else:
            span.refuse(asked)
        return min(span.now, asked - 1)

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
