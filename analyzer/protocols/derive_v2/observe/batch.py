"""Reads asked together, each named by a ticket, and their answers as numbers or reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from analyzer.abi.codec import slot_request
from analyzer.abi.contract import load_abi
from analyzer.abi.errors import DecodeError
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted
from analyzer.protocols.derive_v2.errors import error_name
from analyzer.protocols.derive_v2.state import Unreadable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ticket:
    """One asked read. `function` is empty for a slot or a code hash."""

    index: int
    abi: str
    function: str
    what: str


class Batch:
    """Collects reads; `requests` is what to yield, `replies` turns the answers around."""

    def __init__(self) -> None:
        self.requests: list[ReadRequest] = []

    def call(
        self,
        abi: str,
        to: str,
        function: str,
        *args: object,
        about: str = "",
        evidence: bool = False,
    ) -> Ticket:
        """A call of `function(args)` of the contract at `to`; `about` names it for people.

        evidence: the answer is only shown or compared, and no margin needs it.
        """
        what = f"{abi}.{function}({about or ','.join(str(a) for a in args)})"
        request = load_abi(f"derive_v2/{abi}").request(to, function, *args, label=what)
        return self._add(replace(request, evidence=evidence), abi, function, what)

    def slot(self, address: str, slot: int, what: str) -> Ticket:
        """A storage word of `address`."""
        return self._add(slot_request(address, slot, what), "", "", what)

    def code_hash(self, address: str, what: str) -> Ticket:
        """The hash of the code at `address`."""
        return self._add(ReadRequest("code_hash", address, "0x", what), "", "", what)

    def _add(self, request: ReadRequest, abi: str, function: str, what: str) -> Ticket:
        """Takes a request in and hands out its ticket."""
        self.requests.append(request)
        return Ticket(len(self.requests) - 1, abi, function, what)

    def replies(self, answers: Sequence[Answer]) -> Replies:
        """The answers, to be asked for by ticket. Raises: ValueError when some are missing."""
        if len(answers) != len(self.requests):
            raise ValueError(f"{len(self.requests)} reads were asked, {len(answers)} answered")
        return Replies(answers)


@dataclass(frozen=True, slots=True)
class Replies:
    """The answers of one batch. What could not be read is an Unreadable, never a zero."""

    answers: Sequence[Answer]

    def data(self, ticket: Ticket) -> bytes | Unreadable:
        """The raw bytes of an answer."""
        answer = self.answers[ticket.index]
        if isinstance(answer, NotRead):
            return Unreadable(ticket.what, answer.reason, False)
        if isinstance(answer, Reverted):
            return Unreadable(ticket.what, error_name(answer.message) or "reverted")
        return answer.data

    def values(self, ticket: Ticket) -> tuple[object, ...] | Unreadable:
        """The decoded return values of a call."""
        data = self.data(ticket)
        if isinstance(data, Unreadable):
            return data
        try:
            return load_abi(f"derive_v2/{ticket.abi}").decode(ticket.function, data)
        except DecodeError as error:
            return Unreadable(ticket.what, f"is no answer of this function: {error}")

    def value(self, ticket: Ticket) -> object | Unreadable:
        """The first return value of a call."""
        values = self.values(ticket)
        return values if isinstance(values, Unreadable) else values[0]

    def integers(self, ticket: Ticket) -> tuple[int, ...] | Unreadable:
        """All return values of a call, or the fields of the one struct that it returns.

        Raises: TypeError when they are no integers (a fault of the ABI file).
        """
        values = self.values(ticket)
        if isinstance(values, Unreadable):
            return values
        first = values[0]
        fields = first if len(values) == 1 and isinstance(first, tuple | list) else values
        numbers = tuple(field for field in fields if isinstance(field, int))
        if len(numbers) != len(fields):
            raise TypeError(f"{ticket.what} does not return integers")
        return numbers

    def number(self, ticket: Ticket) -> int | Unreadable:
        """The first return value of a call, as an integer (a bool is 0 or 1)."""
        value = self.value(ticket)
        if isinstance(value, int | Unreadable):
            return value
        raise TypeError(f"{ticket.what} does not return an integer")

    def text(self, ticket: Ticket) -> str | Unreadable:
        """The first return value of a call, as text or a checksummed address."""
        value = self.value(ticket)
        if isinstance(value, str | Unreadable):
            return value
        raise TypeError(f"{ticket.what} does not return text")

    def word(self, ticket: Ticket) -> int | Unreadable:
        """A storage word or a code hash, unsigned."""
        data = self.data(ticket)
        return data if isinstance(data, Unreadable) else int.from_bytes(data, "big")

    def optional(self, ticket: Ticket) -> int | None:
        """The first return value as an integer, None when it could not be read."""
        number = self.number(ticket)
        return None if isinstance(number, Unreadable) else number

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
