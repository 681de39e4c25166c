"""Reads asked together, each named by a ticket, and their answers as numbers or reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.abi.codec import slot_request
from analyzer.abi.contract import load_abi
from analyzer.abi.errors import DecodeError
from analyzer.model.reads import Answer, NotRead, ReadRequest, Reverted
from analyzer.protocols.perp_v2.state import Unreadable


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

    def call(self, abi: str, to: str, function: str, *args: object, about: str = "") -> Ticket:
        """Asks the contract at `to` for `function(*args)`; `about` names it in reasons."""
        request = load_abi(f"perp_v2/{abi}").request(to, function, *args)
        return self._add(request, abi, function, f"{abi}.{function}({about})")

    def slot(self, address: str, slot: int, label: str, about: str = "") -> Ticket:
        """Asks for one storage word of `address`."""
        return self._add(slot_request(address, slot, label), "", "", f"{label}[{about}]")

    def code_hash(self, address: str, label: str) -> Ticket:
        """Asks for the keccak of the code at `address`."""
        return self._add(ReadRequest("code_hash", address, "0x", label), "", "", label)

    def _add(self, request: ReadRequest, abi: str, function: str, what: str) -> Ticket:
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

    def values(self, ticket: Ticket) -> tuple[object, ...] | Unreadable:
        """The decoded return values of a call."""
        answer = self.answers[ticket.index]
        if isinstance(answer, NotRead):
            return Unreadable(ticket.what, answer.reason)
        if isinstance(answer, Reverted):
            return Unreadable(ticket.what, answer.message or "reverted", True)
        try:
            return load_abi(f"perp_v2/{ticket.abi}").decode(ticket.function, answer.data)
        except DecodeError as error:
            return Unreadable(ticket.what, f"is no answer of this function: {error}", True)

    def value(self, ticket: Ticket) -> object | Unreadable:
        """The first return value of a call."""
        values = self.values(ticket)
        return values if isinstance(values, Unreadable) else values[0]

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
        answer = self.answers[ticket.index]
        if isinstance(answer, NotRead):
            return Unreadable(ticket.what, answer.reason)
        if isinstance(answer, Reverted):
            return Unreadable(ticket.what, answer.message or "reverted", True)
        return int.from_bytes(answer.data, "big")

    def optional(self, ticket: Ticket) -> int | None:
        """The first return value as an integer, None when it could not be read."""
        number = self.number(ticket)
        return None if isinstance(number, Unreadable) else number
