"""How old a price is, by what its source says of itself: `latestRoundData`, where it has one.

No number of a rebuild depends on an age: a protocol that asks for none takes the answer as it is,
and so do we. But a price is only called fresh when its source gives a time that is not too long
ago and does not contradict itself. All reads here are evidence.
Source of the rounds' meaning: Chainlink's AggregatorV3Interface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.model.book import PriceStatus
from analyzer.model.reads import Reading
from analyzer.protocols.kit.batch import Batch, Replies, Ticket
from analyzer.protocols.kit.unreadable import Unreadable

STALE_AFTER_S = 26 * 3_600
"""A price older than this is stale where its feed names no limit of its own, or a longer one: two
hours beyond the longest heartbeat that price feeds commonly have (24 hours)."""
NO_AGGREGATOR = "0x0000000000000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Round:
    """The latest round of a price source, as it says it."""

    round_id: int
    answer: int
    started_at: int
    updated_at: int
    answered_in_round: int


@dataclass(frozen=True, slots=True)
class SourceTime:
    """What a price source says of its own time.

    updated_at: unix seconds, None where it gives none; why: then the reason. round: None where it
    has no rounds. aggregator: what stands behind a proxy; empty = nothing that it names.
    """

    updated_at: int | None = None
    round: Round | None = None
    aggregator: str = ""
    why: str = "its source was not asked for a time"


NOT_ASKED = SourceTime()


@dataclass(frozen=True, slots=True)
class _Asked:
    """The tickets of one source."""

    round: Ticket
    timestamp: Ticket
    aggregator: Ticket


def read_times(sources: Sequence[str]) -> Reading[dict[str, SourceTime]]:
    """What every source says of its time, by its address."""
    unique = list(dict.fromkeys(sources))
    if not unique:
        return {}
    batch = Batch("chainlink")
    asked = {
        source: _Asked(*(_ask(batch, source, name) for name in _FUNCTIONS)) for source in unique
    }
    replies = yield from batch.read()
    return {source: _time(replies, tickets) for source, tickets in asked.items()}


_FUNCTIONS = ("latestRoundData", "latestTimestamp", "aggregator")


def _ask(batch: Batch, source: str, function: str) -> Ticket:
    """One question to a source, as evidence."""
    return batch.call("Aggregator", source, function, about=source, evidence=True)


def _time(replies: Replies, asked: _Asked) -> SourceTime:
    """The answers of one source; the time of its round before that of `latestTimestamp`."""
    behind = replies.optional_text(asked.aggregator) or NO_AGGREGATOR
    aggregator = "" if behind == NO_AGGREGATOR else behind
    found = replies.integers(asked.round)
    if not isinstance(found, Unreadable):
        latest = Round(*found)
        return SourceTime(latest.updated_at, latest, aggregator, "")
    timestamp = replies.optional(asked.timestamp)
    why = "" if timestamp is not None else f"its source gives no time ({found})"
    return SourceTime(timestamp, None, aggregator, why)


def status_of(time: SourceTime, now: int, limit_s: int | None = None) -> tuple[PriceStatus, str]:
    """(status, detail) of a price whose source says `time` of itself, at block time `now`.

    limit_s: the feed's own limit, if it has one; it shortens ours and never lengthens it.
    `doubtful` where the source contradicts itself, else `undated`, `stale` or `fresh`.
    """
    doubts = doubts_of(time, now)
    if doubts:
        return "doubtful", "; ".join(doubts)
    if time.updated_at is None:
        return "undated", time.why
    age = now - time.updated_at
    limit = STALE_AFTER_S if limit_s is None else min(limit_s, STALE_AFTER_S)
    through = f", aggregator {time.aggregator}" if time.aggregator else ""
    words = f"age {age} s, limit {limit} s{through}"
    return ("stale" if age > limit else "fresh"), words


def doubts_of(time: SourceTime, now: int) -> list[str]:
    """What a source says of itself that cannot be of a good answer, in words."""
    out = []
    if time.updated_at == 0:
        out.append("updatedAt is 0: its round is not complete")
    if time.updated_at is not None and time.updated_at > now:
        out.append(f"updatedAt is {time.updated_at - now} s after the block")
    found = time.round
    if found is None:
        return out
    if found.answered_in_round < found.round_id:
        words = f"answeredInRound {found.answered_in_round} is before round {found.round_id}"
        out.append(f"{words}: an answer carried over")
    if found.answer <= 0:
        out.append(f"its answer is {found.answer}")
    return out
