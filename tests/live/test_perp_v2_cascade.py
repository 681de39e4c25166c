"""A cascade whose market is the protocol's own Uniswap pools: predicted, and as it came.

Bots liquidate everybody who can be, then trade what they took over in the pools, tokens by the
equal size of the market of their asset; the prices that this leads to are reported, averages
converge, and the next round begins, until nobody is left. One bot, so that all of a round's
trades of a market are one swap.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest
from perp_stage import Stage, Visitor, stage

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.market.depth import ImpactCurve
from analyzer.market.depth.pool_state import PoolState, Token, pool_curve
from analyzer.market.depth.swap import swap
from analyzer.model.book import Book
from analyzer.model.closure import Executed
from analyzer.protocols.kit.ticks import MAX_TICK, MIN_TICK, tick_at_sqrt_ratio
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.protocols.perp_v2.records import MarketStatus
from analyzer.protocols.perp_v2.state.pool_liquidity import liquidity_at, net_liquidity
from analyzer.protocols.perp_v2.state.state import PerpState

pytestmark = [pytest.mark.chain, pytest.mark.long]

ACCOUNTS = 150
SHOCK = {"ETH": 0.78, "BTC": 0.8, "OP": 0.72, "LINK": 0.75}
THINNED = 0.5
"""So much of the deepest makers' liquidity is gone before the shock: sales then move prices."""
FUND_USD = 2_000_000
"""Enough for everybody: whom a short fund refuses hangs on the fees that it earns on the way."""
ORDER_SEED = 5
NEAR = 0.05
"""So many accounts, at most, stand so near to a threshold that what time brings decides."""
ONE_WEI = 1e-18
"""A swap's amount is scaled by the pool's fee and back: its last wei may be another."""


@pytest.fixture(scope="module")
def market(seed: int) -> Iterator[Stage]:
    with stage(seed, ACCOUNTS, bots=1) as found:
        yield found


def simulated(book: Book) -> PerpSimulation:
    plug = PerpV2()
    found = plug.simulate(plug.value(book, plug.prices(book)))
    assert isinstance(found, PerpSimulation)
    return found


def pool_of(state: PerpState, base: str) -> PoolState:
    """The market's pool from its makers' orders. Fees do not move it: the protocol adds them on
    top of what is traded."""
    held, nets = state.markets[base], net_liquidity(state, base)
    tick = tick_at_sqrt_ratio(held.sqrt_price_x96)
    return PoolState(
        address=held.pool,
        token0=Token(base, 18),
        token1=Token(state.settlement_token, 18),
        fee_pips=0,
        tick_spacing=1,
        sqrt_price_x96=held.sqrt_price_x96,
        tick=tick,
        liquidity=liquidity_at(nets, tick),
        ticks=tuple(nets),
        low_tick=MIN_TICK,
        high_tick=MAX_TICK,
        source=f"orders in {held.symbol}",
    )


def open_markets(state: PerpState) -> dict[str, str]:
    """factor -> market that is open."""
    assert state.evidence is not None
    return {
        state.evidence.factors[base]: base
        for base, held in state.markets.items()
        if held.status == MarketStatus.OPEN
    }


def sold_by_market(book: Book, state: PerpState, done: list[Executed]) -> dict[str, int]:
    """market -> base that has to be sold (18 decimals), tokens counted as base of their factor."""
    assets = {asset.asset_id: asset for asset in book.assets}
    markets, out = open_markets(state), dict[str, int]()
    for executed in done:
        for asset_id, amount in executed.sold.items():
            asset = assets[asset_id]
            base = markets[asset.factor]
            out[base] = out.get(base, 0) + amount * 10 ** (18 - asset.decimals)
    return out


def moved(pool: PoolState, base_sold: int) -> int:
    """The pool's sqrt price after a sale (> 0) or purchase of base."""
    if base_sold == 0:
        return pool.sqrt_price_x96
    if base_sold > 0:
        return swap(pool, base_sold, zero_for_one=True).pool.sqrt_price_x96
    return swap(pool, base_sold, zero_for_one=False).pool.sqrt_price_x96


@dataclass
class Actual:
    """What happened on the chain."""

    rounds: int = 0
    bad_debt: int = 0
    liquidated: set[str] = field(default_factory=set)
    swaps_off: list[float] = field(default_factory=list)
    """Distance of each swap's end (sqrt price, relative) from what the round's own book says."""


def trade(market: Stage, visitor: Visitor) -> None:
    """The bot sells what it took over: it keeps a short of the tokens that it bought."""
    actions, (bot,) = market.play.actions, market.bots
    for _, place in market.play.markets():
        seized = sum(
            visitor.seized(kind.token.address) * 10 ** (18 - kind.plan.decimals)
            for kind in market.play.perp.collaterals
            if kind.plan.feed == place.plan.feed
        )
        (size,) = actions.sizes([bot], place)
        if size != -seized:
            market.world.queue(actions.open_size(bot, place, -seized - size))
    market.world.mine(60, must_succeed=True)


def play_out(market: Stage, order: list[str], folder: Path) -> Actual:
    """Rounds on the chain until nobody can be liquidated; each is predicted one round ahead."""
    visitor, actual = Visitor(market), Actual()
    while True:
        start = market.block()
        with market.past(folder / f"round {actual.rounds}") as past:
            book = past.book(start)
        sim = simulated(book)
        able = set(sim.breaching())
        done = [e for account in order if account in able for e in sim.liquidate(account)]
        came = visitor.visit_once(order)
        assert came == [account for account in order if account in able]
        if not came:
            return actual
        sold = sold_by_market(book, sim.state, done)
        expected = [
            moved(pool_of(sim.state, m.address), sold.get(m.address, 0))
            for _, m in market.play.markets()
        ]
        trade(market, visitor)
        actual.swaps_off += [
            abs(root - wanted) / wanted
            for root, wanted in zip(market.roots(), expected, strict=True)
        ]
        actual.rounds += 1
        actual.liquidated |= {row.trader for row in visitor.done}
        actual.bad_debt += sum(
            t.amount_e18 for e in done for t in e.closure.transfers if t.bad_debt
        )
        market.report_the_pools()
        market.converge()


@dataclass
class Foreseen:
    """What was predicted from the book at the shock."""

    rounds: int
    ratios: dict[str, float]
    bad_debt: int
    liquidated: set[str]


def foreseen_with_depth_at_the_shock(book: Book, order: list[str]) -> Foreseen:
    """The cascade engine's own run, by the depth that the pools have before the first closure."""
    sim = simulated(book)
    curves: dict[str, ImpactCurve] = {
        factor: pool_curve(pool_of(sim.state, base), base, quote_usd=1.0)
        for factor, base in open_markets(sim.state).items()
    }
    venue = Venue(
        name="perp-v2",
        simulation=sim,
        factors={asset.asset_id: asset.factor for asset in book.assets},
        decimals={asset.asset_id: asset.decimals for asset in book.assets},
        funds=frozenset({sim.state.insurance_fund}),
        fixed=frozenset({sim.state.settlement_token}),
    )
    scenario = Scenario("quiet", "no further shock", "test", (Step(),), liquidators=AT_ANY_LOSS)
    options = CascadeOptions(first=[(venue.name, account) for account in order])
    result = run_cascade([venue], scenario, curves, options)
    assert all(round_.closes for round_ in result.rounds)
    return Foreseen(
        rounds=len(result.rounds) - 1,
        ratios={f: float(result.rounds[-1].price_after[f]) for f in open_markets(sim.state)},
        bad_debt=result.bad_debt_e18[venue.name],
        liquidated={f.account_id for f in result.failures.values() if f.round is not None},
    )


def foreseen_with_depth_of_each_round(book: Book, order: list[str]) -> Foreseen:
    """The same, but each round's sales meet only the liquidity that is left by then: orders of
    liquidated makers are gone."""
    sim, out = simulated(book), Foreseen(0, {}, 0, set())
    start, markets = dict(sim.prices_e18()), open_markets(sim.state)
    roots = {base: sim.state.markets[base].sqrt_price_x96 for base in markets.values()}
    while able := set(sim.breaching()):
        done = [e for account in order if account in able for e in sim.liquidate(account)]
        sold = sold_by_market(book, sim.state, done)
        ends = {b: moved(pool_of(sim.state, b), sold.get(b, 0)) for b in markets.values()}
        ratios = {f: Fraction(ends[b] ** 2, roots[b] ** 2) for f, b in markets.items()}
        sim.set_prices(
            {
                asset.asset_id: int(start[asset.asset_id] * ratios[asset.factor])
                for asset in book.assets
                if asset.factor in ratios
            }
        )
        for base, root in ends.items():
            sim.set_pool(base, root)
        out.rounds += 1
        out.ratios = {factor: float(ratio) for factor, ratio in ratios.items()}
        out.liquidated |= {executed.closure.account_id for executed in done}
        out.bad_debt += sum(t.amount_e18 for e in done for t in e.closure.transfers if t.bad_debt)
    return out


def test_the_pools_end_where_the_engine_says_and_so_does_bad_debt(
    market: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left between prediction and chain has two names: the depth that liquidated makers
    take away, and what time brings between rounds (funding, fees, the mark's whole tick). The
    swaps themselves are predicted exactly."""
    with market.undone():
        market.thin_out(THINNED)
        market.endow_the_fund(FUND_USD)
        market.move(SHOCK)
        with market.past(tmp_path / "shocked") as past:
            book = past.book(market.block())
        order = [a for a in book.account_ids if a not in market.strangers]
        random.Random(ORDER_SEED).shuffle(order)
        start = market.roots()
        actual = play_out(market, order, tmp_path)
        pairs = zip(market.play.markets(), market.roots(), start, strict=True)
        final = {place.plan.feed: (root / before) ** 2 for (_, place), root, before in pairs}
    static = foreseen_with_depth_at_the_shock(book, order)
    living = foreseen_with_depth_of_each_round(book, order)
    with capsys.disabled():
        print(f"\nrounds: {static.rounds} foreseen, {actual.rounds} came")
        for factor, ratio in final.items():
            print(
                f"{factor}: price moved by {ratio - 1:+.4%},"
                f" foreseen {static.ratios[factor] - 1:+.4%};"
                f" depth withdrawn {living.ratios[factor] / static.ratios[factor] - 1:+.6%},"
                f" time between rounds {ratio / living.ratios[factor] - 1:+.6%}"
            )
        print(
            f"bad debt {actual.bad_debt / 1e18:,.4f}, foreseen {static.bad_debt / 1e18:,.4f};"
            f" depth withdrawn {(living.bad_debt - static.bad_debt) / 1e18:+,.4f},"
            f" time between rounds {(actual.bad_debt - living.bad_debt) / 1e18:+,.4f}"
        )
        print(
            f"liquidated: {len(actual.liquidated)} accounts,"
            f" {len(static.liquidated ^ actual.liquidated)} otherwise than foreseen"
        )
    assert actual.rounds >= 2
    assert max(actual.swaps_off) <= ONE_WEI
    assert actual.bad_debt > 0
    assert min(final.values()) < 0.99
    for factor, ratio in final.items():
        assert static.ratios[factor] == pytest.approx(ratio, rel=0.001), factor
    assert static.bad_debt == pytest.approx(actual.bad_debt, rel=0.01)
    assert len(static.liquidated ^ actual.liquidated) <= NEAR * len(actual.liquidated)
