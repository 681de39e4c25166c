"""Headers and logs as a node or a recording sends them, every field checked before it is used.

A number is a JSON-RPC quantity (`0x1f`) below a bound that our tables hold with room to spare, a
hash has 32 bytes and an address 20. What is none is refused with the block and the field named: it
is never stored, and never left out as if it had not been sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import orjson

from analyzer.abi.batch import NO_TIME, LogColumns
from analyzer.chain.base import ChangedError
from analyzer.model.block import BlockRef
from analyzer.model.errors import UnreadError
from analyzer.model.logs import RawLog

MOST_BLOCK = 1 << 53
"""No chain has that many blocks: one a microsecond would take 285 years."""
MOST_TIME = 253_402_300_799
"""The last second of the year 9999, the last that a date can show."""
MOST_INDEX = 1 << 32
"""More logs or transactions than any block holds."""
MOST_TOPICS = 4
_HASH_BYTES, _ADDRESS_BYTES, _BLOOM_BYTES = 32, 20, 256
_SHOWN = 70

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")


def parse_header(raw: object, *, whole: bool = False) -> BlockRef:
    """A block header; `whole`: with all that was sent. A bloom filter of another length than it
    has to have is none.

    Raises UnreadError naming the block and the field that is not usable.
    """
    if not isinstance(raw, Mapping):
        raise UnreadError(f"the node gave no block header but {str(raw)[:60]}")
    try:
        return BlockRef(
            _quantity("number", raw.get("number"), MOST_BLOCK),
            _hash("hash", raw.get("hash")),
            _hash("parentHash", raw.get("parentHash")),
            _quantity("timestamp", raw.get("timestamp"), MOST_TIME),
            _bloom(raw.get("logsBloom")),
            orjson.dumps(raw) if whole else b"",
        )
    except ValueError as error:
        raise UnreadError(
            f"the header of block {_name(raw, 'number')} is not usable: {error}"
        ) from None


def parse_log(raw: object) -> RawLog:
    """A log. Raises UnreadError when a reorg has removed it, and naming block and field when one
    is not usable."""
    if not isinstance(raw, Mapping):
        raise UnreadError(f"the node gave no log but {str(raw)[:60]}")
    if raw.get("removed"):
        raise UnreadError(
            f"the node gave a log that a reorg has removed (block {_name(raw, 'blockNumber')})"
        )
    try:
        topics = raw.get("topics")
        if not isinstance(topics, list) or len(topics) > MOST_TOPICS:
            raise ValueError(f"topics are {_shown(topics)}")
        return RawLog(
            _quantity("blockNumber", raw.get("blockNumber"), MOST_BLOCK),
            _quantity("logIndex", raw.get("logIndex"), MOST_INDEX),
            _bytes("blockHash", raw.get("blockHash"), _HASH_BYTES),
            _bytes("transactionHash", raw.get("transactionHash"), _HASH_BYTES),
            _quantity("transactionIndex", raw.get("transactionIndex"), MOST_INDEX),
            _bytes("address", raw.get("address"), _ADDRESS_BYTES),
            tuple([_bytes("a topic", topic, _HASH_BYTES) for topic in topics]),
            _bytes("data", raw.get("data")),
        )
    except ValueError as error:
        raise UnreadError(
            f"a log of block {_name(raw, 'blockNumber')} is malformed: {error}"
        ) from None


def parse_log_time(raw: Mapping[str, object]) -> int:
    """The time of a log's block, which current nodes give with it; `NO_TIME` where it is not
    there, or is none."""
    try:
        return _quantity("blockTimestamp", raw.get("blockTimestamp"), MOST_TIME)
    except ValueError:
        return NO_TIME


def unique_columns(parts: Sequence[LogColumns]) -> LogColumns:
    """All logs of some answers, equal ones once.

    Raises UnreadError naming the block when two that differ have one index, ChangedError when they
    are of two blocks of one number.
    """
    columns = LogColumns.joined(parts)
    pairs = columns.repeated()
    for one, other in pairs:
        check_same(columns.log(one), columns.log(other))
    return columns.without([other for _, other in pairs]) if pairs else columns


def check_same(one: RawLog, other: RawLog) -> None:
    """Sees that two logs of one block and index are one log. Raises UnreadError naming them (a
    node that counts logs anew in each transaction says nothing of their order, and everything that
    is built from logs needs it), ChangedError when they are of two blocks of that number."""
    if one == other:
        return
    if one.block_hash != other.block_hash:
        raise ChangedError(
            f"block {one.block_number} changed while it was being read: log {one.log_index} was"
            f" given in block 0x{one.block_hash.hex()} and in 0x{other.block_hash.hex()}: run again"
        )
    raise UnreadError(
        f"two logs of block {one.block_number} have the index {one.log_index} and differ"
        f" (transactions 0x{one.tx_hash.hex()} and 0x{other.tx_hash.hex()}): a node that does not"
        " count logs over the whole block cannot be read from; name another endpoint"
    )


def _quantity(name: str, value: object, most: int) -> int:
    """A field that is a number of at most `most`. Raises ValueError naming it."""
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        number = int(value, 16)
        if number <= most:
            return number
    raise ValueError(f"{name} is {_shown(value)}, no number of this kind")


def _bytes(name: str, value: object, length: int | None = None) -> bytes:
    """A field of bytes, of that length if one is given. Raises ValueError naming it."""
    if isinstance(value, str) and value[:2] == "0x":
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = b""
        # fromhex skips white space, which is no hex digit.
        if 2 * len(data) + 2 == len(value) and (length is None or len(data) == length):
            return data
    kind = "bytes in hex" if length is None else f"{length} bytes"
    raise ValueError(f"{name} is {_shown(value)}, not {kind}")


def _hash(name: str, value: object) -> str:
    """A field that is a 32-byte hash, in lower case. Raises ValueError naming it."""
    return "0x" + _bytes(name, value, _HASH_BYTES).hex()


def _bloom(value: object) -> bytes:
    """A bloom filter; empty when this is none."""
    try:
        return _bytes("logsBloom", value, _BLOOM_BYTES)
    except ValueError:
        return b""


def _shown(value: object) -> str:
    """A value as it was sent, cut where it is long."""
    text = "missing" if value is None else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _name(raw: Mapping[str, object], field: str) -> str:
    """The number of a block for a message, as far as it is one."""
    try:
        return str(_quantity(field, raw.get(field), MOST_BLOCK))
    except ValueError:
        return "?"
