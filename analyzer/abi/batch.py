"""Many logs as numpy arrays: the form that the raw scanner, the reader and the index share.

`LogBatch` holds logs of one shape (so many topics, so many bytes of data); `LogColumns` any logs,
as batches, and is a sequence of log objects where somebody wants one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, overload

import numpy as np
import numpy.typing as npt

from analyzer.abi.keccak import ADDRESS_BYTES
from analyzer.abi.types import WORD
from analyzer.model.logs import RawLog

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
NO_TIME = -1
"""Stands for a block's time where the node did not give it with the log."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class LogBlocks:
    """The blocks of some logs, ascending: numbers, hashes [block, 32], times (`NO_TIME` = not
    given). two_faced: numbers of blocks whose logs name more than one hash."""

    number: Ints
    hash: Bytes
    time: Ints
    two_faced: Ints

    def __len__(self) -> int:
        """How many blocks."""
        return len(self.number)

    def where(self, keep: Mask) -> LogBlocks:
        """The blocks where a mask is true."""
        return LogBlocks(self.number[keep], self.hash[keep], self.time[keep], self.two_faced)


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Logs that have the same number of topics and the same length of data.

    Shapes: numbers [log]; block_hash, tx_hash [log, 32]; address [log, 20];
    topics [log, topic, 32]; data [log, byte]. block_time: unix seconds, `NO_TIME` = not given.
    """

    block_number: Ints
    log_index: Ints
    tx_index: Ints
    block_time: Ints
    block_hash: Bytes
    tx_hash: Bytes
    address: Bytes
    topics: Bytes
    data: Bytes

    def __len__(self) -> int:
        """How many logs."""
        return len(self.block_number)

    @property
    def shape(self) -> tuple[int, int]:
        """(number of topics, bytes of data)."""
        return self.topics.shape[1], self.data.shape[1]

    @classmethod
    def of(cls, logs: Sequence[RawLog], times: Sequence[int] | None = None) -> LogBatch:
        """Logs of one shape in columns. times: their blocks', None = not known."""
        topics = len(logs[0].topics) if logs else 0
        width = len(logs[0].data) if logs else 0
        joined = b"".join([topic for log in logs for topic in log.topics])
        return cls(
            np.array([log.block_number for log in logs], dtype=np.int64),
            np.array([log.log_index for log in logs], dtype=np.int64),
            np.array([log.tx_index for log in logs], dtype=np.int64),
            np.array([NO_TIME] * len(logs) if times is None else times, dtype=np.int64),
            _matrix(b"".join([log.block_hash for log in logs]), WORD),
            _matrix(b"".join([log.tx_hash for log in logs]), WORD),
            _matrix(b"".join([log.address for log in logs]), ADDRESS_BYTES),
            np.frombuffer(joined, dtype=np.uint8).reshape(len(logs), topics, WORD),
            np.frombuffer(b"".join([log.data for log in logs]), dtype=np.uint8).reshape(
                len(logs), width
            ),
        )

    def log(self, i: int) -> RawLog:
        """Log number `i` of the batch as an object."""
        return RawLog(
            int(self.block_number[i]),
            int(self.log_index[i]),
            self.block_hash[i].tobytes(),
            self.tx_hash[i].tobytes(),
            int(self.tx_index[i]),
            self.address[i].tobytes(),
            tuple([topic.tobytes() for topic in self.topics[i]]),
            self.data[i].tobytes(),
        )

    def objects(self) -> list[RawLog]:
        """All logs as objects, in the batch's order."""
        topics, width = self.shape
        pieces = _pieces(self.topics, WORD)
        return [
            RawLog(number, index, block, tx, place, address, tuple(some), data)
            for number, index, block, tx, place, address, some, data in zip(
                self.block_number.tolist(),
                self.log_index.tolist(),
                _pieces(self.block_hash, WORD),
                _pieces(self.tx_hash, WORD),
                self.tx_index.tolist(),
                _pieces(self.address, ADDRESS_BYTES),
                (pieces[i * topics : i * topics + topics] for i in range(len(self))),
                _pieces(self.data, width) if width else [b""] * len(self),
                strict=True,
            )
        ]

    def take(self, rows: Ints | Mask) -> LogBatch:
        """The logs at some places, or where a mask is true."""
        return LogBatch(*(getattr(self, name)[rows] for name in self.__slots__))


class LogColumns(Sequence[RawLog]):
    """Logs in batches, one of each shape; in (block, log index) order when taken as a sequence,
    whose objects are made when the first is asked for."""

    __slots__ = ("_objects", "_order", "batches")

    def __init__(self, batches: Sequence[LogBatch] = ()) -> None:
        self.batches: tuple[LogBatch, ...] = tuple(b for b in batches if len(b))
        self._objects: list[RawLog] | None = None
        self._order: Ints | None = None

    @classmethod
    def of(cls, logs: Sequence[RawLog], times: Sequence[int] | None = None) -> LogColumns:
        """Logs in columns; what is in columns already stays as it is. times: of their blocks."""
        if isinstance(logs, LogColumns):
            return logs
        shapes: dict[tuple[int, int], list[int]] = {}
        for place, log in enumerate(logs):
            shapes.setdefault((len(log.topics), len(log.data)), []).append(place)
        return cls(
            [
                LogBatch.of(
                    [logs[i] for i in places], None if times is None else [times[i] for i in places]
                )
                for places in shapes.values()
            ]
        )

    @classmethod
    def joined(cls, parts: Sequence[LogColumns]) -> LogColumns:
        """All logs of some columns; nothing is compared."""
        if len(parts) == 1:
            return parts[0]
        shapes: dict[tuple[int, int], list[LogBatch]] = {}
        for batch in (batch for part in parts for batch in part.batches):
            shapes.setdefault(batch.shape, []).append(batch)
        return cls([joined_batches(same) for same in shapes.values()])

    @property
    def block_number(self) -> Ints:
        """The blocks of the logs, batch after batch."""
        return _concatenated([batch.block_number for batch in self.batches])

    @property
    def log_index(self) -> Ints:
        """The log indexes, batch after batch."""
        return _concatenated([batch.log_index for batch in self.batches])

    @property
    def order(self) -> Ints:
        """The places (batch after batch) in (block, log index) order."""
        if self._order is None:
            self._order = np.lexsort((self.log_index, self.block_number))
        return self._order

    def blocks(self) -> LogBlocks:
        """The blocks that have a log. A time on which the logs of a block differ is not given."""
        order, none = self.order, np.zeros(0, dtype=np.int64)
        if not len(order):
            return LogBlocks(none, np.zeros((0, WORD), dtype=np.uint8), none, none)
        number = self.block_number[order]
        hashes = np.concatenate([batch.block_hash for batch in self.batches])[order]
        times = np.concatenate([batch.block_time for batch in self.batches])[order]
        again = np.append(False, number[1:] == number[:-1])
        first = np.flatnonzero(~again)
        other = np.append(False, (hashes[1:] != hashes[:-1]).any(axis=1)) & again
        uneven = np.append(False, times[1:] != times[:-1]) & again
        block = np.cumsum(~again) - 1
        time = times[first].copy()
        time[block[uneven]] = NO_TIME
        return LogBlocks(number[first], hashes[first], time, np.unique(number[other]))

    def repeated(self) -> list[tuple[int, int]]:
        """Pairs of places (batch after batch) that have one block and log index."""
        order = self.order
        number, index = self.block_number[order], self.log_index[order]
        same = (number[1:] == number[:-1]) & (index[1:] == index[:-1])
        at = np.flatnonzero(same)
        return list(zip(order[at].tolist(), order[at + 1].tolist(), strict=True))

    def log(self, place: int) -> RawLog:
        """The log at a place, batch after batch, as an object."""
        for batch in self.batches:
            if place < len(batch):
                return batch.log(place)
            place -= len(batch)
        raise IndexError(place)

    def without(self, places: Sequence[int]) -> LogColumns:
        """The logs but for those at some places (batch after batch)."""
        keep = np.ones(len(self), dtype=np.bool_)
        keep[list(places)] = False
        return self.where(keep)

    def where(self, keep: Mask) -> LogColumns:
        """The logs where a mask over the places (batch after batch) is true."""
        out, at = [], 0
        for batch in self.batches:
            part = keep[at : at + len(batch)]
            out.append(batch if part.all() else batch.take(part))
            at += len(batch)
        return LogColumns(out)

    def __len__(self) -> int:
        return sum(map(len, self.batches))

    @overload
    def __getitem__(self, place: int) -> RawLog: ...

    @overload
    def __getitem__(self, place: slice) -> list[RawLog]: ...

    def __getitem__(self, place: int | slice) -> RawLog | list[RawLog]:
        return self._made()[place]

    def __iter__(self) -> Iterator[RawLog]:
        return iter(self._made())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return self._made() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LogColumns({len(self)} logs)"

    def _made(self) -> list[RawLog]:
        """The logs as objects, in order."""
        if self._objects is None:
            objects = [log for batch in self.batches for log in batch.objects()]
            self._objects = [objects[i] for i in self.order.tolist()]
        return self._objects


def joined_batches(batches: Sequence[LogBatch]) -> LogBatch:
    """Batches of one shape as one."""
    if len(batches) == 1:
        return batches[0]
    return LogBatch(
        *(
            np.concatenate([getattr(batch, name) for batch in batches])
            for name in LogBatch.__slots__
        )
    )


def distinct(rows: Bytes) -> tuple[Ints, Ints]:
    """(a place of each different row, which of them each row is). Shape of rows: [row, byte]."""
    count, width = rows.shape
    padded = np.zeros((count, -(-width // 8)), dtype=np.uint64)
    padded.view(np.uint8)[:, :width] = rows
    mixed = padded[:, 0].copy()
    for column in range(1, padded.shape[1]):
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX + padded[:, column]
    _, first, which = np.unique(mixed, return_index=True, return_inverse=True)
    if not (padded[first[which]] == padded).all():  # two rows that mix to the same number
        keys = np.ascontiguousarray(rows).view(f"V{width}").ravel()
        _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return first.astype(np.int64), which.astype(np.int64)


def _pieces(rows: Bytes, width: int) -> list[bytes]:
    """The rows as bytes objects of `width` each."""
    text = np.ascontiguousarray(rows).tobytes()
    return [text[i : i + width] for i in range(0, len(text), width)]


def _concatenated(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


def _matrix(joined: bytes, width: int) -> Bytes:
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, width)
