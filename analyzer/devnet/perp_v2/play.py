"""The state of a scenario in progress: who takes part, and what was done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from analyzer.devnet.chain import Mined
from analyzer.devnet.clock import MINUTE
from analyzer.devnet.part import Liquidation, Refused
from analyzer.devnet.perp_v2.deploy import Market, Perp, sqrt_price_x96
from analyzer.devnet.perp_v2.desk import Desk
from analyzer.devnet.perp_v2.population import Person, of_role
from analyzer.devnet.world import BLOCK_SECONDS, World

TRANSACTIONS_A_BLOCK = 300
SAME_PRICE = 0.0002
"""A pool within this relative distance of its target is left alone."""


@dataclass
class Play:
    """A scenario in progress."""

    world: World
    perp: Perp
    people: list[Person]
    premium: list[float] = field(default_factory=list)
    """How far each pool is held from its index price, as a ratio."""
    liquidations: list[Liquidation] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    reverted: Counter[str] = field(default_factory=Counter)
    halted: set[int] = field(default_factory=set)
    """Indexes of the markets that are paused or closed."""

    @property
    def desk(self) -> Desk:
        """Builds the transactions."""
        return Desk(self.world, self.perp)

    @property
    def arbitrageur(self) -> str:
        """The account that holds the pools to the index prices."""
        return next(of_role(self.people, "arbitrageur")).address

    def markets(self) -> list[tuple[int, Market]]:
        """The markets that are open, with their index."""
        return [(i, m) for i, m in enumerate(self.perp.markets) if i not in self.halted]

    def mine(self, seconds: int = BLOCK_SECONDS) -> Mined:
        """Mines what is queued and counts what was done and what the contracts refused."""
        mined = self.world.mine(seconds)
        for receipt in mined.receipts:
            (self.done if receipt.ok else self.reverted)[receipt.call.label] += 1
        return mined

    def report_prices(self, seconds: int) -> None:
        """A block in which every aggregator reports its price and every feed takes it over."""
        for feed in self.perp.feeds.values():
            self.world.queue(feed.feed.report())
        for feed in self.perp.feeds.values():
            self.world.queue(feed.chainlink.send(self.perp.owner, "update", label="update feed"))
        self.mine(seconds)

    def queue_arbitrage(self) -> None:
        """Swaps that bring every open pool to its index price plus its premium."""
        prices = self.desk.pool_sqrt_prices()
        for index, market in self.markets():
            target = market.feed.feed.price_usd * (1 + self.premium[index])
            wanted = sqrt_price_x96(target)
            distance = wanted / prices[index] - 1
            if abs(distance) > SAME_PRICE / 2:
                self.world.queue(
                    self.desk.move_price(
                        self.arbitrageur, market, down=distance < 0, sqrt_x96=wanted
                    )
                )

    def step_prices(self, seconds: int) -> None:
        """Prices are reported after `seconds`, and the pools follow 15 to 30 seconds later."""
        self.report_prices(seconds)
        self.queue_arbitrage()
        self.mine(MINUTE // 3)
