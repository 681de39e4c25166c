"""The seeded life of an Aave V3 market: calm days, a crash, liquidations, a pause.

Five blocks are pinned: `calm` before the crash, `stressed` after it and before the first
liquidation, `mid_liquidation` half-way, `after` when deficits are covered, `paused` when a large
reserve stands still, the sequencer is down and an asset is no collateral any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.devnet.aave_v3.account_views import account_views, whole
from analyzer.devnet.aave_v3.admin_actions import (
    admin_actions,
    cover_deficits,
    delist,
    pause,
    stop_sequencer,
)
from analyzer.devnet.aave_v3.artifacts import Build
from analyzer.devnet.aave_v3.deploy import deploy
from analyzer.devnet.aave_v3.liquidating import Bailiff
from analyzer.devnet.aave_v3.market import Reserve
from analyzer.devnet.aave_v3.opening import open_positions
from analyzer.devnet.aave_v3.plans import (
    CRASH,
    DROPPED,
    PRICES_USD,
    RESERVES,
    STAKING_RATIO,
    VOLATILITY_A_DAY,
)
from analyzer.devnet.aave_v3.play import Play
from analyzer.devnet.aave_v3.population import populate
from analyzer.devnet.aave_v3.trading import trade_for
from analyzer.devnet.clock import HOUR, MINUTE
from analyzer.devnet.feeds import deploy_feeds
from analyzer.devnet.part import Shared
from analyzer.devnet.roles import of_role
from analyzer.devnet.tokens import deploy_tokens
from analyzer.devnet.world import View, World

CALM_STEPS = (10, 30)
"""At least and at most; fewer than those of Perp V2, whose prices grow stale while it waits."""
LATER_STEPS = 4
CRASH_STEPS = 4
LIQUIDATED_SHARE = 0.25
"""Liquidations a hundred accounts, as a share."""
IDLE_WAVES = 3
"""Waves without a liquidation after which it is over."""
SHARED_OWNERS_PART = 3
"""One account in so many belongs to somebody who has one in another protocol, too."""
STEADY = 0.01
"""A feed that moves less than this a day is a dollar coin, a currency or follows another."""
SEQUENCER_WAIT_S = 2 * HOUR
"""Longer than the sentinel's grace period, so that the first days may borrow."""


def prepare(world: World, accounts: int, shared: Shared, build: Build) -> Play:
    """Deploys the market, over the tokens, feeds and owners that are shared already.

    The scenario moves the prices of those feeds only that it made itself. A third of the accounts
    are those of shared owners. Raises UnreadError.
    """
    wanted = {r.symbol: r.decimals for r in RESERVES if r.symbol not in shared.tokens}
    shared.tokens |= deploy_tokens(world, wanted)
    own_feeds = deploy_feeds(world, _first_prices(world, shared))
    shared.feeds |= own_feeds
    world.mine(must_succeed=True)
    aave = deploy(world, build, shared.tokens, shared.feeds)
    owners = shared.owners[: accounts // SHARED_OWNERS_PART]
    people = populate(world, accounts, first_revision=aave.first, owners=owners)
    feeds = {symbol: shared.feeds[symbol] for symbol in PRICES_USD}
    play = Play(world, build, aave, people, feeds, frozenset(own_feeds))
    play.standing_still.add(DROPPED)
    return play


def _first_prices(world: World, shared: Shared) -> dict[str, float]:
    """The prices of the feeds to make; wstETH is worth its ratio of ether, whoever reports that."""
    rng = world.random("aave-v3 prices")
    prices = {
        symbol: price * rng.uniform(0.9, 1.1) if VOLATILITY_A_DAY[symbol] > STEADY else price
        for symbol, price in PRICES_USD.items()
    }
    prices |= {symbol: feed.price_usd for symbol, feed in shared.feeds.items()}
    prices["wstETH"] = prices["ETH"] * STAKING_RATIO
    return {symbol: prices[symbol] for symbol in PRICES_USD if symbol not in shared.feeds}


def phases(play: Play) -> Iterator[str]:
    """Plays the whole scenario, step by step; yields what `part.Part.play` has to yield."""
    play.mine(SEQUENCER_WAIT_S)
    open_positions(play)
    yield "opened"
    steps = min(max(len(play.people) // 6, CALM_STEPS[0]), CALM_STEPS[1])
    for step, done in enumerate(trade_for(play, steps, 0.15, "calm days", (2, 13))):
        admin_actions(play, step, steps)
        yield done
    _leave(play)
    play.mine(10 * MINUTE)
    yield "calm"
    _crash(play)
    yield "stressed"
    yield from _liquidate(play)
    _cover(play)
    yield "after"
    yield from trade_for(play, LATER_STEPS, 0.1, "later days", (1, 8))
    _stand_still(play)
    yield from trade_for(play, 2, 0.05, "paused days", (0.2, 0.6))
    Bailiff(play, play.world.random("aave-v3 attempts"), 0).try_all()
    yield "paused"


def _leave(play: Play) -> None:
    """Those who only pass by pay back and take everything out again."""
    passers = list(of_role(play.people, "passer"))
    found = account_views(play.world, play.aave, [p.address for p in passers])
    for account in found:
        for symbol in account.debts():
            reserve, owed = play.aave.reserves[symbol], account.holdings[symbol].owed
            play.world.queue(*play.give(account.address, reserve, owed + owed // 50 + 1))
            play.world.queue(play.aave.repay(account.address, reserve))
        for symbol in account.supplied():
            play.world.queue(play.aave.withdraw(account.address, play.aave.reserves[symbol]))
    play.mine()


def _crash(play: Play) -> None:
    """Prices fall in a few steps; the dollar coins and the staking ratio slip a little."""
    rng = play.world.random("aave-v3 crash")
    for step in range(CRASH_STEPS):
        for symbol, feed in play.feeds.items():
            if symbol in play.drives and symbol != "wstETH":
                feed.price_usd *= CRASH.get(symbol, 1.0) ** (1 / CRASH_STEPS)
        play.staking_ratio *= CRASH["wstETH"] ** (1 / CRASH_STEPS)
        play.follow()
        play.queue_reports()
        play.mine(rng.randint(3 * MINUTE, 25 * MINUTE))
        play.world.progress("crash", step + 1, CRASH_STEPS)
    play.mine(rng.randint(MINUTE, 5 * MINUTE))


def _liquidate(play: Play) -> Iterator[str]:
    """Waves of liquidations while prices still move; yields after each, and half-way."""
    rng = play.world.random("aave-v3 liquidations")
    total = max(12, round(LIQUIDATED_SHARE * len(play.people)))
    bailiff = Bailiff(play, rng, total)
    half_way, idle = False, 0
    while bailiff.left and idle < IDLE_WAVES:
        idle = 0 if bailiff.wave() else idle + 1
        play.world.progress("liquidations", total - bailiff.left, total)
        if not half_way and bailiff.left <= total / 2:
            half_way = True
            yield "mid_liquidation"
        passed = rng.randint(MINUTE, 40 * MINUTE)
        play.drift(rng, passed)
        play.queue_reports()
        play.mine(passed)
        yield "liquidations"
    if not half_way:
        yield "mid_liquidation"


def _cover(play: Play) -> None:
    """Later revisions: the umbrella covers a part of what the liquidations left uncovered."""
    if play.aave.first:
        return
    reserves = list(play.aave.reserves.values())
    views = [View(play.aave.pool, "getReserveDeficit", (r.asset,)) for r in reserves]
    deficits: list[tuple[Reserve, int]] = [
        (reserve, whole(answer[0]))
        for reserve, answer in zip(reserves, play.world.ask(views), strict=True)
        if answer is not None and whole(answer[0])
    ]
    play.world.queue(*cover_deficits(play, deficits))
    play.mine(30 * MINUTE)


def _stand_still(play: Play) -> None:
    """The pause, the silent sequencer and the asset that is no collateral any more."""
    play.world.queue(*delist(play))
    play.mine(5 * MINUTE)
    play.world.queue(*pause(play), *stop_sequencer(play))
    play.mine(5 * MINUTE)
