"""The state of the scenario in progress: who takes part, prices, liquidations."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from analyzer.devnet.aave_v3.artifacts import Build
from analyzer.devnet.aave_v3.market import Aave, Reserve
from analyzer.devnet.aave_v3.plans import STAKING_RATIO, VOLATILITY_A_DAY
from analyzer.devnet.aave_v3.population import Person
from analyzer.devnet.chain import Call
from analyzer.devnet.clock import DAY
from analyzer.devnet.feeds import Feed
from analyzer.devnet.play import BasePlay
from analyzer.devnet.world import BLOCK_SECONDS

TRANSACTIONS_A_BLOCK = 300


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One liquidation that was executed, alone in its block, at the time of the block before.

    The state it met is that of block `block - 1`, which has the same time, so that what a scan of
    that block predicts is what happened. `requested`: the debt that the liquidator offered to
    cover, in units of the debt asset. `keep_supply`: the liquidator took aTokens.
    """

    block: int
    time: int
    tx_hash: str
    user: str
    collateral_asset: str
    debt_asset: str
    liquidator: str
    requested: int
    keep_supply: bool
    protocol: str = "aave-v3"


@dataclass(frozen=True, slots=True)
class Refused:
    """A liquidation that the pool would not execute on the state of `block`, and why."""

    block: int
    user: str
    collateral_asset: str
    debt_asset: str
    liquidator: str
    requested: int
    keep_supply: bool
    reason: str
    protocol: str = "aave-v3"


@dataclass
class Play(BasePlay):
    """A scenario in progress. `drives`: the symbols of the feeds that this scenario moves."""

    build: Build
    aave: Aave
    people: list[Person]
    feeds: dict[str, Feed]
    drives: frozenset[str]
    staking_ratio: float = STAKING_RATIO
    liquidations: list[Liquidation] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    standing_still: set[str] = field(default_factory=set)
    """Symbols of the reserves that are frozen or paused."""
    _approved: set[tuple[str, str]] = field(default_factory=set, repr=False)

    def queue_in_blocks(self, calls: Sequence[Call], rng: random.Random, longest: int) -> None:
        """Queues calls that belong together; a full block is mined first, up to `longest` s on."""
        if self.world.queued() and self.world.queued() + len(calls) > TRANSACTIONS_A_BLOCK:
            self.mine(rng.randint(BLOCK_SECONDS, longest))
        self.world.queue(*calls)

    def give(self, person: str, reserve: Reserve, amount: int) -> Iterator[Call]:
        """`amount` units for the person, which the pool may take."""
        yield reserve.token.mint(person, amount)
        if (person, reserve.plan.symbol) not in self._approved:
            self._approved.add((person, reserve.plan.symbol))
            yield reserve.token.approve(person, self.aave.pool.address)

    def active(self) -> list[Reserve]:
        """The reserves in which everything is possible."""
        return [r for s, r in self.aave.reserves.items() if s not in self.standing_still]

    def drift(self, rng: random.Random, seconds: int) -> None:
        """A random step of the prices that this scenario moves; wstETH follows ether."""
        for symbol, feed in self.feeds.items():
            if symbol in self.drives:
                feed.drift(rng, VOLATILITY_A_DAY[symbol] * math.sqrt(seconds / DAY))
        self.follow()

    def follow(self) -> None:
        """wstETH is worth its ratio of ether."""
        self.feeds["wstETH"].price_usd = self.feeds["ETH"].price_usd * self.staking_ratio

    def queue_reports(self) -> None:
        """Every aggregator that this scenario moves reports its price."""
        for symbol, feed in self.feeds.items():
            if symbol in self.drives:
                self.world.queue(feed.report())
