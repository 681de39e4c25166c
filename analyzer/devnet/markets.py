"""Which protocols' markets can be made on the local chain, alone or together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzer.devnet import aave_v3, perp_v2
from analyzer.devnet.aave_v3 import artifacts as aave_artifacts
from analyzer.devnet.aave_v3 import population as aave_population
from analyzer.devnet.feeds import Feed
from analyzer.devnet.history import play_history
from analyzer.devnet.part import BLOCK_LABELS, Part, Shared, Story
from analyzer.devnet.perp_v2 import population as perp_population
from analyzer.devnet.world import World
from analyzer.model.errors import InputError, UnreadError

NEWEST = ""
"""Stands for the newest revision of a protocol, or its only one."""


@dataclass(frozen=True, slots=True)
class Market:
    """What can be made: the part of a protocol, for at least so many accounts.

    `make`: deploys it, in that revision. `revisions`: those that can be named, the newest last.
    """

    make: Callable[[World, int, Shared, str], Part]
    min_accounts: int
    revisions: tuple[str, ...] = ()


MARKETS: Mapping[str, Market] = {
    perp_v2.PROTOCOL: Market(
        lambda world, accounts, shared, _: perp_v2.PerpV2(world, accounts, shared),
        perp_population.MIN_ACCOUNTS,
    ),
    aave_v3.PROTOCOL: Market(
        aave_v3.AaveV3, aave_population.MIN_ACCOUNTS, aave_artifacts.REVISIONS
    ),
}
"""In the order in which they begin on one chain: the first makes what the others share."""
PROTOCOLS = tuple(MARKETS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A protocol to make, and its revision."""

    protocol: str
    revision: str = NEWEST


def wanted(protocols: Sequence[str], accounts: int) -> list[Wanted]:
    """The protocols that the texts name (`perp-v2,aave-v3@1`), in the order in which they begin.

    Raises InputError for an unknown protocol or revision, one named twice, none at all, and for
    fewer accounts than one of them needs.
    """
    texts = [text.strip() for joined in protocols for text in joined.split(",")]
    found = [_parse(text) for text in texts or [""]]
    names = [w.protocol for w in found]
    if len(set(names)) < len(names):
        raise InputError(f"no protocol twice on one chain: '{','.join(texts)}'")
    least = max(MARKETS[name].min_accounts for name in names)
    if accounts < least:
        raise InputError(f"the local market needs at least {least} accounts, not {accounts}")
    return sorted(found, key=lambda w: PROTOCOLS.index(w.protocol))


@dataclass(frozen=True, slots=True)
class Performed:
    """What was made: the story of each protocol, label -> pinned block, symbol -> its feed."""

    stories: Sequence[Story]
    blocks: Mapping[str, int]
    feeds: Mapping[str, Feed]


def perform(
    world: World, markets: Sequence[Wanted], accounts: int, history_days: int = 0
) -> Performed:
    """Makes every market, lets so many days of price rounds pass, and plays the markets in turn, a
    step each, up to each pinned block.

    Raises InputError when contracts cannot be had and UnreadError when the chain could not be
    built.
    """
    shared = Shared()
    parts = [MARKETS[w.protocol].make(world, accounts, shared, w.revision) for w in markets]
    play_history(world, shared.feeds, history_days)
    plays = [part.play() for part in parts]
    blocks = {}
    for label in BLOCK_LABELS:
        waiting = plays
        while waiting:
            waiting = [play for play in waiting if _step(play) != label]
        blocks[label] = world.anvil.block_number()
    return Performed([part.story() for part in parts], blocks, shared.feeds)


def _step(play: Iterator[str]) -> str:
    step = next(play, None)
    if step is None:
        raise UnreadError("a protocol's market ended before its last pinned block")
    return step


def _parse(text: str) -> Wanted:
    name, at, revision = text.partition("@")
    if name not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise InputError(f"unknown protocol '{text}'; the local chain has: {known}")
    if not at:
        return Wanted(name)
    revisions = MARKETS[name].revisions
    if revision not in revisions:
        known = ", ".join(revisions) or "one"
        raise InputError(f"no revision '{revision}' of {name} here; there are: {known}")
    return Wanted(name, revision)
