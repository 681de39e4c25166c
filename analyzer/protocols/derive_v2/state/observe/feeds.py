"""The feeds: heartbeats and caps, whose setters emit nothing, beside the signed data of logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.deployments import of_kind
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger, Signed
from analyzer.protocols.derive_v2.records.feeds import (
    DiffFeed,
    Feeds,
    ForwardFeed,
    RateFeed,
    SpotFeed,
    VolFeed,
)
from analyzer.protocols.derive_v2.state.observe.batch import new_batch
from analyzer.protocols.kit.batch import Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

FEED_KINDS = ("SpotFeed", "SpotDiffFeed", "ForwardFeed", "VolFeed", "RateFeed")
_NEVER = Signed(0, 0, 0)
NO_FEED = "0x0000000000000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of every feed, by address."""

    heartbeats: Mapping[str, Ticket]
    caps: Mapping[str, Ticket]
    settlement: Mapping[str, Ticket]
    spot_feeds: Mapping[str, Ticket]


def read_feeds(deployment: Deployment, ledger: DeriveLedger) -> Reading[Feeds]:
    """Every feed of the deployment with its data as last signed."""
    named = {kind: of_kind(deployment.contracts, kind) for kind in FEED_KINDS}
    batch = new_batch()
    asked = _Asked(
        {
            address: batch.call(kind, address, "heartbeat", about=name)
            for kind, found in named.items()
            for address, name in found.items()
        },
        {
            a: batch.call("SpotDiffFeed", a, "spotDiffCap", about=n)
            for a, n in named["SpotDiffFeed"].items()
        },
        {
            a: batch.call("ForwardFeed", a, "settlementHeartbeat", about=n)
            for a, n in named["ForwardFeed"].items()
        },
        {
            a: batch.call("ForwardFeed", a, "spotFeed", about=n)
            for a, n in named["ForwardFeed"].items()
        },
    )
    replies = yield from batch.read()
    return _feeds(replies, asked, named, ledger)


def _feeds(
    replies: Replies,
    asked: _Asked,
    named: Mapping[str, Mapping[str, str]],
    ledger: DeriveLedger,
) -> Feeds:
    """Reads and logs together."""
    beats = {address: replies.number(ticket) for address, ticket in asked.heartbeats.items()}
    feeds = Feeds()
    for address, name in named["SpotFeed"].items():
        last = ledger.spot.get(address, _NEVER)
        feeds.spot[address] = SpotFeed(
            address, name, beats[address], last.value, last.confidence, last.timestamp
        )
    for address, name in named["SpotDiffFeed"].items():
        last = ledger.diff.get(address, _NEVER)
        feeds.diff[address] = DiffFeed(
            address,
            name,
            ledger.diff_spot_feed.get(address, NO_FEED),
            beats[address],
            replies.number(asked.caps[address]),
            last.value,
            last.confidence,
            last.timestamp,
        )
    for address, name in named["ForwardFeed"].items():
        spot_feed = replies.text(asked.spot_feeds[address])
        feeds.forward[address] = ForwardFeed(
            address,
            name,
            NO_FEED if isinstance(spot_feed, Unreadable) else spot_feed,
            beats[address],
            replies.number(asked.settlement[address]),
            dict(ledger.forward.get(address, {})),
        )
    for address, name in named["VolFeed"].items():
        feeds.vol[address] = VolFeed(
            address, name, beats[address], dict(ledger.vol.get(address, {}))
        )
    for address, name in named["RateFeed"].items():
        feeds.rate[address] = RateFeed(
            address, name, beats[address], dict(ledger.rate.get(address, {}))
        )
    return feeds
