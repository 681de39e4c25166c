"""Ordinary days: prices drift, positions are opened and closed, ranges moved, funding settled."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from analyzer.devnet.chain import Call
from analyzer.devnet.clock import HOUR, MINUTE
from analyzer.devnet.perp_v2.actions import E12, AccountView, tuple_of, whole
from analyzer.devnet.perp_v2.opening import add_range
from analyzer.devnet.perp_v2.play import Play
from analyzer.devnet.perp_v2.population import Person, Range
from analyzer.devnet.roles import of_role
from analyzer.devnet.tokens import Token
from analyzer.devnet.world import View

VOLATILITY_AN_HOUR = 0.004
PREMIUM_PULL = 0.6
PREMIUM_NOISE = 0.004
TINY_SIZES = (15, 400, 3_000)
"""Base sizes in wei: funding over hours truncates to 0 on them."""
ACTIONS = (
    ("open", 24),
    ("reduce", 14),
    ("reverse", 6),
    ("close", 10),
    ("deposit", 8),
    ("withdraw usdc", 10),
    ("withdraw token", 6),
    ("settle funding", 8),
    ("settle funding twice", 3),
)


def trade_for(
    play: Play,
    steps: int,
    acting: float,
    purpose: str,
    *,
    hours: tuple[int, int],
    also: Sequence[str] = (),
) -> Iterator[str]:
    """`steps` rounds: time passes, prices drift and are followed, a share of the accounts acts.

    Yields after each round.

    `hours`: the least and the most that pass in a round. `also`: roles that act beside the
    traders.
    """
    rng = play.world.random(f"perp-v2 {purpose}")
    traders = [p for p in of_role(play.people, "trader", *also) if not p.patient]
    makers = list(of_role(play.people, "maker"))
    for step in range(steps):
        passed = rng.randint(*hours)
        drift_prices(play, rng, passed)
        play.step_prices(passed * HOUR + rng.randint(0, 600))
        actors = rng.sample(traders, max(1, round(len(traders) * acting)))
        act(play, actors, rng)
        for maker in rng.sample(makers, max(1, round(len(makers) * acting))):
            tend_ranges(play, maker, rng)
        if step % 4 == 1:
            for person in of_role(play.people, "tiny"):
                play.world.queue(play.actions.settle_funding(person.address))
        play.mine(rng.randint(15, 5 * MINUTE))
        play.world.progress(purpose, step + 1, steps)
        yield purpose


def drift_prices(play: Play, rng: random.Random, hours: int) -> None:
    """A random step of every price and of every pool's premium."""
    for feed in play.perp.feeds.values():
        feed.feed.drift(rng, VOLATILITY_AN_HOUR * hours**0.5)
    play.premium = [p * PREMIUM_PULL + rng.gauss(0, PREMIUM_NOISE) for p in play.premium]


def open_first_positions(play: Play) -> None:
    """Every trader opens in all of its markets, in a few blocks; the pools are held in between."""
    rng = play.world.random("perp-v2 first positions")
    people = [p for p in of_role(play.people, "trader", "whale", "tiny") if p.markets]
    chunk = 40
    for at in range(0, len(people), chunk):
        for person in people[at : at + chunk]:
            for index in person.markets:
                play.world.queue(first_position(play, person, index, rng))
        play.mine(rng.randint(20, 90))
        play.step_prices(rng.randint(60, 600))
        play.world.progress("first positions", min(at + chunk, len(people)), len(people))


def first_position(play: Play, person: Person, index: int, rng: random.Random) -> Call:
    """A position of the person's leverage, shared over its markets."""
    market = play.perp.markets[index]
    sign = 1 if rng.random() < person.long_bias else -1
    if person.role == "tiny":
        return play.actions.open_size(person.address, market, sign * rng.choice(TINY_SIZES))
    notional = person.wealth_usd * person.leverage * person.shares[index]
    if not person.patient:
        notional *= rng.uniform(0.6, 1.0)
    return play.actions.open_notional(person.address, market, sign * int(notional * 1e6) * E12)


def act(play: Play, actors: list[Person], rng: random.Random) -> None:
    """Queues one action for each actor, chosen by what it holds."""
    accounts = play.actions.account_views([a.address for a in actors])
    for person, account in zip(actors, accounts, strict=True):
        names, weights = zip(*ACTIONS, strict=True)
        play.world.queue(*action(play, person, account, rng.choices(names, weights)[0], rng))


def action(
    play: Play, person: Person, account: AccountView, name: str, rng: random.Random
) -> list[Call]:
    """The transactions of one action; an action without its object becomes a new position."""
    actions, address = play.actions, person.address
    markets = play.perp.markets
    held = [i for i, size in enumerate(account.sizes) if size and i not in play.halted]
    match name:
        case "deposit":
            return deposit_again(play, person, rng)
        case "withdraw usdc":
            free = max(account.free_collateral, 0)
            some = int(free * rng.uniform(0.02, 0.3))
            return [actions.withdraw(address, play.perp.usdc.address, some)]
        case "withdraw token" if person.in_tokens:
            token = rng.choice(play.perp.collaterals).token
            worth = max(account.free_collateral, 0) / 1e6 * rng.uniform(0.02, 0.2)
            price = play.perp.feeds[token.symbol.removeprefix("W")].feed.price_usd
            return [actions.withdraw(address, token.address, token.units(worth / price))]
        case "settle funding":
            return [actions.settle_funding(address)]
        case "settle funding twice":
            return [actions.settle_funding(address), actions.settle_funding(address)]
    if held and name in ("reduce", "reverse", "close"):
        index = rng.choice(held)
        market, size = markets[index], account.sizes[index]
        if name == "close":
            return [actions.close(address, market)]
        ratio = rng.uniform(0.1, 0.9) if name == "reduce" else rng.uniform(1.2, 1.8)
        return [actions.open_size(address, market, -int(size * ratio))]
    open_markets = [i for i in person.markets if i not in play.halted]
    if not open_markets or account.free_collateral <= 0:
        return [actions.settle_funding(address)]
    index = rng.choice(open_markets)
    sign = 1 if rng.random() < person.long_bias else -1
    notional = account.free_collateral * 10 * E12 * rng.randint(5, 60) // 100
    return [actions.open_notional(address, markets[index], sign * notional)]


def withdrawal(play: Play, trader: str, token: Token, rng: random.Random) -> list[Call]:
    """Some of what is free of a token; what is not free at all is still asked for now and then."""
    view = View(play.perp.core.vault, "getFreeCollateralByToken", (trader, token.address))
    free = whole(play.world.ask([view])[0])
    if not free and rng.random() < 0.8:
        return [play.actions.settle_funding(trader)]
    some = max(1, int(free * rng.uniform(0.05, 0.5)))
    return [play.actions.withdraw(trader, token.address, some)]


def deposit_again(play: Play, person: Person, rng: random.Random) -> list[Call]:
    """A smaller deposit, in USDC or in a token."""
    amount = person.wealth_usd * rng.uniform(0.02, 0.25)
    if person.in_tokens and rng.random() < 0.5:
        kind = rng.choice(play.perp.collaterals)
        units = kind.token.units(amount / kind.feed.feed.price_usd)
        return play.actions.deposit(person.address, kind.token, units)
    return play.actions.deposit(person.address, play.perp.usdc, play.perp.usdc.units(amount))


def tend_ranges(play: Play, maker: Person, rng: random.Random) -> None:
    """Collects fees of a range, removes a part or all of it, or adds a new one."""
    held = [(r, liquidity) for r, liquidity in ranges_of(play, maker) if liquidity]
    maker.ranges = [r for r, _ in held]
    movable = [(r, liquidity) for r, liquidity in held if r.market not in play.halted]
    choice = rng.choices(("collect", "part", "all", "add"), (40, 25, 10, 25))[0]
    markets = [i for i in maker.markets if i not in play.halted]
    if choice == "add" or not movable:
        if markets:
            index = rng.choice(markets)
            add_range(play, maker, index, rng)
        return
    chosen, liquidity = rng.choice(movable)
    removed = {"collect": 0.0, "part": rng.uniform(0.1, 0.8), "all": 1.0}[choice]
    amount = liquidity if removed == 1.0 else int(liquidity * removed)
    ticks = (chosen.lower_tick, chosen.upper_tick)
    market = play.perp.markets[chosen.market]
    play.world.queue(play.actions.remove_range(maker.address, market, ticks, amount))


def ranges_of(play: Play, maker: Person) -> list[tuple[Range, int]]:
    """The maker's ranges with their liquidity now; 0 when one was not accepted or is gone."""
    book = play.perp.core.order_book
    views = [
        View(
            book,
            "getOpenOrder",
            (maker.address, play.perp.markets[r.market].address, r.lower_tick, r.upper_tick),
        )
        for r in maker.ranges
    ]
    orders = [tuple_of(a) for a in play.world.ask(views)]
    return [(r, whole(order)) for r, order in zip(maker.ranges, orders, strict=True)]
