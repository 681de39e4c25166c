"""Who takes part in the local market: the accounts, their roles and how they behave."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.devnet.roles import RoleShares, log_uniform, role_counts
from analyzer.devnet.world import World

MIN_ACCOUNTS = 20
TINY_MARKET = 2
ROLES: RoleShares = (
    ("arbitrageur", 0.0, 1),
    ("anchor", 0.007, 2),
    ("liquidator", 0.007, 2),
    ("maker", 0.06, 2),
    ("holder", 0.03, 1),
    ("passer", 0.02, 1),
    ("tiny", 0.02, 1),
    ("whale", 0.007, 1),
)
"""Role, its share of the accounts, and at least how many there are; the rest are traders.

arbitrageur: holds the pools to the reported prices. anchor: a maker with a wide range and much
collateral. maker: narrower ranges, leveraged. holder: collateral and no position. passer: deposits
and withdraws. tiny: a position so small that its funding truncates to 0. whale: a large leveraged
long, whose deficit may exceed the insurance fund."""


@dataclass(frozen=True, slots=True)
class Range:
    """A maker's range as it was added."""

    market: int
    lower_tick: int
    upper_tick: int


@dataclass
class Person:
    """One account and its habits.

    `wealth_usd`: what it deposits at first. `in_tokens`: the share of it in collateral tokens.
    `leverage`: notional over wealth that it aims at. `long_bias`: chance that it buys. `shares`:
    market index -> share of its notional. `patient`: it keeps its position until the crash.
    """

    address: str
    role: str
    wealth_usd: float
    in_tokens: float = 0.0
    leverage: float = 0.0
    long_bias: float = 0.5
    shares: dict[int, float] = field(default_factory=dict)
    patient: bool = False
    ranges: list[Range] = field(default_factory=list)

    @property
    def markets(self) -> tuple[int, ...]:
        """The markets that it trades in."""
        return tuple(self.shares)


def populate(world: World, accounts: int, falls: Sequence[float]) -> list[Person]:
    """`accounts` persons, in an order of their own (not by role).

    `falls`: by what share each market will fall in the crash. A third of the traders is patient
    and has the leverage that this fall brings near its margin limits.
    """
    rng = world.random("perp-v2 population")
    people = [
        _person(world.address(f"perp {role}", i), role, falls, rng)
        for role, count in role_counts(ROLES, accounts, rest="trader").items()
        for i in range(count)
    ]
    rng.shuffle(people)
    return people


def _person(address: str, role: str, falls: Sequence[float], rng: random.Random) -> Person:
    match role:
        case "arbitrageur":
            return Person(address, role, 40_000_000)
        case "anchor":
            return Person(address, role, 9_000_000, shares={0: 0.32, 1: 0.3, 2: 0.25, 3: 0.05})
        case "liquidator":
            return Person(address, role, 3_000_000)
        case "maker":
            person = Person(address, role, log_uniform(rng, 2_000, 40_000))
            person.in_tokens = rng.choice((0.0, 0.5))
            person.leverage = rng.uniform(1.5, 6.0)
            person.shares = _shares(rng)
            return person
        case "holder":
            wealth = log_uniform(rng, 200, 50_000)
            return Person(address, role, wealth, rng.choice((0.0, 0.6, 1.0)))
        case "passer":
            return Person(address, role, log_uniform(rng, 200, 5_000))
        case "tiny":
            return Person(address, role, log_uniform(rng, 50, 500), shares={TINY_MARKET: 1.0})
        case "whale":
            person = Person(address, role, rng.uniform(250_000, 400_000), long_bias=1.0)
            person.leverage, person.patient = rng.uniform(6.0, 8.0), True
            person.shares = {rng.choice((0, 1)): 1.0}
            return person
    return _trader(address, falls, rng)


def _trader(address: str, falls: Sequence[float], rng: random.Random) -> Person:
    person = Person(address, "trader", log_uniform(rng, 300, 30_000), long_bias=0.68)
    person.in_tokens = rng.choices((0.0, rng.uniform(0.3, 0.9), 1.0), (45, 30, 25))[0]
    person.shares = _shares(rng)
    person.leverage = 1.1 + 7.0 * rng.betavariate(1.2, 2.4)
    if rng.random() < 0.33:
        person.patient, person.long_bias = True, 1.0
        fall = sum(share * falls[index] for index, share in person.shares.items())
        # At leverage L the account is worth (1/L - fall) / (1 - fall) of its position after it.
        left = rng.uniform(-0.01, 0.1)
        person.leverage = 1 / (fall + (1 - fall) * left)
        # A collateral token falls too, and counts at its ratio only.
        person.leverage *= 1 - 0.45 * person.in_tokens
    return person


def _shares(rng: random.Random) -> dict[int, float]:
    """One to three of the large markets and, now and then, the small one; equal shares, or one
    market that is nearly all and another that is next to nothing."""
    count = rng.choices((1, 2, 3), (50, 32, 18))[0]
    chosen = [*rng.sample((0, 1, 2), count), *([3] if rng.random() < 0.12 else [])]
    if len(chosen) > 1 and rng.random() < 0.3:
        return dict.fromkeys(chosen[1:], 0.02) | {chosen[0]: 1 - 0.02 * (len(chosen) - 1)}
    return {index: 1 / len(chosen) for index in chosen}
