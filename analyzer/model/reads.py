"""What a protocol asks of a node at a pinned block, and the three kinds of answer.

A protocol never talks to a node: it gives `ReadRequest`s, `chain` performs them, and each comes
back as a value, a revert or a 'not read'. A revert is data; a 'not read' is never zero.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

ReadKind: TypeAlias = Literal["call", "slot", "code_hash"]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One logical read at a block.

    kind `call`: `to` is asked with `data` (0x calldata). kind `slot`: `data` is a 32-byte storage
    key (0x, 64 digits) of `to`. kind `code_hash`: keccak of the code at `to`; `data` is "0x".
    `label` names the read for people (`AccountBalance.getMarkPrice(vETH)`). `evidence`: the answer
    is only shown or compared (a symbol, a balance for a control total), and no margin needs it.
    Neither is part of the identity of the request.
    `block`: None = the block that is rebuilt. A number = an earlier block, for what an upgrade
    wrote there in silence. The block that is rebuilt and later ones are never asked that way
    (the answer is a 'not read'): an anchor that is read where it is judged agrees with itself.
    """

    kind: ReadKind
    to: str
    data: str
    block: int | None = field(default=None, kw_only=True)
    label: str = field(default="", compare=False)
    evidence: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Value:
    """The bytes that the read returned (a slot and a code hash are 32 bytes)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Reverted:
    """The call reverted: data, not an exception. `message` is the node's own text, or decoded."""

    data: bytes
    message: str


@dataclass(frozen=True, slots=True)
class NotRead:
    """The read could not be done (node failure, answer not in the recording); `reason` says why."""

    reason: str


Answer: TypeAlias = Value | Reverted | NotRead

T = TypeVar("T")
Reading: TypeAlias = Generator[Sequence[ReadRequest], Sequence[Answer], T]
"""A computation that asks for batches of reads as it goes, and returns a `T` in the end.

`yield [requests]` gives back the answers in the same order. The one who drives it (solvency)
hands the batches to `chain`, so the computation itself stays free of any node.
"""
