"""A number that is not known, and why: in the contract's own words where it refuses."""

from __future__ import annotations

from typing import TypeVar

from analyzer.protocols.kit.batch import Unreadable

__all__ = ["Refused", "Unreadable", "known", "reverts"]

T = TypeVar("T")


def reverts(what: str, reason: str) -> Unreadable:
    """A number that the contract itself refuses. what: the number, with its contract
    (`ETH_VolFeed expiry 1770451200`); reason: the contract's own error name (`BLF_DataTooOld`)."""
    return Unreadable(what, reason, True)


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
