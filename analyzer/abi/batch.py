"""Many logs as numpy arrays: the form that the column decoder and the raw scanner share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from analyzer.abi.errors import DecodeError
from analyzer.abi.keccak import ADDRESS_BYTES
from analyzer.abi.types import WORD
from analyzer.model.logs import RawLog

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Logs that have the same number of topics and the same length of data.

    Shapes: numbers [log]; block_hash, tx_hash [log, 32]; address [log, 20];
    topics [log, topic, 32]; data [log, byte].
    """

    block_number: Ints
    log_index: Ints
    tx_index: Ints
    block_hash: Bytes
    tx_hash: Bytes
    address: Bytes
    topics: Bytes
    data: Bytes

    def __len__(self) -> int:
        """How many logs."""
        return len(self.block_number)

    @classmethod
    def of(cls, logs: Sequence[RawLog]) -> LogBatch:
        """The logs in columns. Raises DecodeError naming the first that is shaped differently."""
        topics = len(logs[0].topics) if logs else 0
        width = len(logs[0].data) if logs else 0
        for log in logs:
            if len(log.topics) != topics or len(log.data) != width:
                raise DecodeError(
                    f"block {log.block_number}, log {log.log_index}",
                    f"{len(log.topics)} topics and {len(log.data)} bytes of data, where the logs"
                    f" before it have {topics} and {width}",
                )
        joined = b"".join([topic for log in logs for topic in log.topics])
        return cls(
            np.array([log.block_number for log in logs], dtype=np.int64),
            np.array([log.log_index for log in logs], dtype=np.int64),
            np.array([log.tx_index for log in logs], dtype=np.int64),
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
            tuple(topic.tobytes() for topic in self.topics[i]),
            self.data[i].tobytes(),
        )


def _matrix(joined: bytes, width: int) -> Bytes:
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, width)
