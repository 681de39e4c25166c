"""The first days' start: everybody deposits, makers add their ranges, the fund gets its capital."""

from __future__ import annotations

import math
import random

from analyzer.devnet.chain import Call
from analyzer.devnet.clock import HOUR
from analyzer.devnet.perp_v2.deploy import Market
from analyzer.devnet.perp_v2.play import TRANSACTIONS_A_BLOCK, Play
from analyzer.devnet.perp_v2.population import Person, Range, of_role

FUND_SHARE = 0.012
"""The insurance fund's wallet at first, as a share of all traders' wealth."""
TICK_BASE = 1.0001
E18 = 10**18


def open_accounts(play: Play) -> None:
    """All first deposits, the fund's capital, a debt threshold for a few, a gift to the Vault."""
    rng = play.world.random("perp-v2 deposits")
    perp = play.perp
    for person in play.people:
        calls = first_deposits(play, person, rng)
        if play.world.queued() + len(calls) > TRANSACTIONS_A_BLOCK:
            play.mine()
        play.world.queue(*calls)
    play.mine()
    wealth = sum(p.wealth_usd for p in of_role(play.people, "trader", "whale"))
    fund = perp.core.insurance_fund.address
    play.world.queue(perp.usdc.mint(fund, perp.usdc.units(wealth * FUND_SHARE)))
    donor = play.world.address("donor")
    play.world.queue(
        perp.usdc.mint(donor, perp.usdc.units(1_234.567891)),
        perp.usdc.transfer(donor, perp.core.vault.address, perp.usdc.units(1_234.567891)),
    )
    indebted = [p for p in of_role(play.people, "trader") if p.in_tokens == 1.0][:2]
    for person, threshold in zip(indebted, (50_000, 100), strict=False):
        manager = perp.core.collateral_manager
        args = (person.address, perp.usdc.units(threshold))
        play.world.queue(manager.send(perp.owner, "setWhitelistedDebtThreshold", *args))
    liquidators = list(of_role(play.people, "liquidator"))
    for person in liquidators:
        amount = perp.usdc.units(2_000_000)
        play.world.queue(
            perp.usdc.mint(person.address, amount),
            perp.usdc.approve(person.address, perp.core.vault.address),
        )
    play.world.mine(must_succeed=True)
    # Prices of a market are read over the 30 minutes before; its pool must be older than that.
    play.report_prices(HOUR)
    for person in of_role(play.people, "anchor"):
        for index, market in play.markets():
            add_first_range(play, person, index, market, rng)
    play.mine()
    for person in of_role(play.people, "maker"):
        for index in person.markets:
            for _ in range(rng.randint(1, 3)):
                add_first_range(play, person, index, perp.markets[index], rng)
    play.mine()


def first_deposits(play: Play, person: Person, rng: random.Random) -> list[Call]:
    """USDC and collateral tokens worth the person's wealth."""
    desk, perp = play.desk, play.perp
    calls = []
    in_usdc = person.wealth_usd * (1 - person.in_tokens)
    if in_usdc > 0:
        calls += desk.deposit(person.address, perp.usdc, perp.usdc.units(in_usdc))
    if person.in_tokens:
        kinds = rng.sample(perp.collaterals, rng.choices((1, 2, 3), (60, 30, 10))[0])
        for kind in kinds:
            worth = person.wealth_usd * person.in_tokens / len(kinds)
            amount = kind.token.units(worth / kind.feed.feed.price_usd)
            calls += desk.deposit(person.address, kind.token, amount)
    return calls


def add_first_range(
    play: Play, maker: Person, index: int, market: Market, rng: random.Random
) -> None:
    """Queues a range: wide for an anchor, else narrow, at times above or below the price."""
    spacing = {500: 10, 3_000: 60, 10_000: 200}[market.plan.pool_fee]
    price = market.feed.feed.price_usd
    now = math.log(price, TICK_BASE)
    if maker.role == "anchor":
        width, shift, share = rng.uniform(11_000, 14_000), 0.0, (0.32, 0.3, 0.25, 0.05)[index]
        quote = maker.wealth_usd * 3.0 * share
    else:
        width = rng.uniform(300, 4_000)
        shift = rng.choices((0.0, width * 1.2, -width * 1.2), (70, 15, 15))[0]
        quote = maker.wealth_usd * maker.leverage / (2 * len(maker.markets))
    lower = int((now + shift - width) // spacing * spacing)
    upper = int((now + shift + width) // spacing * spacing)
    base = int(quote / price * 1e6) * 10**12
    amounts = (base if upper > now else 0, int(quote * 1e6) * 10**12 if lower < now else 0)
    maker.ranges.append(Range(index, lower, upper))
    play.world.queue(play.desk.add_range(maker.address, market, (lower, upper), amounts))
