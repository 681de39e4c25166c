"""The start of the market: liquidity, then everybody's first position."""

from __future__ import annotations

import random
from collections.abc import Iterator

from analyzer.devnet.aave_v3.market import STABLE_RATE, VARIABLE_RATE, Reserve
from analyzer.devnet.aave_v3.plans import CategoryPlan
from analyzer.devnet.aave_v3.play import Play
from analyzer.devnet.aave_v3.population import Person
from analyzer.devnet.chain import Call
from analyzer.devnet.clock import HOUR
from analyzer.devnet.roles import of_role

ROUNDING = 0.9995
"""A little below the limit: the contract's own rounding decides at the limit itself."""
FLAGLESS_CHANCE = 0.3
"""How many savers say that their supply is no collateral."""
BPS = 10_000


def open_positions(play: Play) -> None:
    """The banks supply every asset, then everybody supplies, chooses and borrows."""
    rng = play.world.random("aave-v3 opening")
    for bank in of_role(play.people, "bank"):
        for reserve in play.active():
            share = 0.2 if reserve.plan.debt_ceiling_cents else 1.0
            amount = reserve.units(bank.wealth_usd * share * rng.uniform(0.8, 1.0))
            play.world.queue(*play.give(bank.address, reserve, 2 * amount))
            play.world.queue(play.aave.supply(bank.address, reserve, amount))
    play.mine()
    others = [p for p in play.people if p.role != "bank"]
    for i, person in enumerate(others):
        play.queue_in_blocks(list(first_position(play, person, rng)), rng, 2 * HOUR)
        play.world.progress("first positions", i + 1, len(others))
    play.mine()


def first_position(play: Play, person: Person, rng: random.Random) -> Iterator[Call]:
    """Supply, collateral flags, eMode and debt of one person."""
    aave, address = play.aave, person.address
    if person.role == "liquidator":
        for reserve in aave.reserves.values():
            yield from play.give(address, reserve, reserve.units(person.wealth_usd))
        reserve = aave.reserves[person.collateral[0]]
        yield aave.supply(address, reserve, reserve.units(10_000))
        return
    shares = split(rng, len(person.collateral))
    for symbol, share in zip(person.collateral, shares, strict=True):
        reserve = aave.reserves[symbol]
        amount = reserve.units(person.wealth_usd * share)
        yield from play.give(address, reserve, amount)
        yield aave.supply(address, reserve, amount)
        if reserve.plan.debt_ceiling_cents:
            # Isolated collateral is never taken as such by itself.
            yield aave.use_as_collateral(address, reserve, True)
        elif person.role == "saver" and rng.random() < FLAGLESS_CHANCE:
            yield aave.use_as_collateral(address, reserve, False)
    if person.category:
        yield aave.set_category(address, person.category)
    power = sum(
        person.wealth_usd * share * ltv(play, person, symbol) / BPS
        for symbol, share in zip(person.collateral, shares, strict=True)
    )
    for symbol, share in zip(person.debts, split(rng, len(person.debts)), strict=True):
        reserve = aave.reserves[symbol]
        usd = power * person.usage * share * ROUNDING
        mode = STABLE_RATE if person.fixed_rate and aave.first else VARIABLE_RATE
        yield aave.borrow(address, reserve, reserve.units(usd), mode=mode)


def ltv(play: Play, person: Person, symbol: str) -> int:
    """The loan-to-value in bps that the person's category gives to the asset, else its own."""
    for category in play.aave.categories():
        if category.id == person.category and symbol in category.collateral:
            return _discounted(play, category, play.aave.reserves[symbol])
    return play.aave.reserves[symbol].plan.ltv


def _discounted(play: Play, category: CategoryPlan, reserve: Reserve) -> int:
    """A priced category counts its assets at one dollar, whatever they are worth."""
    if category.priced and play.aave.first:
        return int(category.ltv * 0.999)
    return category.ltv


def split(rng: random.Random, parts: int) -> list[float]:
    """`parts` shares that add up to one."""
    weights = [rng.uniform(0.2, 1.0) for _ in range(parts)]
    return [w / sum(weights) for w in weights]
