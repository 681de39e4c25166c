"""The answer to one eth_getLogs as columns, each log checked: raw text scanned, or JSON parsed.

compact JSON   ──▶ scan_logs ──────────┐
anything else  ──▶ JSON ─▶ parse_log ──┴──▶ LogColumns ──▶ what was asked for, and no other
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analyzer.abi.batch import NO_TIME, LogBatch, LogColumns, Mask, distinct
from analyzer.abi.layout import NotCompactError
from analyzer.abi.scan import LogText, scan_logs
from analyzer.chain.endpoint import shown
from analyzer.chain.wire import (
    MOST_BLOCK,
    MOST_INDEX,
    MOST_TIME,
    MOST_TOPICS,
    parse_log,
    parse_log_time,
)
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog


def logs_of_answer(result: object) -> LogColumns:
    """The logs of a result, in columns.

    Raises UnreadError for what is no list of logs, naming block and field of one that is malformed.
    """
    if isinstance(result, LogText):
        try:
            columns = LogColumns([scanned.batch for scanned in scan_logs(result)])
        except NotCompactError:
            columns = _parsed_text(result)
        # Out of bounds: the parser names the field.
        return columns if _in_bounds(columns) else _parsed_text(result)
    if not isinstance(result, list):
        raise UnreadError(f"the node answered eth_getLogs with {shown(result)}")
    return _parsed(result)


class Wanted:
    """One filter, ready to test logs."""

    def __init__(self, log_filter: LogFilter) -> None:
        self._addresses = {bytes.fromhex(a[2:]) for a in log_filter.addresses}
        self._topics = {bytes.fromhex(t[2:]) for t in log_filter.topics0}

    def matches(self, log: RawLog) -> bool:
        """Whether the filter asks for this log."""
        return self._asks(log.address, log.topics)

    def check(self, logs: LogColumns, first: int, last: int) -> None:
        """Raises UnreadError for a log that was not asked for: then nothing can be relied on."""
        at = 0
        for batch in logs.batches:
            wrong = (batch.block_number < first) | (batch.block_number > last)
            wrong |= ~self.asked(batch)
            if wrong.any():
                _refuse(logs.log(at + int(np.argmax(wrong))), first, last)
            at += len(batch)

    def asked(self, batch: LogBatch) -> Mask:
        """Where the filter asks for a log of a batch."""
        keys = [batch.address, batch.topics[:, 0]] if batch.topics.shape[1] else [batch.address]
        kinds, kind = distinct(np.hstack(keys))
        asked = [
            self._asks(batch.address[row].tobytes(), [t.tobytes() for t in batch.topics[row]])
            for row in kinds.tolist()
        ]
        return np.array(asked, dtype=np.bool_)[kind]

    def _asks(self, address: bytes, topics: Sequence[bytes]) -> bool:
        if self._addresses and address not in self._addresses:
            return False
        return not self._topics or (bool(topics) and topics[0] in self._topics)


def _refuse(log: RawLog, first: int, last: int) -> None:
    """Raises UnreadError for a log that was not asked for."""
    if not first <= log.block_number <= last:
        raise UnreadError(
            f"the node gave a log of block {log.block_number} when asked for {first}..{last}"
        )
    raise UnreadError(
        f"the node gave a log that was not asked for: block {log.block_number}, log"
        f" {log.log_index}, address 0x{log.address.hex()}"
    )


def _in_bounds(columns: LogColumns) -> bool:
    """Whether every number is one that a block, an index or a time can be."""
    return all(
        batch.topics.shape[1] <= MOST_TOPICS
        and int(batch.block_number.max()) <= MOST_BLOCK
        and int(batch.log_index.max()) <= MOST_INDEX
        and int(batch.tx_index.max()) <= MOST_INDEX
        and int(batch.block_time.max()) <= MOST_TIME
        for batch in columns.batches
    )


def _parsed_text(text: LogText) -> LogColumns:
    """The logs by the JSON parser. Raises UnreadError for what is no JSON or no log."""
    try:
        return _parsed(text.parsed())
    except ValueError:
        raise UnreadError("the node answered eth_getLogs with what is no JSON") from None


def _parsed(result: Sequence[object]) -> LogColumns:
    """The logs of a parsed result. Raises UnreadError naming block and field."""
    logs = [parse_log(raw) for raw in result]
    times = [parse_log_time(raw) if isinstance(raw, Mapping) else NO_TIME for raw in result]
    return LogColumns.of(logs, times)
