"""The calm market of the local chain, ready for a shock: an outsider moves pools, bots liquidate.

Everything the bots do they decide by the contracts' own views and answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from past import Past, past_of

from analyzer.devnet.chain import Anvil, Call
from analyzer.devnet.clock import GENESIS_TIME, MINUTE
from analyzer.devnet.packages import anvil_binary, fetch
from analyzer.devnet.perp_v2.actions import whole
from analyzer.devnet.perp_v2.deploy import Market, sqrt_price_x96
from analyzer.devnet.perp_v2.play import Liquidation, Play
from analyzer.devnet.perp_v2.scenario import phases, prepare
from analyzer.devnet.perp_v2.trading import ranges_of
from analyzer.devnet.roles import of_role
from analyzer.devnet.up import DevnetInfo
from analyzer.devnet.world import View, World, chain_id_of

STEPS = 8
"""In so many steps a price goes its way: the protocol lets a pool follow only a few per cent."""
BOTS = 3
DEEP_POCKETS_USD = 400_000_000
CONVERGED_S = 31 * MINUTE
"""Longer than every average of the protocol."""


@dataclass
class Stage:
    """A market at the end of its calm days."""

    play: Play
    bots: Sequence[str]
    outsider: str

    @property
    def world(self) -> World:
        """The chain."""
        return self.play.world

    @property
    def strangers(self) -> set[str]:
        """Those who came for the shock: no part of the sample."""
        return {self.outsider, *self.bots}

    def block(self) -> int:
        """The last block's number."""
        return self.world.anvil.block_number()

    @contextmanager
    def past(self, folder: Path) -> Iterator[Past]:
        """The chain's past up to now."""
        story = self.play.story(
            "perp-v2",
            from_block=self.play.perp.from_block,
            contracts=self.play.perp.contracts(),
            people=self.play.people,
            liquidations=(),
            refused=(),
        )
        anvil, seed = self.world.anvil, self.world.seed
        info = DevnetInfo(
            rpc=anvil.url,
            chain_id=chain_id_of(seed),
            seed=seed,
            accounts=len(self.play.people),
            deployments={"perp-v2": story.deployment},
            blocks={},
            state_root="",
            last_block=self.block(),
        )
        folder.mkdir()
        with past_of(info, folder) as found:
            yield found

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside has never been, in the end; reported prices included."""
        feeds = [feed.feed for feed in self.play.perp.feeds.values()]
        prices = [feed.price_usd for feed in feeds]
        with self.world.undone():
            try:
                yield
            finally:
                for feed, price in zip(feeds, prices, strict=True):
                    feed.price_usd = price

    def arrive(self) -> None:
        """The strangers deposit, and the bots have the settlement token at hand too."""
        actions, usdc = self.play.actions, self.play.perp.usdc
        for stranger in self.strangers:
            calls = actions.deposit(stranger, usdc, usdc.units(DEEP_POCKETS_USD))
            self.world.queue(*calls, usdc.mint(stranger, usdc.units(DEEP_POCKETS_USD)))
        self.world.mine(must_succeed=True)

    def endow_the_fund(self, usd: float) -> None:
        """The insurance fund's wallet gets so much."""
        fund, usdc = self.play.perp.core.insurance_fund, self.play.perp.usdc
        self.world.queue(usdc.mint(fund.address, usdc.units(usd)))
        self.world.mine(must_succeed=True)

    def thin_out(self, share: float) -> None:
        """The deepest makers take out this share of their ranges."""
        actions = self.play.actions
        for maker in of_role(self.play.people, "anchor"):
            for held, liquidity in ranges_of(self.play, maker):
                ticks = (held.lower_tick, held.upper_tick)
                market = self.play.perp.markets[held.market]
                amount = int(liquidity * share)
                self.world.queue(actions.remove_range(maker.address, market, ticks, amount))
        self.world.mine(must_succeed=True)

    def move(self, multipliers: Mapping[str, float]) -> None:
        """Takes reported prices (by symbol) and pools to their multiples, step by step, and waits
        until every average of the protocol is there."""
        for _ in range(STEPS):
            for symbol, feed in self.play.perp.feeds.items():
                feed.feed.price_usd *= multipliers[symbol] ** (1 / STEPS)
            self.play.report_prices(2 * MINUTE)
            self.follow()
        self.converge()

    def follow(self) -> None:
        """The outsider swaps every pool to the reported price."""
        actions, prices = self.play.actions, self.play.actions.pool_sqrt_prices()
        for index, market in self.play.markets():
            wanted = sqrt_price_x96(market.feed.feed.price_usd)
            if wanted != prices[index]:
                down = wanted < prices[index]
                self.world.queue(
                    actions.move_price(self.outsider, market, down=down, sqrt_x96=wanted)
                )
        self.world.mine(MINUTE // 3, must_succeed=True)

    def report_the_pools(self) -> None:
        """Every open market's reported price becomes its pool's."""
        for (_, market), root in zip(self.play.markets(), self.roots(), strict=True):
            market.feed.feed.price_usd = (root / 2**96) ** 2

    def roots(self) -> list[int]:
        """Sqrt price X96 of every open market's pool."""
        prices = self.play.actions.pool_sqrt_prices()
        return [prices[index] for index, _ in self.play.markets()]

    def converge(self) -> None:
        """Time passes, prices stay: reports are repeated so that none is old."""
        self.play.report_prices(MINUTE)
        self.play.report_prices(CONVERGED_S)
        self.world.mine(MINUTE, must_succeed=True)


@contextmanager
def stage(seed: int, accounts: int, bots: int = BOTS) -> Iterator[Stage]:
    """A chain of its own, played up to the end of the calm days; the strangers are there."""
    packages = fetch()
    with Anvil(anvil_binary(packages), chain_id_of(seed), GENESIS_TIME) as anvil:
        world = World(anvil, packages, seed)
        play, falls = prepare(world, accounts)
        for step in phases(play, falls):
            if step == "calm":
                break
        found = Stage(
            play, [world.address("bot", index) for index in range(bots)], world.address("outsider")
        )
        found.arrive()
        yield found


@dataclass
class Visitor:
    """Bots that liquidate one account after the other, each as far as it goes.

    cancelled_in_vain: accounts whose orders' removal would have led to nothing.
    """

    stage: Stage
    done: list[Liquidation] = field(default_factory=list)
    cancelled_in_vain: set[str] = field(default_factory=set)

    def visit_all(self, order: Sequence[str]) -> None:
        """Visits everybody in this order, again and again until nobody can be liquidated."""
        count = -1
        while count != len(self.done):
            count = len(self.done)
            # Nobody gets into trouble by what is done to another: prices stand still.
            for trader in self.stage.play.actions.in_trouble(order):
                self.visit(trader)

    def visit_once(self, order: Sequence[str]) -> list[str]:
        """Visits, in this order, whoever can be liquidated before the first is; who that was."""
        able = [t for t in self.stage.play.actions.in_trouble(order) if self._can_be_liquidated(t)]
        for trader in able:
            self.visit(trader)
        return able

    def _can_be_liquidated(self, trader: str) -> bool:
        """Whether a visit would lead to anything."""
        done = list(self.done)
        with self.stage.world.undone():
            able = self._next_step(trader)
        self.done = done
        return able

    def seized(self, token: str) -> int:
        """How much of a token the bots have bought so far, in its decimals."""
        return sum(row.requested for row in self.done if row.asset == token)

    def visit(self, trader: str) -> None:
        """Positions first, then tokens, as long as the contracts let it."""
        while self._next_step(trader):
            pass

    @property
    def _bot(self) -> str:
        return self.stage.bots[len(self.done) % len(self.stage.bots)]

    def _next_step(self, trader: str) -> bool:
        actions = self.stage.play.actions
        (standing,) = actions.account_views([trader])
        if standing.liquidatable:
            if standing.has_order:
                self._cancel_orders(trader)
            if self._take_over(trader):
                return True
        return standing.collateral_liquidatable and self._buy_tokens(trader)

    def _liquidation(self, trader: str) -> tuple[Market, Call] | None:
        """The first liquidation that the contract would execute now."""
        for _, market in self.stage.play.markets():
            call = self.stage.play.actions.liquidate(self._bot, trader, market, 0)
            if self.stage.world.refusal(call) is None:
                return market, call
        return None

    def _cancel_orders(self, trader: str) -> None:
        """Removes all orders, unless nothing could be liquidated even then."""
        world = self.stage.world
        with world.undone():
            self._queue_cancelling(trader)
            useful = self._liquidation(trader) is not None
        if useful:
            self._queue_cancelling(trader)
        else:
            self.cancelled_in_vain.add(trader)

    def _queue_cancelling(self, trader: str) -> None:
        play, world = self.stage.play, self.stage.world
        for _, market in play.markets():
            world.queue(play.actions.cancel_orders(self._bot, trader, market))
        world.mine(0)

    def _take_over(self, trader: str) -> bool:
        found = self._liquidation(trader)
        if found is not None:
            self._execute("position", found[1], trader, found[0].address, 0)
        return found is not None

    def _buy_tokens(self, trader: str) -> bool:
        play = self.stage.play
        for kind in play.perp.collaterals:
            view = View(
                play.perp.core.vault,
                "getMaxRepaidSettlementAndLiquidatableCollateral",
                (trader, kind.token.address),
            )
            (answer,) = self.stage.world.ask([view])
            assert answer is not None
            repaid, amount = whole(answer), whole(answer[1:])
            call = play.actions.liquidate_collateral(
                self._bot, trader, kind.token.address, amount, in_settlement=False
            )
            if repaid and amount and self.stage.world.refusal(call) is None:
                self._execute("collateral", call, trader, kind.token.address, amount)
                return True
        return False

    def _execute(self, kind: str, call: Call, trader: str, asset: str, requested: int) -> None:
        mined, receipt = self.stage.play.execute_alone(call)
        row = Liquidation(
            kind,
            mined.number,
            mined.time,
            receipt.tx_hash,
            trader,
            asset,
            call.sender,
            requested,
        )
        self.done.append(row)
