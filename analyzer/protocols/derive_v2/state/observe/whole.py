"""What must exist: assets, cash, funding and signed prices as the contracts themselves have them.

None of it goes into a margin. Each is the other side of a control total, so that logs which a node
left out are noticed also where no view of an account is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.abi.keccak import checksum
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.records.feeds import Feeds
from analyzer.protocols.derive_v2.records.parameters import AssetType
from analyzer.protocols.derive_v2.state.observe.batch import new_batch
from analyzer.protocols.derive_v2.state.observe.feeds import NO_FEED
from analyzer.protocols.derive_v2.state.signed_words import SignedWord, signed_words
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

_CASH = ("totalSupply", "totalBorrow", "netSettledCash")
_FUNDING = ("aggregatedFunding", "lastFundingPaidAt")
_KINDS = tuple(kind for kind in AssetType if kind is not AssetType.NOT_SET)


@dataclass(frozen=True, slots=True)
class WordCount:
    """Words of storage that were held against the logs. unread: of them not answered. examples:
    the first that differ."""

    compared: int = 0
    equal: int = 0
    unread: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MustExist:
    """Numbers as the contracts have them; None where not read.

    assets: of every market of the StandardManager, by its own map. cash: `totalSupply`,
    `totalBorrow` (as stored), `netSettledCash`. insolvent_mm: what insolvent auctions owe. funding:
    perp -> (aggregated funding, when it was last paid). diffs: perp and impact feed ->
    (difference, confidence, time). words: the other feeds' storage.
    """

    assets: tuple[str, ...] | None = None
    cash: Mapping[str, int | None] = field(default_factory=dict)
    insolvent_mm: int | None = None
    funding: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    diffs: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)
    words: WordCount = field(default_factory=WordCount)


@dataclass(slots=True)
class _Tickets:
    """What was asked."""

    assets: list[Ticket]
    cash: dict[str, Ticket]
    insolvent: Ticket
    funding: dict[str, list[Ticket]]
    diffs: dict[str, Ticket]
    words: list[tuple[SignedWord, Ticket]]


def read_whole(
    deployment: Deployment, markets: int, perps: Mapping[str, object], feeds: Feeds
) -> Reading[MustExist]:
    """Everything in one batch. markets: the StandardManager's last market id."""
    batch = new_batch()
    asked = _ask(batch, deployment.contracts, markets, perps, feeds)
    replies = yield from batch.read()
    return MustExist(
        assets=_assets(replies, asked.assets),
        cash={name: replies.optional(ticket) for name, ticket in asked.cash.items()},
        insolvent_mm=replies.optional(asked.insolvent),
        funding={
            perp: (replies.optional(total), replies.optional(paid))
            for perp, (total, paid) in asked.funding.items()
        },
        diffs={feed: _integers(replies, ticket) for feed, ticket in asked.diffs.items()},
        words=_words(replies, asked.words),
    )


def _ask(
    batch: Batch,
    contracts: Mapping[str, str],
    markets: int,
    perps: Mapping[str, object],
    feeds: Feeds,
) -> _Tickets:
    """The questions."""

    def call(abi: str, to: str, function: str, *args: object) -> Ticket:
        return batch.call(abi, to, function, *args, evidence=True)

    manager, cash = contracts["StandardManager"], contracts["CashAsset"]
    return _Tickets(
        assets=[
            call("StandardManager", manager, "assetMap", market, int(kind))
            for market in range(1, markets + 1)
            for kind in _KINDS
        ],
        cash={name: call("CashAsset", cash, name) for name in _CASH},
        insolvent=call("DutchAuction", contracts["DutchAuction"], "totalInsolventMM"),
        funding={perp: [call("PerpAsset", perp, name) for name in _FUNDING] for perp in perps},
        diffs={feed: call("SpotDiffFeed", feed, "spotDiffDetails") for feed in feeds.diff},
        words=[
            (wanted, batch.slot(wanted.feed, wanted.slot, "signed price", wanted.about, True))
            for wanted in signed_words(feeds)
        ],
    )


def _assets(replies: Replies, asked: list[Ticket]) -> tuple[str, ...] | None:
    """The assets that are there; None when one of the answers is missing."""
    found = [replies.text(ticket) for ticket in asked]
    if any(isinstance(address, Unreadable) for address in found):
        return None
    return tuple(checksum(str(address)) for address in found if address != NO_FEED)


def _integers(replies: Replies, ticket: Ticket) -> tuple[int, ...] | None:
    """All values of an answer; None when not read."""
    values = replies.integers(ticket)
    return None if isinstance(values, Unreadable) else values


def _words(replies: Replies, asked: list[tuple[SignedWord, Ticket]]) -> WordCount:
    """How many words of storage are those of the logs."""
    equal = unread = 0
    examples = []
    for wanted, ticket in asked:
        stored = replies.word(ticket)
        if isinstance(stored, Unreadable):
            unread += 1
        elif stored == wanted.word:
            equal += 1
        else:
            examples.append(f"{wanted.about}: {wanted.word:#x} rebuilt, {stored:#x} stored")
    return WordCount(len(asked) - unread, equal, unread, tuple(examples[:3]))
