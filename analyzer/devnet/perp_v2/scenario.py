"""The seeded life of a Perp V2 market: calm days, a crash, liquidations, a pause.

Five blocks are pinned: `calm` before the crash, `stressed` after it and before the first
liquidation, `mid_liquidation` half-way, `after` when the last bad debt is settled, `paused` when
one of the large markets stands still and a small one is closed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from analyzer.devnet.clock import HOUR, MINUTE
from analyzer.devnet.perp_v2.actions import whole
from analyzer.devnet.perp_v2.deploy import deploy
from analyzer.devnet.perp_v2.liquidating import Bailiff
from analyzer.devnet.perp_v2.opening import open_market
from analyzer.devnet.perp_v2.play import Play
from analyzer.devnet.perp_v2.population import populate
from analyzer.devnet.perp_v2.trading import open_first_positions, trade_for
from analyzer.devnet.roles import of_role
from analyzer.devnet.world import View, World

CALM_STEPS = (6, 20)
"""Rounds in each half of the calm days: at least, and at most, one for ten accounts."""
LATER_STEPS = 5
FALL = (0.2, 0.38)
"""By what share a price falls in the crash, at least and at most."""
LARGEST_FALL_A_STEP = 0.06
SMALL_MARKET = 3
PAUSED_MARKET = 2
POSITIONS_SHARE = 0.12
COLLATERALS_SHARE = 0.07


def prepare(world: World, accounts: int) -> tuple[Play, list[float]]:
    """Deploys the protocol and says who takes part and how far each market will fall.

    Raises UnreadError when a contract refuses.
    """
    perp = deploy(world)
    falls = [world.random(f"perp-v2 fall {m.plan.feed}").uniform(*FALL) for m in perp.markets]
    return Play(world, perp, populate(world, accounts, falls), [0.0 for _ in falls]), falls


def phases(play: Play, falls: Sequence[float]) -> Iterator[str]:
    """Plays the whole scenario, step by step; yields what `part.Part.play` has to yield."""
    open_market(play)
    open_first_positions(play)
    yield "opened"
    rounds = min(max(len(play.people) // 10, CALM_STEPS[0]), CALM_STEPS[1])
    yield from trade_for(play, rounds, 0.12, "calm days", hours=(1, 5))
    _change_parameters(play)
    yield from trade_for(play, rounds, 0.12, "more calm days", hours=(1, 5))
    _leave(play)
    play.mine(10 * MINUTE)
    yield "calm"
    _pause(play, SMALL_MARKET)
    _crash(play, falls)
    yield "stressed"
    bailiff = _bailiff(play)
    yield from _liquidate(bailiff, until=bailiff.quota // 2)
    yield "mid_liquidation"
    yield from _liquidate(bailiff, until=0)
    _close_small_market(play)
    _settle_bad_debt(play)
    yield "after"
    yield from trade_for(play, LATER_STEPS, 0.08, "later days", hours=(1, 3), also=["liquidator"])
    _pause(play, PAUSED_MARKET)
    yield from trade_for(play, 2, 0.08, "paused days", hours=(1, 3))
    yield "paused"


def _change_parameters(play: Play) -> None:
    """The owner changes a few parameters, as owners do: each of them has an event."""
    core, owner = play.perp.core, play.perp.owner
    token, market = play.perp.collaterals[-1], play.perp.markets[PAUSED_MARKET]
    ratio, fee = token.plan.collateral_ratio - 50_000, market.plan.exchange_fee + 500
    changes = (
        (core.collateral_manager, "setCollateralRatio", (token.token.address, ratio)),
        (core.market_registry, "setFeeRatio", (market.address, fee)),
        (core.clearing_house_config, "setMaxFundingRate", (150_000,)),
    )
    for contract, function, args in changes:
        play.world.queue(contract.send(owner, function, *args, label="change parameter"))
    play.mine()


def _leave(play: Play) -> None:
    """Those who only pass by take everything out again."""
    for person in of_role(play.people, "passer"):
        play.world.queue(play.actions.withdraw_all(person.address, play.perp.usdc.address))


def _pause(play: Play, index: int) -> None:
    market = play.perp.markets[index]
    play.world.queue(market.base.send(play.perp.market_owner, "pause", label="pause market"))
    play.mine(5 * MINUTE)
    play.halted.add(index)


def _crash(play: Play, falls: Sequence[float]) -> None:
    """Every price falls in steps that the pools can follow."""
    rng = play.world.random("perp-v2 crash")
    steps = math.ceil(math.log(1 - max(falls)) / math.log(1 - LARGEST_FALL_A_STEP))
    for step in range(steps):
        for market, fall in zip(play.perp.markets, falls, strict=True):
            market.feed.feed.price_usd *= (1 - fall) ** (1 / steps)
        play.step_prices(rng.randint(2 * MINUTE, 20 * MINUTE))
        play.world.progress("crash", step + 1, steps)
    play.step_prices(rng.randint(5 * MINUTE, 15 * MINUTE))


def _bailiff(play: Play) -> Bailiff:
    accounts = len(play.people)
    return Bailiff(
        play,
        play.world.random("perp-v2 liquidations"),
        positions_left=max(6, round(accounts * POSITIONS_SHARE)),
        collaterals_left=max(3, round(accounts * COLLATERALS_SHARE)),
    )


def _liquidate(bailiff: Bailiff, *, until: int) -> Iterator[str]:
    """Waves of liquidations until only `until` of the quota are left, or nobody is left to
    liquidate. Prices move a little before each further wave; yields after each."""
    play = bailiff.play
    while bailiff.left > until:
        if play.liquidations:
            for feed in play.perp.feeds.values():
                feed.feed.drift(bailiff.rng, 0.01)
            play.step_prices(bailiff.rng.randint(30, 3 * MINUTE))
        if not bailiff.wave():
            return
        play.world.progress("liquidations", len(play.liquidations), bailiff.quota)
        yield "liquidations"


def _settle_bad_debt(play: Play) -> None:
    """Whoever has neither position nor token and owes is charged to the fund, which then pays
    back what it owes itself. The contract does nothing for the others, so only they are asked."""
    actions = play.actions
    troubled = actions.in_trouble([p.address for p in play.people])
    for account in actions.account_views(troubled):
        if account.account_value < 0 and not any(account.sizes):
            play.world.queue(actions.settle_bad_debt(play.arbitrageur, account.address))
    play.mine(HOUR // 2)
    fund = play.perp.core.insurance_fund
    view = View(play.perp.core.vault, "getSettlementTokenValue", (fund.address,))
    if whole(play.world.ask([view])[0]) < 0:
        play.world.queue(fund.send(play.arbitrageur, "repay", label="repay fund"))
        play.mine(HOUR // 2)


def _close_small_market(play: Play) -> None:
    """The small market is closed at its paused price; about half of its traders quit."""
    market = play.perp.markets[SMALL_MARKET]
    (answer,) = play.world.ask([View(market.base, "getPausedIndexPrice")])
    owner, price = play.perp.market_owner, whole(answer)
    play.world.queue(market.base.send(owner, "close(uint256)", price, label="close market"))
    play.mine(MINUTE)
    everyone = [p.address for p in play.people]
    sizes = play.actions.sizes(everyone, market)
    inside = [trader for trader, size in zip(everyone, sizes, strict=True) if size]
    for trader in inside[::2]:
        play.world.queue(play.actions.quit_market(play.arbitrageur, trader, market))
    play.mine(MINUTE)
