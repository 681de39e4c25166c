"""A cascade through a real market: Aave V3's collateral is sold into a Uniswap V3 pool.

On the chain, round after round: bots liquidate everybody who can be, the seized collateral goes
into the pool, a keeper writes the pool's price into Aave's feed. The prediction is made once, from
the book and the pool of one block before all that. What separates the two is taken apart: the
prediction is run again with one more piece of the real world each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aave_hand import Hand, hand, limited, predicted
from uniswap_market import Market, Range, open_market

from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.trace.edges import unsettled_node
from analyzer.market.classes import base_of
from analyzer.market.depth import ImpactCurve, scaled
from analyzer.market.depth.classes import UNIT
from analyzer.market.depth.pool_state import PoolState, pool_curve
from analyzer.market.depth.route import STANDS
from analyzer.market.depth.route import Market as Depth
from analyzer.market.depth.swap import swap
from analyzer.model.book import Book
from analyzer.model.closure import Executed
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.close.simulate import AaveSimulation
from analyzer.protocols.aave_v3.state.state import AaveState, state_of

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = [pytest.mark.chain, pytest.mark.long]

E18 = 10**18
FEED_UNIT = 10**10
"""One unit of a feed's 8 decimals, in 18."""
FALLEN = Fraction(68, 100)
"""Where ether trades when the story begins, of what the oracle still says."""
LIQUIDITY = (
    Range(0.97, 1.03, 20_000),
    Range(0.90, 1.10, 50_000),
    Range(0.60, 1.40, 120_000),
    Range(0.20, 5.00, 600_000),
)
"""The pool's ranges: thinner and thinner below."""
SECONDS = 12
BLOCKS_A_ROUND = 3
"""Liquidations, the sale, the keeper."""
PRICE_TOLERANCE = Fraction(1, 1_000)
BAD_DEBT_TOLERANCE = Fraction(1, 100)
UNEXPLAINED = Fraction(1, 10**7)
"""Of the final price: what the last cause, the rates that liquidations change, may be at most."""


@dataclass
class Ending:
    """What a cascade came to. bad_debt_e18: burned, and left on accounts, in the end."""

    price_e18: int
    bad_debt_e18: int
    accounts: frozenset[str]
    rounds: int


@dataclass
class Setting:
    """What is known before anything happens: the book, the pool, and who they are."""

    market: Market
    book: Book
    pool: PoolState
    ether: str
    followers: dict[str, int]
    """Assets whose feeds follow ether, and what they are worth at the book's block."""
    now: int = 0

    @property
    def state(self) -> AaveState:
        """The book's own state."""
        return state_of(self.book)

    @property
    def ether_e18(self) -> int:
        """What the oracle says of ether at the book's block."""
        price = PLUG.prices(self.book).e18(self.ether)
        assert price is not None
        return price

    @property
    def fallen_e18(self) -> int:
        """What ether trades at in the pool."""
        return self.market.price_e18(self.pool.sqrt_price_x96)

    @property
    def curve(self) -> ImpactCurve:
        """The pool's depth. The pool was read at its own price, and volumes are counted at the
        book's: the same units of ether are so much more in dollars."""
        curve = pool_curve(self.pool, self.ether, quote_usd=1.0)
        return scaled(curve, self.ether_e18 / self.fallen_e18)

    def prices(self, ether_e18: int) -> dict[str, int]:
        """Ether's price, and those that follow it."""
        return {
            self.ether: ether_e18,
            **{a: price * ether_e18 // self.ether_e18 for a, price in self.followers.items()},
        }


def reported(prices: dict[str, int]) -> dict[str, int]:
    """What a feed can say of prices: 8 decimals, to the nearest."""
    return {a: (p + FEED_UNIT // 2) // FEED_UNIT * FEED_UNIT for a, p in prices.items()}


def net_of(executed: Sequence[Executed], asset: str) -> int:
    """What liquidators sell of an asset in all (below 0: buy)."""
    return sum(one.sold.get(asset, 0) for one in executed)


def predict(setting: Setting) -> CascadeResult:
    """The cascade, from the book and the pool's depth of one block."""
    prices = PLUG.prices(setting.book)
    venue = Venue(
        "aave",
        PLUG.simulate(PLUG.value(setting.book, prices)),
        factors={a: p.factor for a, p in prices.by_asset.items()},
        decimals={a.asset_id: a.decimals for a in setting.book.assets}
        | {a: 18 for a in prices.by_asset if a not in setting.state.reserves},
    )
    given = setting.prices(setting.fallen_e18)
    shock = Fraction(setting.fallen_e18, setting.ether_e18)
    step = Step({"ETH": shock}, prices_e18={setting.ether: given[setting.ether]})
    scenario = Scenario(
        "fallen", "ether trades lower in its pool", "the test", (step,), liquidators=AT_ANY_LOSS
    )
    return run_cascade([venue], scenario, _sold_here(venue, setting.curve))


def _sold_here(venue: Venue, curve: ImpactCurve) -> Depth:
    """The pool is for ether alone: the bots keep staking tokens, and what they take them for."""
    factors = sorted({*venue.factors.values(), UNIT})
    kept = [factor for factor in factors if base_of(factor) is not None]
    pairs = {(ratio, other): STANDS for ratio in kept for other in factors if other != ratio}
    return Depth({"ETH": curve}, pairs, assumed=False)


@dataclass
class Replay:
    """The same cascade by hand, with as much of the real world as is asked for."""

    setting: Setting
    rounded: bool = False
    exact_pool: bool = False
    interest: bool = False
    units: int = field(default=0, init=False)

    def run(self) -> Ending:
        """Round after round until nobody is left."""
        setting, state = self.setting, self.setting.state
        ids, start = setting.book.account_ids, setting.state.block_time
        moving = AaveSimulation(ids, state, PLUG.prices(setting.book))
        price, accounts, rounds, burned = setting.fallen_e18, set[str](), 0, 0
        pool = setting.pool
        while True:
            prices = setting.prices(price)
            moving.set_prices(reported(prices) if self.rounded else prices)
            if self.interest:
                elapsed = setting.now - start + SECONDS * (BLOCKS_A_ROUND * rounds + 1)
                moving = _later(moving, ids, setting.book, start + elapsed)
            executed = [e for a in list(moving.breaching()) for e in moving.liquidate(a)]
            if not executed:
                break
            rounds += 1
            accounts |= {e.closure.account_id for e in executed}
            burned += bad_debt_of(executed)
            net = net_of(executed, setting.ether)
            if self.exact_pool:
                pool = after_trade(setting, pool, net)
                price = setting.market.price_e18(pool.sqrt_price_x96)
            else:
                price = self._along_the_curve(net)
        return Ending(price, burned + holes(moving), frozenset(accounts), rounds)

    def _along_the_curve(self, net: int) -> int:
        """The price after all sales so far, in floats."""
        setting = self.setting
        self.units += net
        volume = self.units * setting.ether_e18 / E18 / E18
        return int(setting.fallen_e18 * Fraction(setting.curve.price_ratio(volume)))


def after_trade(setting: Setting, pool: PoolState, net: int) -> PoolState:
    """The pool after so much of the asset was sold to it (or, below 0, bought)."""
    if net == 0:
        return pool
    return swap(pool, net, zero_for_one=setting.market.asset_is_token0 == (net > 0)).pool


def _later(moving: AaveSimulation, ids: Sequence[str], book: Book, time: int) -> AaveSimulation:
    """The simulation at a later time: interest at the rates of the book's block has accrued."""
    later = AaveSimulation(ids, moving.state.at_time(time), PLUG.prices(book))
    later.set_prices(moving.prices_e18())
    return later


def bad_debt_of(executed: Sequence[Executed]) -> int:
    """What suppliers took over in these closures."""
    return sum(t.amount_e18 for e in executed for t in e.closure.transfers if t.bad_debt)


def holes(moving: AaveSimulation) -> int:
    """Negative equity that is left on accounts."""
    equities = (moving.equity_at(a, {}) for a in moving.account_ids())
    return sum(-equity for equity in equities if equity is not None and equity < 0)


def live(found: Hand, setting: Setting) -> Ending:
    """The real thing, round by round. The pool ends each round where integers say it does."""
    accounts, burned, rounds = set[str](), 0, 0
    while True:
        book = found.book()
        time = found.world.clock.now + SECONDS
        state = state_of(book)
        moving = AaveSimulation(book.account_ids, state.at_time(time), PLUG.prices(book))
        executed = [e for a in list(moving.breaching()) for e in moving.liquidate(a)]
        if not executed:
            price = setting.market.price_e18(setting.market.sqrt_price())
            return Ending(price, burned + holes(moving), frozenset(accounts), rounds)
        rounds += 1
        calls = [predicted(state, one) for one in executed]
        done = found.liquidate(calls, limited(calls, executed), seconds=SECONDS)
        assert done == calls
        accounts |= {call.user for call in done}
        burned += bad_debt_of(executed)
        sell(found, setting, net_of(executed, setting.ether))
        keep(found, setting)


def sell(found: Hand, setting: Setting, net: int) -> None:
    """The bot trades in the pool, which ends exactly where its integers end in our arithmetic."""
    expected = after_trade(setting, setting.market.read(found.chain), net)
    if net:
        setting.market.trade(found.bot, net)
    found.world.mine(SECONDS, must_succeed=True)
    assert setting.market.sqrt_price() == expected.sqrt_price_x96


def keep(found: Hand, setting: Setting) -> None:
    """The keeper writes the pool's price into the feeds, in the next block."""
    price = setting.market.price_e18(setting.market.sqrt_price())
    for asset, answer in reported(setting.prices(price)).items():
        found.world.queue(found.report(asset, answer // FEED_UNIT))
    found.world.mine(SECONDS, must_succeed=True)


def prepared(found: Hand) -> Setting:
    """A market in which everything works and nobody is left to liquidate, and a pool where ether
    has fallen; the oracle does not know yet."""
    state = found.state()
    by_symbol = {r.symbol: r for r in state.reserves.values()}
    ether, dollar = by_symbol["WETH"], by_symbol["USDC"]
    assets = list(state.reserves)
    found.open_everything(assets)
    found.stock(assets)
    found.world.queue(found.report(dollar.asset, 10**8))
    found.world.mine(must_succeed=True)
    _clear(found)
    assert isinstance(ether.price.price, int)
    market = open_market(
        found.world,
        asset=(ether.asset, 18),
        quote=(dollar.asset, 6),
        price=float(ether.price.price * FALLEN / 10**8),
        ranges=LIQUIDITY,
    )
    found.stock([ether.asset, dollar.asset], market.router.address)
    book = found.book()
    followed = by_symbol["wstETH"].asset
    worth = PLUG.prices(book).e18(followed)
    assert worth is not None
    return Setting(market, book, market.read(found.chain), ether.asset, {followed: worth})


def _clear(found: Hand) -> None:
    """Liquidates those whom the chain's own story left behind."""
    book = found.book()
    state = state_of(book)
    moving = AaveSimulation(book.account_ids, state, PLUG.prices(book))
    executed = [e for a in list(moving.breaching()) for e in moving.liquidate(a)]
    calls = [predicted(state, one) for one in executed]
    assert found.liquidate(calls, limited(calls, executed)) == calls


def test_a_cascade_through_a_real_pool_ends_where_it_was_predicted_to(
    aave_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hand(aave_devnet, tmp_path) as found:
        setting = prepared(found)
        result = predict(setting)
        keep(found, setting)
        setting.now = found.world.clock.now
        happened = live(found, setting)
    told = _ending(setting, result)
    ladder: list[tuple[str, Callable[[], Ending]]] = [
        ("the prediction", lambda: told),
        ("feeds say 8 decimals", Replay(setting, rounded=True).run),
        ("the pool rounds", Replay(setting, rounded=True, exact_pool=True).run),
        (
            "interest between the blocks",
            Replay(setting, rounded=True, exact_pool=True, interest=True).run,
        ),
        ("rates that liquidations change", lambda: happened),
    ]
    endings = [(cause, run()) for cause, run in ladder]
    with capsys.disabled():
        _print(setting, endings)
    assert result.quiet
    assert happened.rounds >= 2
    assert happened.bad_debt_e18 > 0
    assert told.accounts == happened.accounts
    assert abs(Fraction(told.price_e18, happened.price_e18) - 1) < PRICE_TOLERANCE
    assert abs(Fraction(told.bad_debt_e18, happened.bad_debt_e18) - 1) < BAD_DEBT_TOLERANCE
    last = endings[-2][1]
    assert abs(Fraction(last.price_e18, happened.price_e18) - 1) < UNEXPLAINED
    assert abs(Fraction(last.bad_debt_e18, happened.bad_debt_e18) - 1) < UNEXPLAINED
    assert {run.accounts for _, run in endings} == {happened.accounts}
    assert {run.rounds for _, run in endings} == {happened.rounds}


def _ending(setting: Setting, result: CascadeResult) -> Ending:
    """What the cascade predicts."""
    ratio = result.rounds[-1].price_after["ETH"]
    left = result.absorbed.get(unsettled_node("aave"), 0)
    closed = [one.account_id for round_ in result.rounds for one in round_.closed]
    return Ending(
        int(setting.ether_e18 * ratio),
        result.bad_debt_e18["aave"] + left,
        frozenset(closed),
        len(result.rounds) - 1,
    )


def _print(setting: Setting, endings: Sequence[tuple[str, Ending]]) -> None:
    """The residue, cause by cause."""
    first, last = endings[0][1], endings[-1][1]
    print(
        f"\naave-v3 rev {setting.state.rules.revision} into a pool: {last.rounds} rounds,"
        f" {len(last.accounts)} accounts; ether {setting.ether_e18 / E18:.2f} ->"
        f" {setting.fallen_e18 / E18:.2f} -> {last.price_e18 / E18:.8f}, bad debt"
        f" {last.bad_debt_e18 / E18:.6f}; predicted {first.price_e18 / E18:.8f},"
        f" {first.bad_debt_e18 / E18:.6f}"
    )
    for (_, before), (cause, after) in pairwise(endings):
        print(
            f"  {cause:32} price {(after.price_e18 - before.price_e18) / last.price_e18:+.2e},"
            f" bad debt {(after.bad_debt_e18 - before.bad_debt_e18) / last.bad_debt_e18:+.2e}"
        )
