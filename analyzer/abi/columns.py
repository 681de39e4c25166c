"""Many logs of one event to Arrow columns, exact, without an object per log.

    word (32 bytes, big endian)  ->  low 16 bytes reversed = a 128-bit integer as DuckDB stores it

Integers are HUGEINT columns (`pa.opaque(binary(16), 'hugeint', 'DuckDB')`). A type that may not
fit 128 signed bits (uint128 and wider, int136 and wider) has a second column `<name>_overflow`
of 32 big-endian bytes: where a value does not fit, it is there in full and the HUGEINT is NULL;
else it is NULL. Nothing is clipped. Dynamic types go log by log through the exact codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analyzer.abi.batch import Bytes, LogBatch
from analyzer.abi.contract import EventAbi, EventInput
from analyzer.abi.errors import DecodeError
from analyzer.abi.events import decode_log, event_plan
from analyzer.abi.keccak import checksum
from analyzer.abi.types import WORD, AbiType, BlobType, WordType, parse_type
from analyzer.model.logs import RawLog

if TYPE_CHECKING:
    import pyarrow as pa

Mask = npt.NDArray[np.bool_]

_HUGEINT_BYTES = 16
_FITS_SIGNED, _FITS_UNSIGNED = 128, 120
"""The widest ABI types, signed and unsigned, of which every value fits 128 signed bits."""


def hugeint() -> pa.DataType:
    """The Arrow type that DuckDB reads and writes as HUGEINT."""
    import pyarrow as pa

    return pa.opaque(pa.binary(_HUGEINT_BYTES), "hugeint", "DuckDB")


def decode_columns(logs: Sequence[RawLog], event: EventAbi) -> pa.Table:
    """A table of the logs of one event, in their order.

    Columns: block_number, log_index (int64), tx_hash (0x text), address (checksummed), then one
    per argument: integers as HUGEINT (with an overflow column), addresses checksummed text, bool,
    bytesN binary(N), an indexed dynamic value its 32-byte hash, string and bytes as they are,
    arrays and structs as JSON text with integers as strings.
    Raises DecodeError when a log is not this event (topics, length, dirty padding).
    """
    if event_plan(event).data_bytes is None or not _is_words(event):
        return _decode_slowly(logs, event)
    try:
        return decode_batch(LogBatch.of(logs), event)
    except DecodeError:
        # The exact path says which field of which log is wrong; if it finds nothing, the logs
        # merely differ in shape, which no event of fixed words does.
        for log in logs:
            decode_log(log, event)
        raise


def decode_batch(batch: LogBatch, event: EventAbi) -> pa.Table:
    """The same for logs that are in columns already; the event has to be of fixed words.

    Raises DecodeError when a log is not this event.
    """
    import pyarrow as pa

    plan = event_plan(event)
    if plan.data_bytes is None or not _is_words(event):
        raise DecodeError(event.name, "has arguments that are not single words")
    if not len(batch):
        return pa.table(_empty(event))
    if batch.topics.shape[1] != len(plan.indexed) + 1 or batch.data.shape[1] != plan.data_bytes:
        raise DecodeError(
            event.name,
            f"logs with {batch.topics.shape[1]} topics and {batch.data.shape[1]} bytes of data,"
            f" where {len(plan.indexed) + 1} and {plan.data_bytes} are needed",
        )
    wrong = (batch.topics[:, 0] != np.frombuffer(plan.topic0, dtype=np.uint8)).any(axis=1)
    _raise_at(batch, event, "topics", wrong)
    columns = _common(batch)
    topic, word = 1, 0
    for parameter in event.inputs:
        if parameter.indexed:
            words, topic = batch.topics[:, topic], topic + 1
        else:
            words, word = batch.data[:, WORD * word : WORD * word + WORD], word + 1
        kind = parse_type(parameter.type)
        if isinstance(kind, WordType):
            columns |= _word_columns(batch, event, parameter, kind, words)
        else:
            columns[parameter.name] = _binary(words, WORD)
    return pa.table(columns)


def _is_words(event: EventAbi) -> bool:
    """Whether everything in the data is one word (an indexed argument always is)."""
    return all(p.indexed or isinstance(parse_type(p.type), WordType) for p in event.inputs)


def _common(batch: LogBatch) -> dict[str, pa.Array]:
    """The columns that every event has."""
    import pyarrow as pa

    return {
        "block_number": pa.array(batch.block_number),
        "log_index": pa.array(batch.log_index),
        "tx_hash": hex_text(batch.tx_hash),
        "address": _addresses(batch.address),
    }


def _word_columns(
    batch: LogBatch, event: EventAbi, parameter: EventInput, kind: WordType, words: Bytes
) -> dict[str, pa.Array]:
    """The column or columns of one argument, its padding checked."""
    import pyarrow as pa

    name = parameter.name
    if kind.kind in ("uint", "int"):
        _raise_at(batch, event, name, _does_not_fit_type(words, kind))
        return _integers(name, kind, words)
    if kind.kind == "address":
        _raise_at(batch, event, name, words[:, :12].any(axis=1))
        return {name: _addresses(words[:, 12:])}
    if kind.kind == "bool":
        _raise_at(batch, event, name, words[:, :31].any(axis=1) | (words[:, 31] > 1))
        return {name: pa.array(words[:, 31] == 1)}
    _raise_at(batch, event, name, words[:, kind.size :].any(axis=1))
    return {name: _binary(words[:, : kind.size], kind.size)}


def _does_not_fit_type(words: Bytes, kind: WordType) -> Mask:
    """Where a word is not a value of its integer type: the bytes above must be the sign's."""
    above = WORD - kind.size // 8
    if not above:
        return np.zeros(len(words), dtype=np.bool_)
    return _above_differs(words, above, signed=kind.kind == "int")


def _above_differs(words: Bytes, above: int, *, signed: bool) -> Mask:
    """Where the first `above` bytes are not the sign extension of what follows."""
    if not signed:
        return np.asarray(words[:, :above].any(axis=1))
    sign = np.where(words[:, above] >= 0x80, np.uint8(0xFF), np.uint8(0))
    return np.asarray((words[:, :above] != sign[:, None]).any(axis=1))


def _integers(name: str, kind: WordType, words: Bytes) -> dict[str, pa.Array]:
    """The HUGEINT column and, where the type can exceed it, the overflow column."""
    import pyarrow as pa

    low = np.ascontiguousarray(words[:, : _HUGEINT_BYTES - 1 : -1])
    signed = kind.kind == "int"
    if kind.size <= (_FITS_SIGNED if signed else _FITS_UNSIGNED):
        return {name: pa.ExtensionArray.from_storage(hugeint(), _binary(low, _HUGEINT_BYTES))}
    over = _above_differs(words, _HUGEINT_BYTES, signed=signed)
    if not signed:
        over |= words[:, _HUGEINT_BYTES] >= 0x80
    storage = _binary(low, _HUGEINT_BYTES, valid=~over)
    return {
        name: pa.ExtensionArray.from_storage(hugeint(), storage),
        f"{name}_overflow": _binary(words, WORD, valid=over),
    }


def _binary(rows: Bytes, width: int, *, valid: Mask | None = None) -> pa.Array:
    """A fixed-size binary column; rows that are not valid are NULL."""
    import pyarrow as pa

    bitmap, nulls = None, 0
    if valid is not None and not valid.all():
        bitmap = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
        nulls = int(len(valid) - valid.sum())
    data = pa.py_buffer(np.ascontiguousarray(rows).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(rows), [bitmap, data], null_count=nulls
    )


def hex_text(rows: Bytes) -> pa.Array:
    """Rows of bytes as 0x text."""
    import pyarrow as pa

    count, width = rows.shape
    text = np.empty((count, 2 + 2 * width), dtype=np.uint8)
    text[:, 0], text[:, 1] = ord("0"), ord("x")
    digits = np.ascontiguousarray(rows).tobytes().hex().encode()
    text[:, 2:] = np.frombuffer(digits, dtype=np.uint8).reshape(count, 2 * width)
    offsets = np.arange(count + 1, dtype=np.int64) * text.shape[1]
    buffers = [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes())]
    return pa.LargeStringArray.from_buffers(count, *buffers[1:]).cast(pa.string())


def _addresses(rows: Bytes) -> pa.Array:
    """Checksummed addresses; each different one is hashed once."""
    import pyarrow as pa

    keys = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel()
    different, place = np.unique(keys, return_inverse=True)
    return pa.array([checksum(key.tobytes()) for key in different], pa.string()).take(
        pa.array(place)
    )


def _raise_at(batch: LogBatch, event: EventAbi, field: str, wrong: Mask | np.bool_) -> None:
    """Raises DecodeError for the first log where `wrong` is true, by the exact path's words."""
    if not wrong.any():
        return
    log = batch.log(int(np.argmax(wrong)))
    decode_log(log, event)
    raise DecodeError(
        f"{event.name} (block {log.block_number}, log {log.log_index}): {field}",
        "the column decoder refuses what the exact decoder takes",
    )


def _empty(event: EventAbi) -> dict[str, pa.Array]:
    """Columns without rows, of the right types."""
    import pyarrow as pa

    columns: dict[str, pa.Array] = {
        "block_number": pa.array([], pa.int64()),
        "log_index": pa.array([], pa.int64()),
        "tx_hash": pa.array([], pa.string()),
        "address": pa.array([], pa.string()),
    }
    for parameter in event.inputs:
        columns |= _slow_columns(parameter, [])
    return columns


def _decode_slowly(logs: Sequence[RawLog], event: EventAbi) -> pa.Table:
    """The same table through the exact codec, log by log: for dynamic types."""
    import pyarrow as pa

    decoded = [decode_log(log, event) for log in logs]
    columns: dict[str, pa.Array] = {
        "block_number": pa.array([log.block_number for log in logs], pa.int64()),
        "log_index": pa.array([log.log_index for log in logs], pa.int64()),
        "tx_hash": pa.array(["0x" + log.tx_hash.hex() for log in logs], pa.string()),
        "address": pa.array([checksum(log.address) for log in logs], pa.string()),
    }
    for parameter in event.inputs:
        columns |= _slow_columns(parameter, [row[parameter.name] for row in decoded])
    return pa.table(columns)


def _slow_columns(parameter: EventInput, values: Sequence[object]) -> dict[str, pa.Array]:
    """The columns of one argument from its decoded values."""
    import pyarrow as pa

    kind: AbiType = parse_type(parameter.type)
    name = parameter.name
    if isinstance(kind, WordType):
        if kind.kind in ("uint", "int"):
            words = b"".join(
                int(str(v)).to_bytes(WORD, "big", signed=kind.kind == "int") for v in values
            )
            return _integers(name, kind, np.frombuffer(words, np.uint8).reshape(-1, WORD))
        types = {"address": pa.string(), "bool": pa.bool_()}
        return {name: pa.array(values, types.get(kind.kind, pa.binary(kind.size)))}
    if parameter.indexed:
        return {name: pa.array(values, pa.binary(WORD))}
    if isinstance(kind, BlobType):
        return {name: pa.array(values, pa.string() if kind.kind == "string" else pa.binary())}
    return {name: pa.array([_json(value) for value in values], pa.string())}


def _json(value: object) -> str:
    """An array or struct as JSON: integers as strings (they may exceed what JSON readers keep),
    bytes as 0x text."""
    import orjson

    def plain(item: object) -> object:
        if isinstance(item, tuple):
            return [plain(part) for part in item]
        if isinstance(item, bytes):
            return "0x" + item.hex()
        return str(item) if isinstance(item, int) and not isinstance(item, bool) else item

    return orjson.dumps(plain(value)).decode()
