"""Derive V2's reads: the plug's batch, with the ABI files and the error names of this protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from analyzer.model.errors import InputError, UnreadError
from analyzer.model.reads import Answer
from analyzer.protocols.derive_v2.errors import error_name
from analyzer.protocols.kit.batch import Batch as AnyBatch
from analyzer.protocols.kit.batch import Replies as AnyReplies
from analyzer.protocols.kit.batch import Ticket
from analyzer.protocols.kit.unreadable import Unreadable

__all__ = ["Batch", "Replies", "Ticket"]

T = TypeVar("T")


class Batch(AnyBatch):
    """A batch of reads of Derive V2's contracts."""

    def __init__(self) -> None:
        super().__init__("derive_v2")

    def call(
        self,
        abi: str,
        to: str,
        function: str,
        *args: object,
        about: str = "",
        evidence: bool = False,
        block: int | None = None,
    ) -> Ticket:
        """Asks for `function(*args)`; named by its arguments where `about` does not name it."""
        named = about or ",".join(str(a) for a in args)
        asked = super().call
        return asked(abi, to, function, *args, about=named, evidence=evidence, block=block)

    def replies(self, answers: Sequence[Answer]) -> Replies:
        """The answers, to be asked for by ticket. Raises: ValueError when some are missing."""
        return Replies(super().replies(answers).answers, error_name)


class Replies(AnyReplies):
    """The answers of one batch, reverts by the contracts' own error names."""

    __slots__ = ()

    def need(self, ticket: Ticket) -> int:
        """An integer that nothing can be rebuilt without. Raises: InputError, UnreadError."""
        return _needed(self.number(ticket))

    def need_address(self, ticket: Ticket) -> str:
        """An address that nothing can be rebuilt without. Raises: InputError, UnreadError."""
        return _needed(self.text(ticket))


def _needed(value: T | Unreadable) -> T:
    """The value. Raises: UnreadError when the node or the recording did not answer, InputError
    when the contract refuses (it is not the contract that the deployment says)."""
    if not isinstance(value, Unreadable):
        return value
    if value.reverted:
        raise InputError(f"{value.what} {value.reason}: is this a Derive V2 deployment?")
    raise UnreadError(f"{value.what}: {value.reason}")
