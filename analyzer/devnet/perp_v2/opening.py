"""The start: everybody deposits, the fund gets its capital, makers add their ranges."""

from __future__ import annotations

import math
import random

from analyzer.devnet.chain import Call
from analyzer.devnet.clock import HOUR
from analyzer.devnet.perp_v2.play import TRANSACTIONS_A_BLOCK, Play
from analyzer.devnet.perp_v2.population import Person, Range
from analyzer.devnet.roles import of_role

FUND_SHARE = 0.012
"""The insurance fund's wallet at first, as a share of all traders' wealth."""
STRAY_USDC = 1_234.567891
LIQUIDATOR_WALLET_USDC = 2_000_000
OWN_DEBT_THRESHOLDS_USD = (50_000, 100)
TICK_BASE = 1.0001
TICK_SPACING = {500: 10, 3_000: 60, 10_000: 200}
"""Uniswap V3's tick spacing by pool fee."""


def open_market(play: Play) -> None:
    """All first deposits, the fund's capital, and the makers' ranges."""
    rng = play.world.random("perp-v2 deposits")
    for person in play.people:
        calls = first_deposits(play, person, rng)
        if play.world.queued() + len(calls) > TRANSACTIONS_A_BLOCK:
            play.mine()
        play.world.queue(*calls)
    play.mine()
    _queue_capital(play)
    _queue_debt_thresholds(play)
    play.world.mine(must_succeed=True)
    # Prices of a market are read over the 30 minutes before; its pool must be older than that.
    play.report_prices(HOUR)
    for role, ranges in (("anchor", (1, 1)), ("maker", (1, 3))):
        for person in of_role(play.people, role):
            for index in person.markets:
                for _ in range(rng.randint(*ranges)):
                    add_range(play, person, index, rng)
        play.mine()


def _queue_capital(play: Play) -> None:
    """The insurance fund's wallet, the liquidators' wallets, and USDC sent to the Vault as if it
    were a deposit, which nobody is credited with."""
    perp = play.perp
    wealth = sum(p.wealth_usd for p in of_role(play.people, "trader", "whale"))
    fund, vault = perp.core.insurance_fund.address, perp.core.vault.address
    donor, gift = play.world.address("donor"), perp.usdc.units(STRAY_USDC)
    play.world.queue(
        perp.usdc.mint(fund, perp.usdc.units(wealth * FUND_SHARE)),
        perp.usdc.mint(donor, gift),
        perp.usdc.transfer(donor, vault, gift),
    )
    for person in of_role(play.people, "liquidator"):
        amount = perp.usdc.units(LIQUIDATOR_WALLET_USDC)
        play.world.queue(
            perp.usdc.mint(person.address, amount), perp.usdc.approve(person.address, vault)
        )


def _queue_debt_thresholds(play: Play) -> None:
    """A debt threshold of its own for two traders who hold tokens only."""
    perp = play.perp
    indebted = [p for p in of_role(play.people, "trader") if p.in_tokens == 1.0][:2]
    for person, threshold in zip(indebted, OWN_DEBT_THRESHOLDS_USD, strict=False):
        manager = perp.core.collateral_manager
        args = (person.address, perp.usdc.units(threshold))
        play.world.queue(manager.send(perp.owner, "setWhitelistedDebtThreshold", *args))


def first_deposits(play: Play, person: Person, rng: random.Random) -> list[Call]:
    """USDC and collateral tokens worth the person's wealth."""
    actions, perp = play.actions, play.perp
    if person.role == "holder" and not person.in_tokens:
        giver, amount = play.world.address("donor"), perp.usdc.units(person.wealth_usd)
        return actions.deposit_for(giver, person.address, perp.usdc, amount)
    calls = []
    in_usdc = person.wealth_usd * (1 - person.in_tokens)
    if in_usdc > 0:
        calls += actions.deposit(person.address, perp.usdc, perp.usdc.units(in_usdc))
    if person.in_tokens:
        kinds = rng.sample(perp.collaterals, rng.choices((1, 2, 3), (60, 30, 10))[0])
        for kind in kinds:
            worth = person.wealth_usd * person.in_tokens / len(kinds)
            amount = kind.token.units(worth / kind.feed.feed.price_usd)
            calls += actions.deposit(person.address, kind.token, amount)
    return calls


def add_range(play: Play, maker: Person, index: int, rng: random.Random) -> None:
    """Queues a range: wide for an anchor, else narrow, at times above or below the price."""
    market = play.perp.markets[index]
    spacing = TICK_SPACING[market.plan.pool_fee]
    price = market.feed.feed.price_usd
    now = math.log(price, TICK_BASE)
    if maker.role == "anchor":
        width, shift = rng.uniform(11_000, 14_000), 0.0
        quote = maker.wealth_usd * 3.0 * maker.shares[index]
    else:
        width = rng.uniform(300, 4_000)
        shift = rng.choices((0.0, width * 1.2, -width * 1.2), (70, 15, 15))[0]
        quote = maker.wealth_usd * maker.leverage * maker.shares[index] / 4
    lower = int((now + shift - width) // spacing * spacing)
    upper = int((now + shift + width) // spacing * spacing)
    base = int(quote / price * 1e6) * 10**12
    amounts = (base if upper > now else 0, int(quote * 1e6) * 10**12 if lower < now else 0)
    maker.ranges.append(Range(index, lower, upper))
    play.world.queue(play.actions.add_range(maker.address, market, (lower, upper), amounts))
