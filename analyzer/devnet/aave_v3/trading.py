"""Ordinary days: prices drift, interest grows, people act on what they hold."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from analyzer.devnet.aave_v3.account_views import AccountView, Holding, account_views
from analyzer.devnet.aave_v3.market import STABLE_RATE, VARIABLE_RATE, Reserve
from analyzer.devnet.aave_v3.play import Play
from analyzer.devnet.aave_v3.population import Person
from analyzer.devnet.chain import Call
from analyzer.devnet.clock import HOUR, MINUTE

ACTIONS = (
    ("supply", 20),
    ("withdraw", 14),
    ("withdraw all", 3),
    ("borrow", 18),
    ("repay", 14),
    ("repay all", 4),
    ("repay with supply", 4),
    ("transfer", 9),
    ("flag", 7),
    ("category", 4),
    ("lend credit", 3),
    ("rate", 5),
    ("manager", 2),
)
"""What people do, with weights; an action without its object becomes a new supply."""
BASE = 10**8
FIRST_FIXED_RATES = ("USDC", "DAI")


def trade_for(
    play: Play, steps: int, acting: float, purpose: str, hours: tuple[float, float]
) -> Iterator[str]:
    """`steps` rounds: time passes, prices drift, a share of the people acts; yields after each."""
    rng = play.world.random(f"aave-v3 {purpose}")
    people = [p for p in play.people if p.role != "liquidator"]
    for step in range(steps):
        passed = rng.randint(int(hours[0] * HOUR), int(hours[1] * HOUR))
        play.drift(rng, passed)
        play.queue_reports()
        play.mine(passed)
        actors = rng.sample(people, max(1, round(len(people) * acting)))
        act(play, actors, rng)
        play.mine(rng.randint(5, 20 * MINUTE))
        play.world.progress(purpose, step + 1, steps)
        yield purpose


def act(play: Play, actors: Sequence[Person], rng: random.Random) -> None:
    """Queues one action for each actor, chosen by what it holds."""
    found = account_views(play.world, play.aave, [p.address for p in actors])
    names, weights = zip(*ACTIONS, strict=True)
    for person, account in zip(actors, found, strict=True):
        chosen = rng.choices(names, weights)[0]
        calls = list(action(play, person, account, chosen, rng))
        play.queue_in_blocks(calls or list(supply_more(play, person, rng)), rng, 5 * MINUTE)


def action(
    play: Play, person: Person, account: AccountView, name: str, rng: random.Random
) -> Iterator[Call]:
    """The transactions of one action; none when its object is missing."""
    match name:
        case "withdraw" | "withdraw all" | "transfer":
            return move_supply(play, account, name, rng)
        case "borrow":
            return borrow(play, account, rng)
        case "repay" | "repay all" | "repay with supply":
            return repay(play, account, name, rng)
        case "flag":
            return change_flag(play, account, rng)
        case "category":
            return change_category(play, account, rng)
        case "lend credit":
            return lend_credit(play, account, rng)
        case "rate" if play.aave.first:
            return change_rate(play, account, rng)
        case "manager" if not play.aave.first:
            return act_for(play, account, rng)
    return supply_more(play, person, rng)


def supply_more(play: Play, person: Person, rng: random.Random) -> Iterator[Call]:
    """A part of the first wealth again, in an asset the person has or in any other."""
    wanted = [s for s in person.collateral if s not in play.standing_still]
    reserve = (
        play.aave.reserves[rng.choice(wanted)]
        if wanted and rng.random() < 0.7
        else rng.choice(play.active())
    )
    amount = reserve.units(min(person.wealth_usd, 500_000.0) * rng.uniform(0.01, 0.3))
    yield from play.give(person.address, reserve, amount)
    yield play.aave.supply(person.address, reserve, amount)


def move_supply(play: Play, account: AccountView, name: str, rng: random.Random) -> Iterator[Call]:
    """Takes supply back, or gives aTokens to somebody else, who may hold nothing at all."""
    held = account.supplied()
    if not held:
        return
    reserve = play.aave.reserves[rng.choice(held)]
    part = int(supply_of(account, reserve).supplied * free_part(account, rng))
    if name == "withdraw all" and not account.debt_base:
        yield play.aave.withdraw(account.address, reserve)
    elif name != "transfer":
        yield play.aave.withdraw(account.address, reserve, part)
    else:
        to = (
            rng.choice(play.people).address
            if rng.random() < 0.8
            else play.world.address("aave receiver", rng.randrange(50))
        )
        label = f"transfer a{reserve.plan.symbol}"
        yield reserve.a_token.send(account.address, "transfer", to, part, label=label)


def free_part(account: AccountView, rng: random.Random) -> float:
    """A part of a supply that may go without endangering a sound account."""
    if not account.debt_base:
        return rng.uniform(0.05, 0.95)
    spare = account.health_factor / 10**18 - 1.02
    return max(0.0005, min(0.5, rng.uniform(0.1, 0.7) * spare))


def borrow(play: Play, account: AccountView, rng: random.Random) -> Iterator[Call]:
    """A part of what may still be borrowed; mostly in an asset that is owed already."""
    if account.available_base < BASE:
        return
    owed = [s for s in account.debts() if s not in play.standing_still]
    reserve = (
        play.aave.reserves[rng.choice(owed)]
        if owed and rng.random() < 0.7
        else rng.choice(play.active())
    )
    usd = account.available_base / BASE * rng.uniform(0.05, 0.9)
    yield play.aave.borrow(account.address, reserve, reserve.units(usd))


def repay(play: Play, account: AccountView, name: str, rng: random.Random) -> Iterator[Call]:
    """Pays a part or all of a debt, from the wallet or from the supply of the same asset."""
    owed = account.debts()
    if not owed:
        return
    reserve = play.aave.reserves[rng.choice(owed)]
    holding = supply_of(account, reserve)
    both = [m for m in owed if account.holdings[m].supplied and account.holdings[m].owed]
    if name == "repay with supply" and both:
        reserve = play.aave.reserves[rng.choice(both)]
        part = int(supply_of(account, reserve).owed * rng.uniform(0.05, 0.4))
        yield play.aave.repay_with_supplied(account.address, reserve, part)
        return
    mode = VARIABLE_RATE if holding.owed else STABLE_RATE
    debt = holding.owed or holding.owed_fixed
    # A little more than is owed now: interest grows until the block.
    yield from play.give(account.address, reserve, debt + debt // 100 + 1)
    if name == "repay all":
        yield play.aave.repay(account.address, reserve, mode=mode)
    else:
        part = int(debt * rng.uniform(0.02, 0.6))
        yield play.aave.repay(account.address, reserve, part, mode=mode)


def change_flag(play: Play, account: AccountView, rng: random.Random) -> Iterator[Call]:
    """Sets or clears the collateral flag of one asset; what endangers the account is refused."""
    held = account.supplied()
    if held:
        reserve = play.aave.reserves[rng.choice(held)]
        flag = supply_of(account, reserve).as_collateral
        yield play.aave.use_as_collateral(account.address, reserve, not flag)


def change_category(play: Play, account: AccountView, rng: random.Random) -> Iterator[Call]:
    """Enters another eMode category or leaves; the contract checks that the debts allow it."""
    choices = [0, *(c.id for c in play.aave.categories())]
    yield play.aave.set_category(
        account.address, rng.choice([c for c in choices if c != account.category])
    )


def lend_credit(play: Play, account: AccountView, rng: random.Random) -> Iterator[Call]:
    """Lets somebody else borrow on this account."""
    if account.available_base < 100 * BASE:
        return
    reserve = rng.choice(play.active())
    amount = reserve.units(account.available_base / BASE * rng.uniform(0.05, 0.3))
    friend = rng.choice(play.people).address
    if friend != account.address:
        yield reserve.variable_debt.send(account.address, "approveDelegation", friend, amount)
        yield play.aave.borrow(friend, reserve, amount, debtor=account.address)


def change_rate(play: Play, account: AccountView, rng: random.Random) -> Iterator[Call]:
    """Swaps a debt between the variable and the stable rate, or borrows at a stable one."""
    owed = [s for s in account.debts() if play.aave.reserves[s].plan.stable_rate]
    if owed:
        reserve = play.aave.reserves[rng.choice(owed)]
        mode = VARIABLE_RATE if supply_of(account, reserve).owed else STABLE_RATE
        yield play.aave.pool.send(account.address, "swapBorrowRateMode", reserve.asset, mode)
    elif account.available_base > 100 * BASE:
        reserve = play.aave.reserves[rng.choice(FIRST_FIXED_RATES)]
        usd = account.available_base / BASE * rng.uniform(0.05, 0.5)
        amount = reserve.units(usd)
        yield play.aave.borrow(account.address, reserve, amount, mode=STABLE_RATE)


def act_for(play: Play, account: AccountView, rng: random.Random) -> Iterator[Call]:
    """Lets a manager set a collateral flag, and dismisses it."""
    held = account.supplied()
    if not held:
        return
    reserve = play.aave.reserves[rng.choice(held)]
    flag = supply_of(account, reserve).as_collateral
    manager, pool = play.world.address("aave manager"), play.aave.pool
    set_flag = "setUserUseReserveAsCollateralOnBehalfOf"
    yield pool.send(account.address, "approvePositionManager", manager, True)
    yield pool.send(manager, set_flag, reserve.asset, not flag, account.address)
    yield pool.send(account.address, "approvePositionManager", manager, False)


def supply_of(account: AccountView, reserve: Reserve) -> Holding:
    """What the person holds and owes in that reserve."""
    return account.holdings[reserve.plan.symbol]
