"""Who takes part in the local Aave market: the accounts, their roles and their first positions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.devnet.aave_v3.plans import (
    DELISTED,
    ETHER_CATEGORY,
    FROZEN,
    ISOLATED,
    SILOED,
    STABLE_CATEGORY,
    STAKING_CATEGORY,
)
from analyzer.devnet.roles import RoleShares, log_uniform, role_counts
from analyzer.devnet.world import World

MIN_ACCOUNTS = 60
ROLES: RoleShares = (
    ("bank", 0.01, 3),
    ("liquidator", 0.01, 2),
    ("saver", 0.18, 3),
    ("leveraged", 0.16, 4),
    ("ether looper", 0.08, 2),
    ("dollar looper", 0.05, 2),
    ("staker", 0.04, 2),
    ("isolated", 0.05, 2),
    ("siloed", 0.04, 2),
    ("small", 0.09, 3),
    ("fixed", 0.05, 2),
    ("ruined", 0.04, 2),
    ("delisted", 0.03, 1),
    ("frozen", 0.03, 1),
    ("passer", 0.02, 1),
)
"""Role, its share of the accounts, and at least how many there are; the rest are borrowers.

bank: much of every asset, no debt. liquidator: liquidates. saver: supplies, owes nothing.
leveraged: borrows nearly all it may. ether/dollar looper: in an eMode category, leveraged. staker:
wstETH against dollars (a category of its own where the revision has it). isolated: the isolated
asset as collateral. siloed: owes the siloed asset. small: around the thresholds of the dust and
close-factor rules. fixed: a stable rate where the revision has it. ruined: one volatile collateral,
all that may be borrowed, several debts; the crash leaves it insolvent. delisted, frozen: collateral
that loses its role. passer: comes and goes."""

VOLATILE = ("WETH", "WBTC", "wstETH", "LINK", "MKR")
LIQUID = ("USDC", "WETH", "WBTC", "DAI")
"""What is borrowed and supplied most."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account and its first position.

    `wealth_usd`: the worth of what it supplies. `usage`: the part of its borrowing power that it
    uses at once. `collateral` and `debts`: symbols. `category`: the eMode it enters, 0 for none.
    """

    address: str
    role: str
    wealth_usd: float
    collateral: tuple[str, ...]
    debts: tuple[str, ...] = ()
    usage: float = 0.0
    category: int = 0
    fixed_rate: bool = False


def populate(
    world: World, accounts: int, *, first_revision: bool, owners: Sequence[str] = ()
) -> list[Person]:
    """`accounts` persons in an order of their own; `owners` (who hold accounts elsewhere on the
    chain) take the places of ordinary ones, in turn."""
    rng = world.random("aave-v3 population")
    people = [
        _person(world.address(f"aave {role}", i), role, rng, first_revision)
        for role, count in role_counts(ROLES, accounts, rest="borrower").items()
        for i in range(count)
    ]
    rng.shuffle(people)
    places = [i for i, p in enumerate(people) if p.role not in ("bank", "liquidator")]
    for place, owner in zip(places, owners, strict=False):
        people[place] = replace(people[place], address=owner)
    return people


def _person(address: str, role: str, rng: random.Random, first: bool) -> Person:
    def made(
        usd: float,
        collateral: Sequence[str],
        debts: Sequence[str] = (),
        usage: float = 0.0,
        category: int = 0,
    ) -> Person:
        kept = tuple(d for d in debts if d not in collateral) if role != "dollar looper" else debts
        return Person(
            address, role, usd, tuple(collateral), tuple(kept), usage, category, role == "fixed"
        )

    tight = rng.uniform(0.9, 0.995)
    match role:
        case "bank":
            return made(60_000_000, ())
        case "liquidator":
            return made(400_000_000, ("USDC",))
        case "saver":
            return made(
                log_uniform(rng, 100, 200_000),
                rng.sample((*LIQUID, "EURC", "wstETH"), rng.randint(1, 3)),
            )
        case "leveraged":
            debts = rng.sample(("USDC", "DAI", "WBTC", "LINK"), rng.randint(1, 2))
            return made(
                log_uniform(rng, 3_000, 400_000),
                rng.sample(VOLATILE, rng.randint(1, 2)),
                debts,
                tight,
            )
        case "ether looper":
            return made(
                log_uniform(rng, 2_000, 300_000), ("wstETH",), ("WETH",), tight, ETHER_CATEGORY
            )
        case "dollar looper":
            pair = rng.sample(("USDC", "DAI"), 2)
            return made(
                log_uniform(rng, 2_000, 300_000), pair[:1], pair[1:], tight, STABLE_CATEGORY
            )
        case "staker":
            category = 0 if first else STAKING_CATEGORY
            return made(
                log_uniform(rng, 2_000, 200_000),
                ("wstETH",),
                ("USDC",),
                rng.uniform(0.6, 0.99),
                category,
            )
        case "isolated":
            debts = rng.sample(("USDC", "DAI"), rng.randint(1, 2))
            return made(log_uniform(rng, 500, 100_000), (ISOLATED,), debts, rng.uniform(0.4, 0.98))
        case "siloed":
            return made(
                log_uniform(rng, 1_000, 100_000),
                rng.sample(VOLATILE[:3], 1),
                (SILOED,),
                rng.uniform(0.5, 0.98),
            )
        case "small":
            debts = rng.sample(("USDC", "DAI", "WBTC"), rng.randint(1, 2))
            return made(
                log_uniform(rng, 700, 7_000), rng.sample(VOLATILE, rng.randint(1, 2)), debts, tight
            )
        case "fixed":
            return made(
                log_uniform(rng, 2_000, 80_000),
                rng.sample(VOLATILE[:3], 1),
                ("DAI",),
                rng.uniform(0.4, 0.98),
            )
        case "ruined":
            debts = rng.sample(("USDC", "DAI", "WBTC"), rng.randint(1, 3))
            return made(log_uniform(rng, 1_500, 150_000), (DELISTED,), debts, tight)
        case "delisted":
            return made(
                log_uniform(rng, 2_000, 60_000), (DELISTED,), ("USDC",), rng.uniform(0.3, 0.7)
            )
        case "frozen":
            return made(
                log_uniform(rng, 2_000, 60_000), (FROZEN, "WETH"), ("DAI",), rng.uniform(0.4, 0.8)
            )
        case "passer":
            return made(log_uniform(rng, 300, 20_000), ("WETH",), ("USDC",), 0.3)
    collateral = rng.sample(("WETH", "WBTC", "wstETH", "USDC", "LINK", "MKR"), rng.randint(1, 3))
    debts = rng.sample(("USDC", "DAI", "WETH", "WBTC", "LINK"), rng.randint(1, 3))
    return made(log_uniform(rng, 400, 300_000), collateral, debts, rng.uniform(0.1, 0.9))
