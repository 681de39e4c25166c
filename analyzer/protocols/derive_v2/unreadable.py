"""A number that is not known, and why: in the contract's own words where it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a number is not known.

    what: the number, with its contract (`ETH_VolFeed expiry 1770451200`). reason: the contract's
    own error name (`BLF_DataTooOld`) where it refuses, else the node's or the recording's words.
    reverted: the contract itself refuses (its own views that need the number refuse too); false
    where the node or the recording did not answer.
    """

    what: str
    reason: str
    reverted: bool = True


class Refused(Exception):  # noqa: N818 - it is what the contract does, not a fault of ours
    """A computation that the contract itself would refuse, or that misses a read: it carries the
    `Unreadable`, which becomes the account's reason."""

    def __init__(self, problem: Unreadable) -> None:
        super().__init__(f"{problem.what}: {problem.reason}")
        self.problem = problem


def known(value: T | Unreadable) -> T:
    """The value. Raises: Refused when it is an `Unreadable`."""
    if isinstance(value, Unreadable):
        raise Refused(value)
    return value
