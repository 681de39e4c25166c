"""Roles that the accounts of a local market play, and how many accounts play them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias, TypeVar

RoleShares: TypeAlias = Sequence[tuple[str, float, int]]
"""Role, its share of the accounts, and at least how many there are."""


class Actor(Protocol):
    """Somebody with an address who plays a role."""

    @property
    def address(self) -> str:
        """Where the account is."""

    @property
    def role(self) -> str:
        """What it does."""


ActorT = TypeVar("ActorT", bound=Actor)


def role_counts(roles: RoleShares, accounts: int, *, rest: str) -> dict[str, int]:
    """How many of `accounts` play each role; those that are left play the role `rest`."""
    counts = {role: max(least, round(share * accounts)) for role, share, least in roles}
    counts[rest] = accounts - sum(counts.values())
    return counts


def of_role(people: Iterable[ActorT], *roles: str) -> Iterator[ActorT]:
    """Those of the `people` who play one of these roles."""
    return (p for p in people if p.role in roles)


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """A number between `low` and `high` whose logarithm is uniform."""
    return float(low * (high / low) ** rng.random())
