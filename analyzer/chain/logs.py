"""All logs of a block range, in chunks that shrink and grow with what the provider takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from analyzer.abi.batch import NO_TIME, LogBlocks, LogColumns
from analyzer.chain.base import NOT_SAMPLED, SAMPLE, ChangedError, LogChunk
from analyzer.chain.bloom import suspicious
from analyzer.chain.completeness import check_fit, check_reached
from analyzer.chain.faults import Fault, FaultKind, stated_span, suggested_range
from analyzer.chain.log_answers import Wanted, logs_of_answer
from analyzer.chain.pool import Pool, Request
from analyzer.chain.size import Size
from analyzer.chain.wire import unique_columns
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter

FIRST_SPAN = 5_000
"""Blocks in the first question; providers allow from 10 to any number."""
MOST_SPAN = 1_000_000
WANTED_LOGS = 20_000
"""Logs a chunk above which the range does not grow: a chunk is held in memory."""
SAMPLED_FROM = 1_000
"""Blocks of a range from which on it is worth asking how far the chain is finalized."""
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

    def __init__(
        self,
        pool: Pool,
        headers: Callable[[Sequence[int]], list[BlockRef]],
        settled: Callable[[], int],
    ) -> None:
        """settled: gives the block up to which history is finalized; -1 where that is not known, or
        where every header is wanted."""
        self._pool = pool
        self._headers = headers
        self._settled = settled
        self._spans: dict[str, Size] = {}
        self.timed = False
        """Whether the logs that were read last came with their blocks' times."""

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
        settled = self._settled() if last - first >= SAMPLED_FROM else NOT_SAMPLED
        position = first
        while position <= last:
            end = min(last, position + self._span.now - 1)
            chunk = self._chunk(filters, (position, end), anchor, settled)
            yield chunk
            position = chunk.last + 1

    def _chunk(
        self, filters: Sequence[LogFilter], span: tuple[int, int], anchor: BlockRef, settled: int
    ) -> LogChunk:
        """The logs of a span up to its end or to whatever smaller block the provider allows,
        with headers that fit them; asked again when a reorg or another endpoint came between, then
        elsewhere."""
        left: dict[int, str] = {}
        problem = ChangedError("")
        # Each endpoint has its turn once, whichever answers in it: two that fail by turns would
        # else take over from each other for ever.
        for _ in self._pool.endpoints:
            for _ in range(_REORG_TRIES):
                try:
                    return self._try_chunk(filters, span, anchor, settled)
                except ChangedError as error:
                    problem = error
            if not self._pool.leave(left, str(problem)):
                break
        raise problem

    def _try_chunk(
        self, filters: Sequence[LogFilter], span: tuple[int, int], anchor: BlockRef, settled: int
    ) -> LogChunk:
        """One try at a chunk.

        anchor: the last block of all chunks. The endpoint that gave the logs has to have it, and
        the same one still: then all below it is one fork's. settled: up to here headers are read by
        sample, where the logs say their blocks' times and no header contradicts one. Raises
        ChangedError when it has not, or when its logs name other blocks than its headers.
        """
        endpoint, (first, last) = self._pool.endpoint, span
        logs, end = self._logs(filters, first, last)
        blocks, ends = logs.blocks(), {first, end, anchor.number}
        self.timed = bool((blocks.time != NO_TIME).all())
        if not self.timed:
            settled = NOT_SAMPLED
        headers = self._headers(_read_of(blocks, ends, settled))
        if settled != NOT_SAMPLED and not _in_time(blocks, headers):
            settled = NOT_SAMPLED
            headers = self._headers(_read_of(blocks, ends, settled))
        if self._pool.endpoint is not endpoint:
            raise ChangedError(f"the endpoints take turns while blocks {first}..{end} are read")
        check_reached(anchor, headers[-1])
        check_fit(logs, headers)
        self._check_silent(filters, headers, logs, (first, end))
        kept = [h for h in headers if h.number <= end]
        return LogChunk(first, end, logs, kept, min(settled, end))

    def _check_silent(
        self,
        filters: Sequence[LogFilter],
        headers: Sequence[BlockRef],
        logs: LogColumns,
        span: tuple[int, int],
    ) -> None:
        """Asks once more for the blocks that gave no log although their bloom filter has room for
        one. Raises ChangedError when they give one now; when they do not, nothing is known."""
        loud = set(logs.blocks().number.tolist())
        for header in headers:
            number = header.number
            if number in loud or number > span[1] or span[0] == span[1]:
                continue
            if suspicious(header, filters) and self._logs(filters, number, number)[0]:
                raise ChangedError(
                    f"the node gives logs of block {number} when it is asked for it alone, and left"
                    f" them out of blocks {span[0]}..{span[1]}"
                )

    def _logs(self, filters: Sequence[LogFilter], first: int, last: int) -> tuple[LogColumns, int]:
        """The logs of all filters over one range, which shrinks until the provider answers."""
        while True:
            asked = last - first + 1
            answers = self._ask(filters, first, last)
            faults = [a for a in answers if isinstance(a, Fault)]
            if not faults:
                found = [answer for answer in answers if isinstance(answer, LogColumns)]
                logs = unique_columns(found)
                if asked > 1 and any(len(a) and len(a) % _ROUND_COUNT == 0 for a in found):
                    logs = self._halves(filters, first, last, logs)
                self._answered(asked, len(logs))
                return logs, last
            last = first + self._narrow(faults, first, asked) - 1

    def _ask(self, filters: Sequence[LogFilter], first: int, last: int) -> list[object]:
        """The logs of each filter, or its Fault."""
        wanted = [Wanted(log_filter) for log_filter in filters]

        def read(place: int, result: object) -> LogColumns:
            logs = logs_of_answer(result)
            wanted[place].check(logs, first, last)
            return unique_columns([logs])

        requests = [_request(log_filter, first, last) for log_filter in filters]
        return self._pool.batch(requests, read, divisible=first < last, logs=True)

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
        self, filters: Sequence[LogFilter], first: int, last: int, logs: LogColumns
    ) -> LogColumns:
        """A round number of logs may have been cut off silently: asks for both halves and takes
        them where they hold more."""
        middle = (first + last) // 2
        both: list[LogColumns] = []
        for low, high in ((first, middle), (middle + 1, last)):
            position = low
            while position <= high:
                part, end = self._logs(filters, position, high)
                both.append(part)
                position = end + 1
        return LogColumns.joined(both) if sum(map(len, both)) > len(logs) else logs


def _read_of(blocks: LogBlocks, ends: set[int], settled: int) -> list[int]:
    """The blocks with logs whose headers are read, and the ends of the range, ascending: of
    finalized ones a sample, which does not depend on where a range is cut."""
    number = blocks.number
    return sorted(ends.union(number[(number > settled) | (number % SAMPLE == 0)].tolist()))


def _in_time(blocks: LogBlocks, headers: Sequence[BlockRef]) -> bool:
    """Whether times that logs give rise with the blocks, and fit those of the headers."""
    numbers = np.concatenate([blocks.number, [header.number for header in headers]])
    times = np.concatenate([blocks.time, [header.time for header in headers]])
    order = np.lexsort((times, numbers))
    number, time = numbers[order], times[order]
    same = number[1:] == number[:-1]
    return bool(((time[1:] >= time[:-1]) & ~(same & (time[1:] != time[:-1]))).all())


def _request(log_filter: LogFilter, first: int, last: int) -> Request:
    """The eth_getLogs request of one filter over a range."""
    query: dict[str, object] = {"fromBlock": hex(first), "toBlock": hex(last)}
    if log_filter.addresses:
        query["address"] = list(log_filter.addresses)
    if log_filter.topics0:
        query["topics"] = [list(log_filter.topics0)]
    return "eth_getLogs", [query]
