"""The seeded life of an Aave V3 market: calm days, a crash, liquidations, a pause.

Five blocks are pinned: `calm` before the crash, `stressed` after it and before the first
liquidation, `mid_liquidation` half-way, `after` when deficits are covered, `paused` when a large
reserve stands still, the sequencer is down and an asset is no collateral any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analyzer.devnet.aave_v3.artifacts import Build
from analyzer.devnet.aave_v3.deploy import deploy
from analyzer.devnet.aave_v3.liquidating import Bailiff
from analyzer.devnet.aave_v3.market import Reserve
from analyzer.devnet.aave_v3.opening import open_positions
from analyzer.devnet.aave_v3.plans import CRASH, DROPPED, PRICES_USD, RESERVES
from analyzer.devnet.aave_v3.play import Play
from analyzer.devnet.aave_v3.population import of_role, populate
from analyzer.devnet.aave_v3.standing import standings, whole
from analyzer.devnet.aave_v3.trading import trade_for
from analyzer.devnet.aave_v3.upkeep import cover_deficits, delist, pause, stop_sequencer, upkeep
from analyzer.devnet.clock import HOUR, MINUTE
from analyzer.devnet.feeds import Feed, deploy_feeds
from analyzer.devnet.tokens import Token, deploy_tokens
from analyzer.devnet.world import View, World

CALM_STEPS = 30
LATER_STEPS = 4
CRASH_STEPS = 4
LIQUIDATED_SHARE = 0.25
"""Liquidations a hundred accounts, as a share."""
IDLE_WAVES = 3
"""Waves without a liquidation after which it is over."""
SEQUENCER_WAIT_S = 2 * HOUR
"""Longer than the sentinel's grace period, so that the first days may borrow."""


def begin(
    world: World,
    build: Build,
    accounts: int,
    *,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
    owners: Sequence[str] = (),
) -> Play:
    """Deploys the market; `tokens` and `feeds` that exist are shared, the others are made.

    The scenario moves the prices of those feeds only that it made. Raises UnreadError.
    """
    own_tokens = deploy_tokens(
        world, {r.symbol: r.decimals for r in RESERVES if r.symbol not in tokens}
    )
    own_feeds = deploy_feeds(world, {s: p for s, p in PRICES_USD.items() if s not in feeds})
    world.mine(must_succeed=True)
    all_tokens, all_feeds = {**tokens, **own_tokens}, {**feeds, **own_feeds}
    aave = deploy(world, build, all_tokens, all_feeds)
    people = populate(world, accounts, first_revision=aave.first, owners=owners)
    known = {symbol: all_feeds[symbol] for symbol in PRICES_USD}
    play = Play(world, build, aave, people, known, frozenset(own_feeds))
    play.standing_still.add(DROPPED)
    return play


def run(play: Play) -> Iterator[str]:
    """Plays the whole scenario; yields after every step, and a pin's label when it is reached.

    Whatever is yielded, nothing is queued, so that another scenario may go on with the chain.
    Raises UnreadError.
    """
    play.mine(SEQUENCER_WAIT_S)
    open_positions(play)
    yield "opened"
    for step, done in enumerate(trade_for(play, CALM_STEPS, 0.15, "calm days", (2, 13))):
        upkeep(play, step)
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
    found = standings(play.world, play.aave, [p.address for p in passers])
    for standing in found:
        for symbol in standing.debts():
            reserve, owed = play.aave.reserves[symbol], standing.holdings[symbol].owed
            play.world.queue(*play.give(standing.address, reserve, owed + owed // 50 + 1))
            play.world.queue(play.aave.repay(standing.address, reserve))
        for symbol in standing.supplied():
            play.world.queue(play.aave.withdraw(standing.address, play.aave.reserves[symbol]))
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
