"""Logs from Parquet files, as cryo and tiders write them; all else of the chain is a node's.

    DIR/*.parquet ──▶ columns ──▶ headers of the node: hash, bloom filter ──▶ LogChunk
                                  a stretch of every chunk: the node's own logs, compared

Columns: block_number, log_index, transaction_index, transaction_hash, address, topic0 to topic3
(NULL = not there), data; block_hash where it was written (cryo: `--include-columns block_hash`),
without which a log's block is known by its number alone. Bytes, or text with 0x. What else is there
is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.abi.batch import NO_TIME, Bytes, Ints, LogBatch, LogColumns
from analyzer.abi.keccak import ADDRESS_BYTES
from analyzer.abi.types import WORD
from analyzer.chain.base import Chain, LogChunk
from analyzer.chain.bloom import suspicious
from analyzer.chain.completeness import check_fit, check_reached
from analyzer.chain.log_answers import Wanted
from analyzer.chain.size import Size
from analyzer.chain.wire import unique_columns
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.logs import LogFilter
from analyzer.model.reads import Answer, ReadRequest

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

FIRST_SPAN, MOST_SPAN = 5_000, 1_000_000
WANTED_LOGS = 20_000
"""Logs a chunk above which the range does not grow."""
COMPARED_BLOCKS = 20
"""Blocks of each chunk whose logs the node is asked for as well, and of those without a log so
many whose filters are looked at."""
_NUMBERS = ("block_number", "log_index", "transaction_index")
_FIXED = {"transaction_hash": WORD, "address": ADDRESS_BYTES}
_TOPICS = ("topic0", "topic1", "topic2", "topic3")
_NEEDED = (*_NUMBERS, *_FIXED, *_TOPICS, "data")
_HASH = "block_hash"
_CRYO_NAME = re.compile(r"__(\d+)_to_(\d+)\.parquet$")
"""How cryo names a file: the blocks that it covers."""


class LogFiles:
    """A chain whose logs are in the Parquet files of a folder, and everything else `chain`'s.

    Raises InputError when the folder has no such file, or one without the columns.
    """

    def __init__(self, chain: Chain, folder: Path) -> None:
        import pyarrow.dataset as ds

        self.chain_id = chain.chain_id
        self._chain = chain
        self._folder = folder
        self._files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
        if not self._files:
            raise InputError(f"{folder} holds no Parquet files: name the folder that has them")
        try:
            self._data = ds.dataset([str(file) for file in self._files], format="parquet")
        except Exception as error:  # whatever pyarrow says of a file that is none
            raise InputError(f"{folder} cannot be read: {str(error).splitlines()[0]}") from error
        missing = [name for name in _NEEDED if name not in self._data.schema.names]
        if missing:
            raise InputError(
                f"the files in {folder} have no column {', '.join(missing)}: logs as cryo or tiders"
                " write them are needed"
            )
        self._span = Size(FIRST_SPAN, MOST_SPAN)

    def resolve(self, text: str) -> BlockRef:
        """The block of the node that `text` names."""
        return self._chain.resolve(text)

    def headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        """The node's headers."""
        return self._chain.headers(numbers)

    def read(self, block: BlockRef, requests: Sequence[ReadRequest]) -> list[Answer]:
        """The node's answers."""
        return self._chain.read(block, requests)

    def close(self) -> None:
        """Closes the node."""
        self._chain.close()

    def logs(self, filters: Sequence[LogFilter], first: int, last: int) -> Iterator[LogChunk]:
        """All logs of `filters` in `first..last`, in contiguous chunks.

        Raises UnreadError for blocks that the files do not cover, for logs that do not fit the
        node's headers, and where the node gives other logs of a stretch that is compared, or some
        of a block that is looked at because it has none.
        """
        self._check_covered(first, last)
        anchor = self._chain.headers([last])[0]
        while first <= last:
            end = min(last, first + self._span.now - 1)
            logs, headers = self._fitting(filters, first, end)
            check_reached(anchor, headers[-1])
            self._compare(filters, logs, first, end)
            self._check_silent(filters, logs, first, end)
            self._answered(end - first + 1, len(logs))
            yield LogChunk(first, end, logs, headers)
            first = end + 1

    def _fitting(
        self, filters: Sequence[LogFilter], first: int, end: int
    ) -> tuple[LogColumns, list[BlockRef]]:
        """The logs of some blocks and the headers of those that have any, and of the ends."""
        logs = self._read(filters, first, end)
        numbers = sorted({first, end, *logs.blocks().number.tolist()})
        headers = self._chain.headers(numbers)
        if _HASH not in self._data.schema.names:
            logs = _hashed(logs, headers)
        check_fit(logs, headers)
        return logs, headers

    def _compare(
        self, filters: Sequence[LogFilter], logs: LogColumns, first: int, end: int
    ) -> None:
        """Sees that the node gives the same logs of a stretch in the middle."""
        low = max(first, (first + end - COMPARED_BLOCKS) // 2)
        high = min(end, low + COMPARED_BLOCKS - 1)
        given = [log for chunk in self._chain.logs(filters, low, high) for log in chunk.logs]
        number = logs.block_number
        held = list(logs.where((number >= low) & (number <= high)))
        if held != given:
            known = {(log.block_number, log.log_index): log for log in held}
            other = [g for g in given if known.get((g.block_number, g.log_index)) != g]
            block = other[0].block_number if other else low
            raise UnreadError(
                f"the files in {self._folder} have {len(held)} logs of blocks {low} to {high} where"
                f" the node gives {len(given)}; they differ first in block {block}: the files lack"
                " contracts or events that are needed, or are of another chain"
            )

    def _check_silent(
        self, filters: Sequence[LogFilter], logs: LogColumns, first: int, end: int
    ) -> None:
        """Asks the node for blocks of which the files have no log although their bloom filter has
        room for one; of some blocks, spread evenly over those without a log."""
        silent = np.setdiff1d(np.arange(first, end + 1), logs.blocks().number)
        places = np.linspace(0, len(silent) - 1, min(COMPARED_BLOCKS, len(silent)), dtype=np.int64)
        for header in self._chain.headers(np.unique(silent[places]).tolist()):
            number = header.number
            if suspicious(header, filters) and any(
                len(chunk.logs) for chunk in self._chain.logs(filters, number, number)
            ):
                raise UnreadError(
                    f"the files in {self._folder} have no log of block {number}, and the node gives"
                    " some: they are not whole; write them again"
                )

    def _answered(self, asked: int, logs: int) -> None:
        """Grows the range while there are few logs in it, and narrows it where there are many."""
        if logs < WANTED_LOGS // 2:
            self._span.answered(asked)
        elif logs > 2 * WANTED_LOGS:
            self._span.narrow(asked // 2)

    def _check_covered(self, first: int, last: int) -> None:
        """Sees that the files cover some blocks, as far as they say it: by cryo's names, else up to
        the last block with a log. Raises UnreadError naming the first that they do not."""
        nowhere = self._data.count_rows(filter=_field("block_number").is_null())
        if nowhere:
            raise UnreadError(
                f"the files in {self._folder} hold {nowhere} logs without a block number: write"
                " them again"
            )
        named = [match for file in self._files if (match := _CRYO_NAME.search(file.name))]
        due = first
        if len(named) == len(self._files):
            for low, high in sorted((int(match[1]), int(match[2])) for match in named):
                if low <= due:
                    due = max(due, high + 1)
        else:
            due = self._last_block() + 1
        if due <= last:
            raise UnreadError(
                f"the files in {self._folder} do not cover block {due}, logs up to block {last} are"
                f" needed: name --block {due - 1}, and go on from the node after it"
            )

    def _last_block(self) -> int:
        """The last block with a log in the files."""
        import pyarrow.compute as pc

        found = self._data.to_table(columns=["block_number"]).column(0)
        return int(pc.max(found).as_py() or 0)

    def _read(self, filters: Sequence[LogFilter], first: int, end: int) -> LogColumns:
        """The logs of some blocks that a filter asks for. Raises UnreadError for a row that is no
        log."""
        number = _field("block_number")
        names = [*_NEEDED, *(n for n in (_HASH, "removed") if n in self._data.schema.names)]
        table = self._data.to_table(
            columns=names, filter=(number >= first) & (number <= end)
        ).combine_chunks()
        try:
            logs = _columns(table)
        except (ValueError, TypeError) as error:
            raise UnreadError(
                f"the files in {self._folder} hold what is no log, in blocks {first} to {end}:"
                f" {error}"
            ) from error
        wanted = [Wanted(log_filter) for log_filter in filters]
        kept = [batch.take(_asked(wanted, batch)) for batch in logs.batches]
        return unique_columns([LogColumns(kept)])


def _field(name: str) -> ds.Expression:
    import pyarrow.dataset as ds

    return ds.field(name)


def _asked(wanted: Sequence[Wanted], batch: LogBatch) -> Any:
    """Where a log of a batch is asked for by any filter."""
    return np.any([one.asked(batch) for one in wanted], axis=0)


def _columns(table: pa.Table) -> LogColumns:
    """The rows of a table as logs. Raises ValueError naming a column that is not as it has to."""
    import pyarrow.compute as pc

    if not table.num_rows:
        return LogColumns()
    if "removed" in table.column_names and pc.any(table["removed"]).as_py():
        raise ValueError("a log that a reorg has removed")
    numbers = {name: _integers(name, table[name]) for name in _NUMBERS}
    fixed = {name: _fixed(name, table[name], width) for name, width in _FIXED.items()}
    hashes = _fixed(_HASH, table[_HASH], WORD) if _HASH in table.column_names else None
    topics = [np.asarray(table[name].is_valid()) for name in _TOPICS]
    counts = np.sum(topics, axis=0)
    if any((held != (counts > place)).any() for place, held in enumerate(topics)):
        raise ValueError("a topic without the one before it")
    words = [_fixed(name, table[name], WORD, none=bytes(WORD)) for name in _TOPICS]
    data = [_bytes(value) for value in table["data"].to_pylist()]
    lengths = np.array([len(value) for value in data], dtype=np.int64)
    out = []
    for count, length in sorted(set(zip(counts.tolist(), lengths.tolist(), strict=True))):
        rows = np.flatnonzero((counts == count) & (lengths == length))
        joined = b"".join([data[row] for row in rows.tolist()])
        none = np.zeros((len(rows), 0, WORD), dtype=np.uint8)
        out.append(
            LogBatch(
                numbers["block_number"][rows],
                numbers["log_index"][rows],
                numbers["transaction_index"][rows],
                np.full(len(rows), NO_TIME, dtype=np.int64),
                np.zeros((len(rows), WORD), np.uint8) if hashes is None else hashes[rows],
                fixed["transaction_hash"][rows],
                fixed["address"][rows],
                np.stack([word[rows] for word in words[:count]], axis=1) if count else none,
                np.frombuffer(joined, dtype=np.uint8).reshape(len(rows), length),
            )
        )
    return LogColumns(out)


def _integers(name: str, column: pa.ChunkedArray) -> Ints:
    """A column of numbers."""
    if column.null_count:
        raise ValueError(f"{name} is NULL")
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _fixed(name: str, column: pa.ChunkedArray, width: int, *, none: bytes = b"") -> Bytes:
    """A column of bytes of one width. none: what stands for NULL."""
    values = [none if value is None else _bytes(value) for value in column.to_pylist()]
    if any(len(value) != width for value in values):
        raise ValueError(f"{name} is not {width} bytes")
    return np.frombuffer(b"".join(values), dtype=np.uint8).reshape(-1, width)


def _bytes(value: object) -> bytes:
    """A value that is bytes, or text with 0x; NULL data is none."""
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    return bytes(value) if isinstance(value, bytes) else b""


def _hashed(logs: LogColumns, headers: Sequence[BlockRef]) -> LogColumns:
    """The logs with their blocks' hashes from the headers."""
    numbers = np.array([header.number for header in headers], dtype=np.int64)
    joined = bytes.fromhex("".join([header.hash[2:] for header in headers]))
    hashes = np.frombuffer(joined, dtype=np.uint8).reshape(-1, WORD)
    return LogColumns(
        [
            replace(batch, block_hash=hashes[np.searchsorted(numbers, batch.block_number)])
            for batch in logs.batches
        ]
    )
