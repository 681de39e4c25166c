"""Perp V2 and a bot that knows the chain and a depth file, against what was predicted before.

Prices have fallen and every average has converged: then the prediction is made, and then the bot
works, all at one time, so that no funding accrues. It sells at once what it takes over, on paper,
along the depth file; the protocol's prices stand still. Where it takes all that the contracts
allow, everything is equal to the last unit; where less, to one part in a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from depth_money import Money
from liquidation_bot import Bot
from perp_bot import CASH_SCALE, Contracts, PerpHouse
from perp_stage import Stage, stage
from plain_rpc import Eyes

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step
from analyzer.market.depth.file import load_depth
from analyzer.market.depth.route import Market
from analyzer.model.book import Book
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.plug import PerpV2

pytestmark = [pytest.mark.chain, pytest.mark.long]

E18 = 10**18
ACCOUNTS = 60
FALL = {"ETH": 0.78, "BTC": 0.8, "OP": 0.72, "LINK": 0.75}
FUND_USD = 2_000_000
"""Enough for everybody: nothing hangs on the order in which the fund's money goes."""
FACTORS = {
    "vETH": "ETH",
    "vBTC": "BTC",
    "vOP": "OP",
    "vLINK": "LINK",
    "WETH": "ETH",
    "WBTC": "BTC",
    "OP": "OP",
}
DEEP = dict.fromkeys(("ETH", "BTC", "OP", "LINK"), 10**10)
THIN = {"ETH": 3_000_000, "BTC": 3_000_000, "OP": 800_000, "LINK": 800_000}
"""USD in a constant product of each."""
PART = Fraction(1, 10**6)

Closures = Mapping[tuple[str, str], Sequence[int]]
"""(account, what) -> amounts, in order."""


@dataclass(frozen=True)
class Ending:
    """What came of it. settled: bad debt that the fund took over; holes: what those lack who are
    below zero in the end; 18 decimals, whole millionths. left: who could be liquidated still."""

    closures: Closures
    settled: int
    holes: int
    left: frozenset[str]


def listed(rows: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str], list[int]]:
    """Closures by account and what is closed."""
    out: dict[tuple[str, str], list[int]] = {}
    for account, name, amount in rows:
        out.setdefault((account, name), []).append(amount)
    return out


def depth_file(folder: Path, depths: Mapping[str, int]) -> Path:
    """The file that both sides read."""
    lines = [f'["{f}"]\nkind = "constant-product"\ndepth_usd = {d}' for f, d in depths.items()]
    path = folder / "depth.toml"
    path.write_text("\n".join([*lines, '[USD]\nkind = "none"']))
    return path


def foreseen(book: Book, depth: Path) -> Ending:
    """The prediction, before anything happens."""
    plug = PerpV2()
    simulation = plug.simulate(plug.value(book, plug.prices(book)))
    assert isinstance(simulation, PerpSimulation)
    fund = simulation.state.insurance_fund
    venue = Venue(
        name="perp-v2",
        simulation=simulation,
        factors={asset.asset_id: asset.factor for asset in book.assets},
        decimals={asset.asset_id: asset.decimals for asset in book.assets},
        funds=frozenset({fund}),
        fixed=frozenset({simulation.state.settlement_token}),
    )
    order = sorted(book.account_ids, key=str.lower)
    options = CascadeOptions(first=[(venue.name, account) for account in order])
    scenario = Scenario("still", "stands", "the test", (Step(),), stale=frozenset({"*"}))
    market = Market(load_depth(depth).curves, assumed=False)
    result = run_cascade([venue], scenario, market, options)
    assert result.quiet
    rows = [
        (one.account_id, f"{done.kind} {done.asset_id}", abs(done.amount))
        for round_ in result.rounds
        for one in round_.closed
        for done in [one.executed.closure]
    ]
    standings = [simulation.standing(who) for who in book.account_ids if who != fund]
    # as the contract says it: in the settlement token's decimals, down
    equities = [found.equity_e18 // CASH_SCALE for found in standings if found is not None]
    return Ending(
        closures=listed(rows),
        settled=result.bad_debt_e18["perp-v2"],
        holes=sum(max(-equity, 0) for equity in equities) * CASH_SCALE,
        left=frozenset(result.unprofitable["perp-v2"]),
    )


@pytest.fixture(scope="module")
def fallen(seed: int) -> Iterator[Stage]:
    """The market after the fall."""
    with stage(seed, ACCOUNTS, bots=1) as found:
        found.endow_the_fund(FUND_USD)
        found.move(FALL)
        yield found


@contextmanager
def house_of(market: Stage) -> Iterator[PerpHouse]:
    """The protocol as the bot sees it."""
    core = market.play.perp.core
    at = Contracts(
        core.clearing_house.address,
        core.account_balance.address,
        core.vault.address,
        core.collateral_manager.address,
        market.play.perp.usdc.address,
    )
    eyes = Eyes(market.world.anvil.url, market.bots[0])
    try:
        yield PerpHouse(eyes, at)
    finally:
        eyes.close()


def both(market: Stage, folder: Path, depths: Mapping[str, int]) -> tuple[Ending, Ending, Bot]:
    """(predicted, happened, the bot)."""
    depth = depth_file(folder, depths)
    with market.undone(), house_of(market) as house:
        with market.past(folder / "past") as past:
            book = past.book(market.block())
        told = foreseen(book, depth)
        bot = Bot(house, Money.of(depth, house.things(FACTORS)))
        assert bot.play_round(1)
        assert not bot.play_round(2)
        lacking = sum(max(-value, 0) for value in house.values().values())
        came = Ending(
            closures=listed([(d.account, d.name, d.amount) for d in bot.done]),
            settled=house.settled * CASH_SCALE,
            holes=lacking * CASH_SCALE,
            left=frozenset(bot.left),
        )
    return told, came, bot


def tell(capsys: pytest.CaptureFixture[str], told: Ending, came: Ending, bot: Bot) -> None:
    """One line of what happened."""
    chosen = sum(one.most is not None for one in bot.done)
    with capsys.disabled():
        print(
            f"\nperp-v2 bot: {len(bot.done)} closures ({chosen} of less than is allowed);"
            f" the fund took over {came.settled / E18:,.6f}, predicted {told.settled / E18:,.6f};"
            f" {came.holes / E18:,.6f} lacking in the end, predicted {told.holes / E18:,.6f};"
            f" {len(came.left)} left because they pay nobody"
        )


def test_where_all_that_is_allowed_pays_everything_is_as_predicted_to_the_last_unit(
    fallen: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, came, bot = both(fallen, tmp_path, DEEP)
    tell(capsys, told, came, bot)
    assert all(one.most is None for one in bot.done)
    kinds = {name.split()[0] for _, name in came.closures}
    assert kinds == {"position", "collateral"}
    assert came.settled > 0
    assert list(came.closures.items()) == list(told.closures.items())
    assert came == told


def test_where_the_maximum_does_not_pay_the_bot_takes_what_was_predicted_that_it_would(
    fallen: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, came, bot = both(fallen, tmp_path, THIN)
    tell(capsys, told, came, bot)
    assert list(came.closures) == list(told.closures)
    most = {(one.account, one.name): one.most or 0 for one in bot.done}
    for key, amounts in came.closures.items():
        for amount, foretold in zip(amounts, told.closures[key], strict=True):
            assert abs(amount - foretold) <= most[key] * PART, key
    assert any(one.most is not None for one in bot.done)
    assert any(one.most is None for one in bot.done)
    assert len(came.left) > 2
    assert came.left == told.left
    bad, foretold = came.settled + came.holes, told.settled + told.holes
    assert abs(bad - foretold) <= foretold * PART
