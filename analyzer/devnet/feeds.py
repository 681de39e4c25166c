"""Price aggregators of the local chain and the seeded prices that they report."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.devnet.chain import Call
from analyzer.devnet.packages import own_artifact
from analyzer.devnet.world import Contract, World

AGGREGATOR_DECIMALS = 8


@dataclass
class Feed:
    """One aggregator and the price in it. `price_usd` is what the next `report` says."""

    symbol: str
    aggregator: Contract
    owner: str
    price_usd: float

    def report(self) -> Call:
        """Writes the price into the aggregator, in its 8 decimals."""
        answer = round(self.price_usd * 10**AGGREGATOR_DECIMALS)
        return self.aggregator.send(self.owner, "set", answer, label=f"report {self.symbol}/USD")

    def drift(self, rng: random.Random, volatility: float) -> None:
        """One step of a geometric random walk; `volatility` is the step's standard deviation."""
        self.price_usd *= math.exp(rng.gauss(0.0, volatility))


def deploy_feeds(world: World, prices_usd: Mapping[str, float]) -> dict[str, Feed]:
    """Queues one aggregator for each symbol, with its first answer."""
    artifact = own_artifact("Aggregator")
    owner = world.address("price reporter")
    feeds = {}
    for symbol, price in prices_usd.items():
        contract = world.deploy(artifact, f"{symbol} / USD", AGGREGATOR_DECIMALS, sender=owner)
        feeds[symbol] = Feed(symbol, contract, owner, price)
    for feed in feeds.values():
        world.queue(feed.report())
    return feeds
