"""Decisions about Aave V3 against the real contracts: a run to the wei, and parameters that change.

Everything happens in blocks of the same second as the book's: no interest comes between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from aave_hand import CONFIGURATOR, POOL, Hand, hand

from analyzer.devnet.chain import Call
from analyzer.devnet.packages import own_artifact
from analyzer.devnet.world import Contract, View
from analyzer.model.book import Book
from analyzer.protocols.aave_v3 import PLUG
from analyzer.protocols.aave_v3.close.decide import AaveDecisions
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState, state_of
from analyzer.protocols.decisions import ExitPool
from analyzer.risk.exits import Leaver, Run, run_on
from analyzer.risk.sizing import largest
from analyzer.runs.risk.decisions.inputs import decisions_of

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain

VARIABLE = 2
SIZED = 20
"""So many sizes are tried on the contract."""
ASKED = 12
"""So many accounts are asked for one unit more than they may take."""
RUNS = 4
"""Reserves on which there is a run: the shortest first."""


@dataclass
class Market:
    """A market in which everything is open, and its book."""

    hand: Hand
    book: Book

    @property
    def state(self) -> AaveState:
        """The book's own state."""
        return state_of(self.book)

    def pools(self) -> Sequence[ExitPool]:
        """What the house says can leave."""
        return decisions_of(PLUG, PLUG.value(self.book, PLUG.prices(self.book))).exit_pools()

    def withdraw(self, account: str, asset: str, amount: int) -> Call:
        """The account takes its supply back."""
        pool = Contract(self.hand.contracts["pool"], POOL)
        return pool.send(account, "withdraw", asset, amount, account, label="withdraw")

    def held(self, asset: str, accounts: Sequence[str]) -> list[int]:
        """What accounts have in their wallets."""
        token = Contract(asset, own_artifact("Token").abi)
        answers = self.hand.world.ask([View(token, "balanceOf", (one,)) for one in accounts])
        return [int(str(answer[0])) for answer in answers if answer is not None]


@pytest.fixture(scope="module")
def market(aave_devnet: DevnetInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """The chain with every reserve open, and one of them short: somebody borrows most of it."""
    with hand(aave_devnet, tmp_path_factory.mktemp("decisions")) as found:
        assets = list(state_of(found.book()).reserves)
        found.open_everything(assets)
        found.stock(assets)
        make_short(found, state_of(found.book()))
        yield Market(found, found.book())


def make_short(found: Hand, state: AaveState) -> None:
    """The bot supplies one asset and borrows most of what another has: the first that lets it."""
    pool, bot = Contract(found.contracts["pool"], POOL), found.bot
    for wanted in state.reserves.values():
        there = wanted.virtual_balance if wanted.virtual_balance else wanted.underlying_held
        if not wanted.config.borrowing or not there or there < 0:
            continue
        borrow = pool.send(bot, "borrow", wanted.asset, there * 9 // 10, VARIABLE, 0, bot)
        for backing in state.reserves.values():
            if backing.asset == wanted.asset or not backing.config.ltv_bps:
                continue
            amount = worth(wanted, there) * 3 * backing.unit // int(backing.price.price)
            supply = pool.send(bot, "supply", backing.asset, amount, bot, 0)
            if found.world.refusal(supply) is not None:
                continue
            with found.world.undone():
                found.world.queue(supply)
                found.world.mine(0)
                lends = found.world.refusal(borrow) is None
            if lends:
                found.world.queue(supply, borrow)
                found.world.mine(0, must_succeed=True)
                return
    raise AssertionError("no reserve lends most of what it has")


def worth(reserve: ReserveState, amount: int) -> int:
    """An amount in the base currency."""
    return amount * int(reserve.price.price) // reserve.unit


def test_a_run_in_the_predicted_order_pays_to_the_wei_until_the_contract_refuses(
    market: Market,
) -> None:
    runs = [(pool, run_on([(c.account_id, c.free) for c in pool.claims], pool.available))
            for pool in market.pools()]  # fmt: skip
    runs = [(pool, run) for pool, run in runs if len([o for o in run.leavers if o.wants]) > 2]
    runs.sort(key=lambda one: -one[1].locked)
    assert runs[0][1].locked > 0
    paid = 0
    for pool, run in runs[:RUNS]:
        with market.hand.world.undone():
            paid += carry_out(market, pool, run)
    assert paid > 0


def carry_out(market: Market, pool: ExitPool, run: Run) -> int:
    """All who are paid leave, in order; how many the contract then refused."""
    world, asset = market.hand.world, pool.asset_id
    whole = {claim.account_id: claim.amount for claim in pool.claims}
    leavers = [one for one in run.leavers if one.wants]
    more = [one for one in leavers if one.wants < whole[one.account_id]][:ASKED]
    for one in more:
        if one.wants < pool.available:
            call = market.withdraw(one.account_id, asset, one.wants + 1)
            assert world.refusal(call) is not None, (pool.symbol, one)
    full = [one for one in leavers if not one.locked]
    accounts = [one.account_id for one in full]
    before = market.held(asset, accounts)
    world.queue(*(market.withdraw(one.account_id, asset, one.wants) for one in full))
    world.mine(0, must_succeed=True)
    after = market.held(asset, accounts)
    assert [b - a for a, b in zip(before, after, strict=True)] == [one.paid for one in full]
    return refused(market, asset, [one for one in leavers if one.locked])


def refused(market: Market, asset: str, short: Sequence[Leaver]) -> int:
    """The first gets what is left and no unit more, the others nothing; how many that are."""
    world = market.hand.world
    for number, one in enumerate(short[:ASKED]):
        for amount in {one.wants, one.paid + 1}:
            call = market.withdraw(one.account_id, asset, amount)
            assert world.refusal(call) is not None, (number, one, amount)
        if one.paid:
            before = market.held(asset, [one.account_id])
            world.queue(market.withdraw(one.account_id, asset, one.paid))
            world.mine(0, must_succeed=True)
            assert market.held(asset, [one.account_id])[0] - before[0] == one.paid
    return len(short)


def test_the_contract_lends_the_largest_size_and_no_unit_more(market: Market) -> None:
    valued = PLUG.value(market.book, PLUG.prices(market.book))
    decisions, world = AaveDecisions(valued), market.hand.world
    pool = Contract(market.hand.contracts["pool"], POOL)
    asked, off = 0, list[tuple[str, str, int, str | None, str | None]]()
    for row in PLUG.margin(valued):
        if not row.free_collateral_e18 or row.free_collateral_e18 < 0 or asked >= SIZED:
            continue
        for resize in decisions.resizes(row.account_id)[:3]:
            if resize.unjudged:
                continue
            most = largest(lambda amount: decisions.allows(row.account_id, resize, amount))  # noqa: B023
            if not most or (resize.most is not None and most >= resize.most):
                continue
            said = [
                world.refusal(
                    pool.send(
                        row.account_id, "borrow", resize.asset_id, amount, VARIABLE, 0,
                        row.account_id,
                    )
                )
                for amount in (most, most + 1)
            ]  # fmt: skip
            asked += 1
            if said[0] is not None or said[1] is None:
                off.append((row.account_id, resize.symbol, most, said[0], said[1]))
    assert asked >= SIZED
    assert off == []


def test_a_what_if_to_a_later_parameter_set_gives_that_blocks_numbers(market: Market) -> None:
    reserve = max(
        (r for r in market.state.reserves.values() if r.config.ltv_bps),
        key=lambda r: worth(r, r.scaled_supply or 0),
    )
    config, name = reserve.config, reserve.symbol
    later = {
        f"LT:{name}": config.threshold_bps * 4 // 5,
        f"LTV:{name}": config.ltv_bps * 3 // 5,
        f"bonus:{name}": config.bonus_bps + 50,
    }
    plug, world = PLUG, market.hand.world
    valued = plug.value(market.book, plug.prices(market.book))
    other = decisions_of(plug, valued).with_parameters(later)
    expected = plug.margin(plug.value(other, valued.prices))
    admin = world.address("aave admin")
    configurator = Contract(market.hand.contracts["pool_configurator"], CONFIGURATOR)
    with world.undone():
        world.queue(
            configurator.send(
                admin, "configureReserveAsCollateral", reserve.asset, later[f"LTV:{name}"],
                later[f"LT:{name}"], later[f"bonus:{name}"],
            )
        )  # fmt: skip
        world.mine(0, must_succeed=True)
        book = market.hand.book()
        found = plug.margin(plug.value(book, plug.prices(book)))
        pool = market.hand.contract("pool", "Pool")
        asked = world.ask([View(pool, "getUserAccountData", (r.account_id,)) for r in found])
    assert found == expected
    turned = [
        old.account_id
        for old, new in zip(plug.margin(valued), expected, strict=True)
        if old.liquidatable is not new.liquidatable
    ]
    assert turned
    # The contract's own health factor, of everybody.
    below = {
        row.account_id
        for row, answer in zip(found, asked, strict=True)
        if answer is not None and int(str(answer[5])) < 10**18
    }
    assert below == {row.account_id for row in expected if row.liquidatable}
