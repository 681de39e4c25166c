"""Logs as the node gave them, in columns, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Logs of these contracts, by first topic.

    `addresses`: lower-case 0x. `topics0`: lower-case 0x; empty = any. One filter is one
    `eth_getLogs` query over a block range.
    """

    addresses: tuple[str, ...]
    topics0: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawLog:
    """One log, as stored. Hex fields are bytes; nothing is decoded yet."""

    block_number: int
    log_index: int
    block_hash: bytes
    tx_hash: bytes
    tx_index: int
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One decoded log: the event's name and its arguments by the names of the ABI.

    Integers are Python ints, addresses checksummed text, bytesN are bytes. `contract` is the
    role under which the address was indexed ("vault", "pool", ...). `time` is the block's time.
    """

    block_number: int
    log_index: int
    tx_hash: str
    address: str
    contract: str
    name: str
    args: Mapping[str, object]
    time: int
