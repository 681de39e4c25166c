"""Reads asked together, each named by a ticket, and their answers as numbers or reasons.

    batch = Batch("till:abis")
    ticket = batch.call("Till", address, "price")
    replies = yield from batch.read()
    price = replies.number(ticket)

What `observe` (and a `fold` that must ask) of every protocol uses. What could not be read becomes
an `Unreadable`, never a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.abi.codec import slot_request
from analyzer.abi.contract import load_abi
from analyzer.abi.errors import DecodeError
from analyzer.model.reads import Answer, NotRead, Reading, ReadRequest, Reverted
from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Ticket:
    """One asked read. abi: file of the contract's ABI; empty for a slot or a code hash."""

    index: int
    abi: str
    function: str
    what: str


def as_said(words: str) -> str:
    """A revert in the node's own words."""
    return words


class Batch:
    """Collects reads. folder: of the ABI files (`perp_v2`, or `package:abis` of another one).
    error_name: what a revert is called, from the node's words."""

    def __init__(self, folder: str, error_name: Callable[[str], str] = as_said) -> None:
        self._folder = folder
        self._error_name = error_name
        self.requests: list[ReadRequest] = []

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
        """Asks the contract at `to` for `function(*args)`; `about` names it in reasons, else its
        arguments do.

        evidence: the answer is only shown or compared, and no margin needs it. block: an earlier
        block than the one that is rebuilt (see `ReadRequest`).
        """
        named = about or ",".join(str(argument) for argument in args)
        file, what = f"{self._folder}/{abi}", f"{abi}.{function}({named})"
        request = load_abi(file).request(to, function, *args, label=what)
        return self._add(replace(request, evidence=evidence, block=block), file, function, what)

    def slot(
        self, address: str, slot: int, label: str, about: str = "", evidence: bool = False
    ) -> Ticket:
        """Asks for one storage word of `address`; evidence: as of a call."""
        request = replace(slot_request(address, slot, label), evidence=evidence)
        return self._add(request, "", "", f"{label}[{about}]")

    def code_hash(self, address: str, label: str) -> Ticket:
        """Asks for the keccak of the code at `address`."""
        return self._add(ReadRequest("code_hash", address, "0x", label), "", "", label)

    def _add(self, request: ReadRequest, abi: str, function: str, what: str) -> Ticket:
        self.requests.append(request)
        return Ticket(len(self.requests) - 1, abi, function, what)

    def read(self) -> Reading[Replies]:
        """Asks all of it, to be had by ticket; where nothing was collected nothing is asked."""
        return self.replies((yield self.requests) if self.requests else ())

    def replies(self, answers: Sequence[Answer]) -> Replies:
        """The answers, to be had by ticket. Raises: ValueError when some are missing."""
        if len(answers) != len(self.requests):
            raise ValueError(f"{len(self.requests)} reads were asked, {len(answers)} answered")
        return Replies(answers, self._error_name)


@dataclass(frozen=True, slots=True)
class Replies:
    """The answers of one batch. What could not be read is an Unreadable. error_name: as of the
    batch."""

    answers: Sequence[Answer]
    error_name: Callable[[str], str] = as_said

    def data(self, ticket: Ticket) -> bytes | Unreadable:
        """The raw answer."""
        answer = self.answers[ticket.index]
        if isinstance(answer, NotRead):
            return Unreadable(ticket.what, answer.reason)
        if isinstance(answer, Reverted):
            return Unreadable(ticket.what, self.error_name(answer.message) or "reverted", True)
        return answer.data

    def values(self, ticket: Ticket) -> tuple[object, ...] | Unreadable:
        """The decoded return values of a call."""
        data = self.data(ticket)
        if isinstance(data, Unreadable):
            return data
        try:
            return load_abi(ticket.abi).decode(ticket.function, data)
        except DecodeError as error:
            return Unreadable(ticket.what, f"is no answer of this function: {error}", True)

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

    def optional_text(self, ticket: Ticket) -> str | None:
        """The first return value as text, None when it could not be read."""
        value = self.text(ticket)
        return None if isinstance(value, Unreadable) else value
