"""The feeds behind a protocol's prices, and what their logs say: `AnswerUpdated`, a log a round.

A feed is often a proxy, and what stands behind it writes the logs: that contract is indexed. After
the owner of a proxy put another behind it, the rounds of the one before are not here.
Source: Chainlink's AggregatorInterface.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from analyzer.model.book import Book
from analyzer.model.deployment import Deployment
from analyzer.model.identity import index_key
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.base import Source
from analyzer.protocols.kit.arguments import integer
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.rounds import Round

KINDS = (("feed", "AnswerUpdated"),)
"""The logs that carry a round."""
_MOST_DECIMALS = 36
_FACTOR, _DECIMALS = 0, 1
"""Places in the role of a feed."""


@dataclass(frozen=True, slots=True)
class PriceFeed:
    """One contract that writes rounds. factor: the risk factor of what it prices; decimals: of its
    answers, in the unit of account."""

    factor: str
    address: str
    decimals: int


@runtime_checkable
class FeedsNamed(Protocol):
    """A plug that names the feeds behind its prices."""

    def price_feeds(self, book: Book) -> Reading[tuple[PriceFeed, ...]]:
        """Every feed that writes rounds, by factor; without those that could not be read."""
        ...


def with_decimals(named: Iterable[tuple[str, str]]) -> Reading[tuple[PriceFeed, ...]]:
    """(factor, address) of feeds with the decimals that each says; without those that say none."""
    unique = sorted(set(named))
    batch = Batch("chainlink")
    asked = [batch.call("Aggregator", at, "decimals", about=at, evidence=True) for _, at in unique]
    replies = yield from batch.read()
    found = []
    for (factor, at), ticket in zip(unique, asked, strict=True):
        decimals = replies.optional(ticket)
        if decimals is not None and 0 <= decimals <= _MOST_DECIMALS:
            found.append(PriceFeed(factor, at, decimals))
    return tuple(found)


class FeedLogs:
    """What the index needs to know of feeds: each is one contract with one event."""

    def sources(self, deployment: Deployment) -> Sequence[Source]:
        """A source a feed, from the deployment's first block."""
        first = deployment.from_block
        return tuple(
            Source("feed", address, "chainlink/Aggregator", ("AnswerUpdated",), first)
            for address in sorted(set(deployment.contracts.values()))
        )

    def follow(self, _deployment: Deployment, _event: Event) -> Sequence[Source]:
        """No log of a feed names another."""
        return ()


def family_of(deployment: Deployment) -> str:
    """Under which protocol an index keeps the feeds of a deployment."""
    return f"price feeds of {index_key(deployment)}"


def as_deployment(deployment: Deployment, contracts: Mapping[str, str]) -> Deployment:
    """The feeds of a deployment as the index takes them. contracts: as `roles_of` gives them."""
    return Deployment(
        f"{deployment.name} feeds",
        family_of(deployment),
        deployment.chain_id,
        deployment.from_block,
        contracts,
    )


def roles_of(feeds: Sequence[PriceFeed]) -> dict[str, str]:
    """Feeds as contracts by role: factor and decimals are in the role."""
    return {f"{f.factor} {f.decimals} {n}": f.address for n, f in enumerate(feeds)}


def feeds_of(contracts: Mapping[str, str]) -> dict[str, list[PriceFeed]]:
    """What `roles_of` made contracts of, by address in lower case; one may price several."""
    found: dict[str, list[PriceFeed]] = {}
    for role, address in contracts.items():
        parts = role.rsplit(" ", 2)
        feed = PriceFeed(parts[_FACTOR], address, int(parts[_DECIMALS]))
        found.setdefault(address.lower(), []).append(feed)
    return found


def rounds_of(event: Event, feeds: Mapping[str, Sequence[PriceFeed]]) -> list[Round]:
    """The round of a feed, once for each factor that it prices, rounded down; none for an answer
    that is not above zero."""
    answer, time = integer(event, "current"), integer(event, "updatedAt")
    return [
        Round(feed.factor, answer * 10**18 // 10**feed.decimals, time)
        for feed in feeds.get(event.address.lower(), ())
        if answer > 0
    ]
