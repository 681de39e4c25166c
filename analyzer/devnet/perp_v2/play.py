"""The state of a scenario in progress: who takes part, the pools, the liquidations."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.devnet.clock import MINUTE
from analyzer.devnet.perp_v2.actions import Actions
from analyzer.devnet.perp_v2.deploy import Market, Perp, sqrt_price_x96
from analyzer.devnet.perp_v2.population import Person
from analyzer.devnet.play import BasePlay
from analyzer.devnet.roles import of_role

TRANSACTIONS_A_BLOCK = 300
SAME_PRICE = 0.0002
"""A pool within this relative distance of its target is left alone."""


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One liquidation that was executed, alone in its block, at the time of the block before.

    The state it met is the state of block `block - 1`, and the block before has the same time, so
    a scan of that block predicts it exactly. `kind`: `position` or `collateral`. `asset`: base
    token or collateral token. `requested`: the size asked for (0 = as much as allowed), or the
    amount of the token, or of USDC where `in_settlement`.
    """

    kind: str
    block: int
    time: int
    tx_hash: str
    trader: str
    asset: str
    liquidator: str
    requested: int
    in_settlement: bool = False
    protocol: str = "perp-v2"


@dataclass(frozen=True, slots=True)
class Refused:
    """A liquidation that the contract would not execute on the state of `block`, and why."""

    kind: str
    block: int
    trader: str
    asset: str
    reason: str
    protocol: str = "perp-v2"


@dataclass
class Play(BasePlay):
    """A scenario in progress."""

    perp: Perp
    people: list[Person]
    premium: list[float] = field(default_factory=list)
    """How far each pool is held from its index price, as a ratio."""
    liquidations: list[Liquidation] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    halted: set[int] = field(default_factory=set)
    """Indexes of the markets that are paused or closed."""

    @property
    def actions(self) -> Actions:
        """Builds the transactions."""
        return Actions(self.world, self.perp)

    @property
    def arbitrageur(self) -> str:
        """The account that holds the pools to the index prices."""
        return next(of_role(self.people, "arbitrageur")).address

    def markets(self) -> list[tuple[int, Market]]:
        """The markets that are open, with their index."""
        return [(i, m) for i, m in enumerate(self.perp.markets) if i not in self.halted]

    def report_prices(self, seconds: int) -> None:
        """A block in which every aggregator reports its price and every feed takes it over."""
        for feed in self.perp.feeds.values():
            self.world.queue(feed.feed.report())
        for feed in self.perp.feeds.values():
            self.world.queue(feed.chainlink.send(self.perp.owner, "update", label="update feed"))
        self.mine(seconds)

    def queue_arbitrage(self) -> None:
        """Swaps that bring every open pool to its index price plus its premium."""
        prices = self.actions.pool_sqrt_prices()
        for index, market in self.markets():
            target = market.feed.feed.price_usd * (1 + self.premium[index])
            wanted = sqrt_price_x96(target)
            distance = wanted / prices[index] - 1
            if abs(distance) > SAME_PRICE / 2:
                self.world.queue(
                    self.actions.move_price(
                        self.arbitrageur, market, down=distance < 0, sqrt_x96=wanted
                    )
                )

    def step_prices(self, seconds: int) -> None:
        """Prices are reported after `seconds`, and the pools follow 15 to 30 seconds later."""
        self.report_prices(seconds)
        self.queue_arbitrage()
        self.mine(MINUTE // 3)
