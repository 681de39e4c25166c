"""A fold that was left off after a block, as bytes: the state, and what was asked on the way to it.

    zlib( JSON line: header \n JSON line: batches of reads and their answers \n state )

The state depends on the logs and on the answers, on nothing else. Who goes on from it asks the same
again, and goes on only where the chain still says the same; so it is the fold from the first log.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.model.limits import MB, UNPACKED_MB
from analyzer.model.reads import NotRead, ReadRequest, Reverted, Value
from analyzer.protocols.base import Folding
from analyzer.protocols.kit.book_codec import packed
from analyzer.protocols.kit.state_codec import StateCodec
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.solvency.drive import Exchange

FORMAT = 1
"""Version of the frame; what is inside is versioned by the program's own digest."""
_KINDS: dict[str, Literal["call", "slot", "code_hash"]] = {
    "call": "call",
    "slot": "slot",
    "code_hash": "code_hash",
}


@dataclass(frozen=True, slots=True)
class _Header:
    """What has to be equal before anything else is read. program: `Folding.version`."""

    format: int
    program: str
    block: int


@dataclass(frozen=True, slots=True)
class _Read:
    """One read and its answer."""

    kind: str
    to: str
    data: str
    block: int | None
    label: str
    evidence: bool
    answer: Value | Reverted | NotRead


@dataclass(frozen=True, slots=True)
class _Asked:
    """Every batch, in order."""

    batches: list[list[_Read]]


_HEADERS, _ASKED = StateCodec(_Header), StateCodec(_Asked)


@dataclass(frozen=True, slots=True)
class LeftOff:
    """A fold after all logs up to `block`. state: the protocol's own; exchanges: what was asked."""

    block: int
    state: Any
    exchanges: tuple[Exchange, ...]


def pack_fold(folding: Folding, block: int, state: Any, exchanges: Sequence[Exchange]) -> bytes:
    """The fold after all logs up to `block`, as bytes: the same for the same fold.

    Raises: CodecError for a state that cannot be written.
    """
    header = _Header(FORMAT, folding.version, block)
    asked = _Asked([[_read(*pair) for pair in _pairs(one)] for one in exchanges])
    return packed(_HEADERS.pieces(header), _ASKED.pieces(asked), [folding.pack(state)])


def unpack_fold(folding: Folding, data: bytes) -> LeftOff:
    """The fold that `pack_fold` wrote. Raises: CodecError for damaged bytes, or those of another
    program."""
    parts = _inflated(data).split(b"\n", 2)
    if len(parts) != 3:
        raise CodecError("is no fold")
    header = _HEADERS.decode(parts[0])
    if (header.format, header.program) != (FORMAT, folding.version):
        raise CodecError("was packed by another program")
    exchanges = []
    for batch in _ASKED.decode(parts[1]).batches:
        requests = tuple(_request(read) for read in batch)
        exchanges.append(Exchange(requests, tuple(read.answer for read in batch)))
    return LeftOff(header.block, folding.unpack(parts[2]), tuple(exchanges))


def _pairs(exchange: Exchange) -> list[tuple[ReadRequest, Value | Reverted | NotRead]]:
    """Each request of a batch with its answer."""
    return list(zip(exchange.requests, exchange.answers, strict=True))


def _read(request: ReadRequest, answer: Value | Reverted | NotRead) -> _Read:
    """One read as it is written."""
    return _Read(
        request.kind, request.to, request.data, request.block, request.label, request.evidence,
        answer,
    )  # fmt: skip


def _request(read: _Read) -> ReadRequest:
    """The request of one that was written. Raises: CodecError."""
    if read.kind not in _KINDS:
        raise CodecError(f"asks for {read.kind}")
    return ReadRequest(
        _KINDS[read.kind], read.to, read.data, block=read.block, label=read.label,
        evidence=read.evidence,
    )  # fmt: skip


def _inflated(data: bytes) -> bytes:
    """What was packed. Raises: CodecError for damaged bytes, and for more than is taken in."""
    most = UNPACKED_MB.value * MB
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data, most + 1)
    except zlib.error as error:
        raise CodecError(f"is no fold: {error}") from error
    if len(text) > most or not inflate.eof:
        raise CodecError("is no fold: it is cut, or larger than is taken in")
    return text
