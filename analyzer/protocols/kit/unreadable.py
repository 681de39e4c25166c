"""The number that cannot be had: why, as a value that is kept and as an error that travels.

    a read that failed -> Unreadable -> known() raises -> attempt() keeps -> the account's reason

What could not be read never becomes a zero: whoever needs it is unknown, and says this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from analyzer.model.errors import InputError, UnreadError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a number is not known: the read, and the contract's or the node's own words.

    reverted: the contract itself refuses (then its own views that need the number refuse too);
    false where the node or the recording did not answer.
    """

    what: str
    reason: str
    reverted: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


class UnreadableNumberError(Exception):
    """A computation needs a number that cannot be had, or the contract itself would refuse it;
    `unreadable` says which and why."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(str(unreadable))
        self.unreadable = unreadable


def reverts(what: str, reason: str) -> Unreadable:
    """A number that the contract itself refuses. what: the number, with its contract
    (`ETH_VolFeed expiry 1770451200`); reason: the contract's own error name (`BLF_DataTooOld`)."""
    return Unreadable(what, reason, True)


def known(value: T | Unreadable) -> T:
    """The value. Raises: UnreadableNumberError when it is an `Unreadable`."""
    if isinstance(value, Unreadable):
        raise UnreadableNumberError(value)
    return value


def attempt(compute: Callable[[], T]) -> T | Unreadable:
    """The value, or why it cannot be had; a division by zero is the contract's panic."""
    try:
        return compute()
    except UnreadableNumberError as error:
        return error.unreadable
    except ZeroDivisionError:
        return reverts("arithmetic", "Panic(0x12)")


def needed(value: T | Unreadable, address: str, kind: str) -> T:
    """A value that nothing can be rebuilt without. kind: what should be at `address` (`Aave V3`).

    Raises: InputError where the contract refuses (it is not the contract that the deployment
    says), UnreadError where the node or the recording did not answer.
    """
    if not isinstance(value, Unreadable):
        return value
    if value.reverted:
        raise InputError(
            f"the contract at {address} does not answer like {kind} ({value}): check its address"
        )
    raise UnreadError(f"the contract at {address} was not read: {value}")
