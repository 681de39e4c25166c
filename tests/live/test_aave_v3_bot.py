"""Aave V3 and a bot that knows the chain and a depth file, against what was predicted before.

The prediction is made once, from a snapshot. Then the bot works, all at one time, so that no
interest accrues. Where it takes all that the pool allows, everything is equal to the last unit,
round after round; where it takes less, because more would not pay, to one part in a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aave_bot import ORACLE_UNIT, AavePool
from aave_hand import Hand, hand
from depth_money import Money
from liquidation_bot import Bot
from plain_rpc import Eyes

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step
from analyzer.market.depth.file import load_depth
from analyzer.market.depth.route import Market
from analyzer.model.book import Book
from analyzer.protocols.aave_v3 import PLUG

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = [pytest.mark.chain, pytest.mark.long]

E18 = 10**18
FALL = {"ETH": Fraction(68, 100), "BTC": Fraction(74, 100), "OP": Fraction(60, 100)}
"""What is left of prices; a staking token falls with what it stakes."""
SYMBOLS = {"ETH": ("WETH", "wstETH"), "BTC": ("WBTC",), "OP": ("OP",)}
FLAT = ("USDC", "DAI", "EURC", "stETH/ETH", "eMode Stablecoins")
DEEP = {"ETH": 20_000_000, "BTC": 15_000_000, "OP": 10**9, "LINK": 10**9, "MKR": 10**9}
THIN = {"ETH": 2_000_000, "BTC": 1_500_000, "OP": 100_000, "LINK": 60_000, "MKR": 40_000}
"""USD in a constant product of each."""
PART = Fraction(1, 10**6)


@dataclass(frozen=True)
class Ending:
    """What a cascade came to. closures: (round, account, pair) -> debt repaid, in order. bad_debt:
    burned, and left on accounts in the end, 18 decimals. left: who could be liquidated still, and
    pays nobody."""

    closures: Mapping[tuple[int, str, str], Sequence[int]]
    bad_debt: int
    left: frozenset[str]
    prices: Mapping[str, Fraction]


def listed(rows: Sequence[tuple[int, str, str, int]]) -> dict[tuple[int, str, str], list[int]]:
    """Closures by round, account and pair."""
    out: dict[tuple[int, str, str], list[int]] = {}
    for number, account, pair, repaid in rows:
        out.setdefault((number, account, pair), []).append(repaid)
    return out


def depth_file(folder: Path, depths: Mapping[str, int]) -> Path:
    """The file that both sides read."""
    lines = [f'["{f}"]\nkind = "constant-product"\ndepth_usd = {d}' for f, d in depths.items()]
    lines += [f'["{factor}"]\nkind = "none"' for factor in FLAT]
    path = folder / "depth.toml"
    path.write_text("\n".join(lines))
    return path


def foreseen(book: Book, depth: Path, scenario: Scenario) -> Ending:
    """The prediction, before anything happens."""
    prices, reserves = PLUG.prices(book), {a.asset_id: a.decimals for a in book.assets}
    simulation = PLUG.simulate(PLUG.value(book, prices))
    venue = Venue(
        "aave",
        simulation,
        factors={a: p.factor for a, p in prices.by_asset.items()},
        decimals=dict.fromkeys(prices.by_asset, 18) | reserves,
    )
    order = sorted(book.account_ids, key=str.lower)
    options = CascadeOptions(first=[("aave", account) for account in order])
    market = Market(load_depth(depth).curves, assumed=False)
    result = run_cascade([venue], scenario, market, options)
    ended = simulation.prices_e18()
    return Ending(
        closures=listed(closures_of(result)),
        bad_debt=result.total_bad_debt_e18,
        left=frozenset(simulation.breaching()),
        prices={a: floored(Fraction(ended[a], E18)) for a in reserves},
    )


def closures_of(result: CascadeResult) -> list[tuple[int, str, str, int]]:
    """Every closure of the prediction."""
    found = []
    for round_ in result.rounds:
        for one in round_.closed:
            after = one.executed.closure.after
            pair = f"{after['collateral_reserve_id']:03}/{after['debt_reserve_id']:03}"
            found.append((round_.number, one.account_id, pair, after["debt_repaid"]))
    return found


def fallen(book: Book) -> dict[str, Fraction]:
    """What the feeds will say."""
    prices, out = PLUG.prices(book), {}
    for asset in book.assets:
        for factor, left in FALL.items():
            if asset.symbol in SYMBOLS[factor]:
                price = prices.e18(asset.asset_id)
                assert price is not None
                out[asset.asset_id] = floored(Fraction(price, E18) * left)
    return out


def floored(price: Fraction) -> Fraction:
    """What a feed can say of a price: 8 decimals, down."""
    return Fraction(int(price * ORACLE_UNIT), ORACLE_UNIT)


def report(found: Hand, prices: Mapping[str, Fraction]) -> None:
    """Feeds say other prices, at the same time."""
    for asset, price in prices.items():
        found.world.queue(found.report(asset, int(price * ORACLE_UNIT)))
    found.world.mine(0, must_succeed=True)


@contextmanager
def pool_of(found: Hand) -> Iterator[AavePool]:
    """The pool as the bot sees it."""
    names, eyes = found.contracts, Eyes(found.info.rpc, found.bot)
    try:
        yield AavePool(eyes, names["pool"], names["oracle"], names["data_provider"])
    finally:
        eyes.close()


def burned(bot: Bot, pool: AavePool) -> int:
    """Value of the deficits since the last time, in the pool's unit, each down."""
    prices, things = pool.prices(), bot.money.things
    amounts = [(Fraction(n, things[a].unit) * prices[a]) for a, n in pool.deficits]
    pool.deficits.clear()
    return sum(int(amount * ORACLE_UNIT) for amount in amounts)


def ending(bot: Bot, pool: AavePool, deficits: int) -> Ending:
    """What the chain says in the end."""
    holes = sum(max(debt - held, 0) for held, debt, _ in pool.accounts().values())
    return Ending(
        closures=listed([(d.round, d.account, d.name, d.amount) for d in bot.done]),
        bad_debt=(deficits + holes) * (E18 // ORACLE_UNIT),
        left=frozenset(bot.left),
        prices=pool.prices(),
    )


def opened(found: Hand) -> None:
    """Everything works, and the bot has all it needs."""
    assets = list(found.state().reserves)
    found.open_everything(assets)
    found.stock(assets)


def test_where_all_that_is_allowed_pays_everything_is_as_predicted_to_the_last_unit(
    aave_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Feeds fall, the bot works, its sales move prices, which feeds report: round after round."""
    depth = depth_file(tmp_path, DEEP)
    with hand(aave_devnet, tmp_path / "hand") as found, pool_of(found) as pool:
        opened(found)
        book = found.book()
        given = {asset: int(price * E18) for asset, price in fallen(book).items()}
        step = Step(FALL, prices_e18=given)
        told = foreseen(book, depth, Scenario("fall", "prices fall", "the test", (step,)))
        first = pool.prices()
        report(found, fallen(book))
        bot, number, deficits = Bot(pool, Money.of(depth, pool.things(first))), 1, 0
        while bot.play_round(number):
            deficits += burned(bot, pool)
            report(found, {a: floored(bot.money.price(a)) for a in bot.money.things})
            number += 1
        came = ending(bot, pool, deficits)
    tell(capsys, bot, pool, came, told)
    assert all(one.most is None for one in bot.done)
    assert max(one.round for one in bot.done) >= 2
    assert came.bad_debt > 0
    assert list(came.closures.items()) == list(told.closures.items())
    assert came == told


def test_where_the_maximum_does_not_pay_the_bot_takes_what_was_predicted_that_it_would(
    aave_devnet: DevnetInfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prices have fallen and stand still: one round, in a market too thin for most of it."""
    depth = depth_file(tmp_path, THIN)
    with hand(aave_devnet, tmp_path / "hand") as found, pool_of(found) as pool:
        opened(found)
        report(found, fallen(found.book()))
        step = Step(rounds_limit=1)
        calm = Scenario("still", "stands", "the test", (step,), stale=frozenset({"*"}))
        told = foreseen(found.book(), depth, calm)
        bot = Bot(pool, Money.of(depth, pool.things(pool.prices())))
        assert bot.play_round(1)
        deficits = burned(bot, pool)
        came = ending(bot, pool, deficits)
    tell(capsys, bot, pool, came, told)
    assert list(came.closures) == list(told.closures)
    most: dict[tuple[int, str, str], int] = {}
    for one in bot.done:
        key = (one.round, one.account, one.name)
        most[key] = max(most.get(key, 0), one.most or 0)
    for key, amounts in came.closures.items():
        for amount, foretold in zip(amounts, told.closures[key], strict=True):
            # what is left for a second closure of a pair follows from how much the first took
            assert abs(amount - foretold) <= max(most[key], foretold) * PART, key
    assert sum(one.most is not None for one in bot.done) >= 2
    assert sum(one.most is None for one in bot.done) >= 3
    assert came.left == told.left
    assert len(came.left) >= 3
    assert abs(came.bad_debt - told.bad_debt) <= told.bad_debt * PART


def tell(
    capsys: pytest.CaptureFixture[str], bot: Bot, pool: AavePool, came: Ending, told: Ending
) -> None:
    """One line of what happened."""
    chosen = sum(one.most is not None for one in bot.done)
    off = Fraction(came.bad_debt, told.bad_debt) - 1
    with capsys.disabled():
        print(
            f"\naave-v3 bot: {len(bot.done)} closures ({chosen} of less than is allowed) in"
            f" {max(one.round for one in bot.done)} rounds, {pool.eyes.simulated} simulated calls;"
            f" bad debt {came.bad_debt / E18:,.8f}, predicted {float(off):+.1e} off;"
            f" {len(came.left)} left because they pay nobody"
        )
