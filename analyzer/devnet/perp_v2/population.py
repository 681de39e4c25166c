"""Who takes part in the local market: the accounts, their roles and how they behave."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.devnet.world import World

MIN_ACCOUNTS = 20
ROLES: tuple[tuple[str, float, int], ...] = (
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
    `leverage`: notional over wealth that it aims at. `long_bias`: chance that it buys.
    """

    address: str
    role: str
    wealth_usd: float
    in_tokens: float
    leverage: float
    long_bias: float
    markets: tuple[int, ...]
    ranges: list[Range] = field(default_factory=list)


def populate(world: World, accounts: int) -> list[Person]:
    """`accounts` persons, in an order of their own (not by role)."""
    rng = world.random("perp-v2 population")
    people = [
        _person(world.address(f"perp {role}", i), role, rng)
        for role, count in role_counts(accounts).items()
        for i in range(count)
    ]
    rng.shuffle(people)
    return people


def role_counts(accounts: int) -> dict[str, int]:
    """How many accounts of each role there are among `accounts` (at least MIN_ACCOUNTS)."""
    counts = {role: max(least, round(share * accounts)) for role, share, least in ROLES}
    counts["trader"] = accounts - sum(counts.values())
    return counts


def of_role(people: list[Person], *roles: str) -> Iterator[Person]:
    """The persons of these roles."""
    return (p for p in people if p.role in roles)


def _person(address: str, role: str, rng: random.Random) -> Person:
    def made(
        wealth: float, tokens: float, leverage: float, bias: float, markets: tuple[int, ...]
    ) -> Person:
        return Person(address, role, wealth, tokens, leverage, bias, markets)

    match role:
        case "arbitrageur":
            return made(40_000_000, 0.0, 0.0, 0.5, (0, 1, 2, 3))
        case "anchor":
            return made(9_000_000, 0.0, 0.0, 0.5, (0, 1, 2, 3))
        case "liquidator":
            return made(3_000_000, 0.0, 0.0, 0.5, (0, 1, 2, 3))
        case "maker":
            return made(
                _log_uniform(rng, 2_000, 40_000),
                rng.choice((0.0, 0.5)),
                rng.uniform(1.5, 7.0),
                0.5,
                _markets(rng),
            )
        case "holder":
            return made(_log_uniform(rng, 200, 50_000), rng.choice((0.0, 0.6, 1.0)), 0.0, 0.5, ())
        case "passer":
            return made(_log_uniform(rng, 200, 5_000), 0.0, 0.0, 0.5, ())
        case "tiny":
            return made(_log_uniform(rng, 50, 500), 0.0, 0.0, 0.6, (2,))
        case "whale":
            return made(
                rng.uniform(250_000, 400_000),
                0.0,
                rng.uniform(6.0, 8.0),
                1.0,
                (rng.choice((0, 1)),),
            )
    tokens = rng.choices((0.0, rng.uniform(0.3, 0.9), 1.0), (45, 30, 25))[0]
    return made(_log_uniform(rng, 300, 30_000), tokens, rng.uniform(1.2, 8.5), 0.7, _markets(rng))


def _markets(rng: random.Random) -> tuple[int, ...]:
    """One to three of the large markets and, now and then, the small one."""
    count = rng.choices((1, 2, 3), (50, 32, 18))[0]
    chosen = rng.sample((0, 1, 2), count)
    return tuple(chosen + ([3] if rng.random() < 0.12 else []))


def _log_uniform(rng: random.Random, low: float, high: float) -> float:
    return float(low * (high / low) ** rng.random())
