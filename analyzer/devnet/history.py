"""Days before the story: a round of every feed each day, so that the chain tells how prices move.

    x[d] = pull * x[d-1] + beta * market[d] + own * z[d]        deviation from the first price
    price[d] = first * exp(x[d] - x[days] * d / days)           so that the last is the first again

The market factor has the fat tails of Student's t with five degrees of freedom. What is pegged is
pulled back; wstETH is worth a slow ratio of ether. Prices end where they began, to the last digit,
and nobody trades meanwhile: the story that follows is the same whatever came before it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.devnet.clock import DAY
from analyzer.devnet.feeds import Feed
from analyzer.devnet.world import World

HISTORY_DAYS = 120
"""Days of a recording: more than the thirty that a risk profile needs."""
MOST_HISTORY_DAYS = 2_000
"""A block each: anvil answers about its last few thousand only."""
MARKET_VOLATILITY = 0.03
"""Of the market factor, a day."""
TAIL_FREEDOM = 5


@dataclass(frozen=True, slots=True)
class Motion:
    """How a price moves in a day. beta: to the market factor; own: volatility of its own; pull: the
    part of its deviation that is left a day later; of: the symbol that it is a ratio of, or ""."""

    beta: float
    own: float
    pull: float = 1.0
    of: str = ""


_PEGGED, _RATIO = 0.5, 0.9
MOTIONS: Mapping[str, Motion] = {
    "ETH": Motion(1.1, 0.014),
    "BTC": Motion(0.9, 0.010),
    "OP": Motion(1.4, 0.030),
    "LINK": Motion(1.2, 0.022),
    "MKR": Motion(1.0, 0.030),
    "USDC": Motion(0.0, 0.0003, _PEGGED),
    "DAI": Motion(0.0, 0.0005, _PEGGED),
    "TUSD": Motion(0.0, 0.0006, _PEGGED),
    "EUR": Motion(0.02, 0.004),
    "wstETH": Motion(0.0, 0.0006, _RATIO, of="ETH"),
    "USD": Motion(0.0, 0.0),
}
"""Of every feed on the local chain."""


def play_history(world: World, feeds: Mapping[str, Feed], days: int) -> None:
    """Mines `days` blocks a day apart, in each a round of every feed.

    The last block's prices are those of before. Raises UnreadError when a feed refuses.
    """
    if not days:
        return
    first = {symbol: feed.price_usd for symbol, feed in feeds.items()}
    paths = deviations(world.random("price history"), feeds, days)
    for day in range(days):
        for symbol, feed in feeds.items():
            feed.price_usd = first[symbol] * math.exp(paths[symbol][day])
            world.queue(feed.report())
        world.mine(DAY, must_succeed=True)
        world.progress("price history", day + 1, days)
    for symbol, feed in feeds.items():
        feed.price_usd = first[symbol]


def deviations(
    rng: random.Random, symbols: Mapping[str, object], days: int
) -> dict[str, list[float]]:
    """Symbol -> the logarithm of each day's price over the first price; the last is 0.

    Raises: KeyError for a symbol that MOTIONS does not have.
    """
    market = [MARKET_VOLATILITY * _student(rng) for _ in range(days)]
    paths: dict[str, list[float]] = {}
    for symbol in sorted(symbols, key=lambda s: (bool(MOTIONS[s].of), s)):
        motion, at = MOTIONS[symbol], 0.0
        raw = []
        for moved in market:
            at = motion.pull * at + motion.beta * moved + motion.own * rng.gauss(0.0, 1.0)
            raw.append(at)
        base = paths.get(motion.of, [0.0] * days)
        paths[symbol] = [raw[day] - raw[-1] * ((day + 1) / days) + base[day] for day in range(days)]
    return paths


def _student(rng: random.Random) -> float:
    """A draw of Student's t with TAIL_FREEDOM degrees of freedom, scaled to a variance of one."""
    half = TAIL_FREEDOM / 2
    scale = math.sqrt((TAIL_FREEDOM - 2) / TAIL_FREEDOM)
    return scale * rng.gauss(0.0, 1.0) / math.sqrt(rng.gammavariate(half, 1 / half))
