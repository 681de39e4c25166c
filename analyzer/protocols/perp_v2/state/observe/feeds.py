"""What a price feed says about itself: time of its latest valid answer, time-out, frozen or not.

A market's feed is a PriceFeedDispatcher in front of a ChainlinkPriceFeedV3; a collateral token's
may be either, or an older feed that has none of these functions. Both are asked; what has no
such function refuses, which is an answer here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.price_age import NOT_ASKED, SourceTime, read_times
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """time: unix seconds of the latest valid answer; timeout_s: the feed's own limit; each None
    where the feed has none. frozen_reason: 0 = not frozen. A dispatcher that has gone over to
    its Uniswap fallback has no such times: then all are None and `fallback` is true, because a
    pool's average is of the block itself. source: what the feed's aggregator says of its round."""

    time: int | None = None
    timeout_s: int | None = None
    frozen_reason: int | None = None
    fallback: bool = False
    source: SourceTime = NOT_ASKED
    parts: tuple[str, ...] = ()
    """The contracts behind the feed: the dispatched feed, the aggregator, what that is a proxy
    of."""


_OWN = ("getLatestOrCachedPrice", "getTimeout", "getFreezedReason")
_AGGREGATOR = "getAggregator"


def read_feeds(feeds: Sequence[str]) -> Reading[dict[str, FeedFacts]]:
    """The facts of every feed, dispatchers looked through."""
    batch = Batch(ABI_FOLDER)
    chainlink: dict[str, Ticket] = {}
    fallback: dict[str, Ticket] = {}
    direct: dict[str, list[Ticket]] = {}
    for feed in feeds:
        for asked, function in (
            (chainlink, "getChainlinkPriceFeedV3"),
            (fallback, "isToUseUniswapV3PriceFeed"),
        ):
            asked[feed] = batch.call("PriceFeedDispatcher", feed, function, about=feed)
        direct[feed] = _ask(batch, feed)
    replies = yield from batch.read()
    behind = {feed: replies.text(ticket) for feed, ticket in chainlink.items()}
    second = Batch(ABI_FOLDER)
    inner = {f: _ask(second, a) for f, a in behind.items() if not isinstance(a, Unreadable)}
    answers = yield from second.read()
    out = {}
    aggregators = {}
    for feed in feeds:
        if replies.optional(fallback[feed]):
            out[feed] = FeedFacts(fallback=True)
        elif feed in inner:
            out[feed] = replace(_facts(answers, inner[feed]), parts=(str(behind[feed]),))
            aggregators[feed] = answers.optional_text(inner[feed][-1])
        else:
            out[feed] = _facts(replies, direct[feed])
            # An older feed that is an aggregator itself names none.
            aggregators[feed] = replies.optional_text(direct[feed][-1]) or feed
    times = yield from read_times([at for at in aggregators.values() if at])
    for feed, at in aggregators.items():
        if at:
            parts = [p for p in (*out[feed].parts, at, times[at].aggregator) if p and p != feed]
            out[feed] = replace(out[feed], source=times[at], parts=tuple(parts))
    return out


def _ask(batch: Batch, feed: str) -> list[Ticket]:
    """The questions to a ChainlinkPriceFeedV3, the one for its aggregator last."""
    own = [batch.call("ChainlinkPriceFeedV3", feed, name, about=feed) for name in _OWN]
    aggregator = batch.call("ChainlinkPriceFeedV3", feed, _AGGREGATOR, about=feed, evidence=True)
    return [*own, aggregator]


def _facts(replies: Replies, tickets: Sequence[Ticket]) -> FeedFacts:
    """The answers; None for each function that the feed does not have."""
    latest, timeout, frozen, _ = tickets
    pair = replies.values(latest)
    time = None if isinstance(pair, Unreadable) else pair[1]
    return FeedFacts(
        time if isinstance(time, int) else None,
        replies.optional(timeout),
        replies.optional(frozen),
    )
