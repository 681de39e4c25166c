"""Who can still leave: claims on one asset, and what is there to pay them.

Whoever comes first is paid until nothing is left; what is lent out comes back when borrowers repay,
not when a supplier asks. A run in an order (here: the largest first) says who is paid, who gets a
part, and who is locked. Amounts are whole raw units, exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaver:
    """One who leaves: what may go of it (its own margin allowing), what it gets, what stays."""

    account_id: str
    wants: int
    paid: int

    @property
    def locked(self) -> int:
        """What is not paid."""
        return self.wants - self.paid


@dataclass(frozen=True, slots=True)
class Run:
    """A run on a pool. leavers: in the order in which they come. left: what the pool still has."""

    leavers: tuple[Leaver, ...]
    left: int

    @property
    def locked(self) -> int:
        """What is not paid in all."""
        return sum(one.locked for one in self.leavers)

    @property
    def paid_in_full(self) -> int:
        """How many of the first are paid all that they want."""
        return next(
            (number for number, one in enumerate(self.leavers) if one.locked), len(self.leavers)
        )

    def after(self, count: int) -> int:
        """What is left for everybody else once the first `count` have left."""
        return self.left + sum(one.paid for one in self.leavers[count:])


def run_on(claims: Sequence[tuple[str, int]], available: int) -> Run:
    """A run in which the largest come first (ties: the lower id). claims: (account, what may go).

    Raises: ValueError for a negative amount.
    """
    if available < 0 or any(amount < 0 for _, amount in claims):
        raise ValueError("what is there and what is wanted have to be from 0")
    left, leavers = available, []
    for account, wants in sorted(claims, key=lambda claim: (-claim[1], claim[0])):
        paid = min(wants, left)
        left -= paid
        leavers.append(Leaver(account, wants, paid))
    return Run(tuple(leavers), left)


def utilisation(lent: int, available: int) -> float | None:
    """What is lent over what there would be if all came back; None of an empty pool."""
    return lent / (lent + available) if lent + available else None
