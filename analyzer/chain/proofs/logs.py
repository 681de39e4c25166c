"""Our logs against those that a block is proved to have: which is missing, added, moved, changed.

Blocks without a log of ours are proved empty by their bloom filter; where the filter may hold one,
by their receipts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzer.chain.bloom import holds_none, pairs_by_chance
from analyzer.chain.proofs.header import EMPTY_ROOT, ProvedHeader
from analyzer.model.logs import LogFilter, RawLog

Ours = Callable[[RawLog], bool]
"""Whether a log is one that the scan rests on."""


@dataclass(frozen=True, slots=True)
class LogDifference:
    """One log that is not as it is proved to be. field: what of it (`log 3`, `log 3 data`); text:
    one sentence."""

    block: int
    field: str
    text: str


def log_differences(
    held: Sequence[RawLog], proved: Sequence[RawLog], ours: Ours
) -> list[LogDifference]:
    """What is wrong with the logs that are held of one block. proved: all logs of the block.

    A log that is at another place than it is proved to be is moved: what is told of is where it
    is, and where it has to be.
    """
    by_place = {log.log_index: log for log in proved}
    wanted = {log.log_index: log for log in proved if ours(log)}
    there = {log.log_index: log for log in held}
    missing = {place: log for place, log in wanted.items() if place not in there}
    out: list[LogDifference] = []
    for place, log in sorted(there.items()):
        known = by_place.get(place)
        if known is not None and known == log and place in wanted:
            continue
        target = next(
            (at for at, other in missing.items() if _content(other) == _content(log)), None
        )
        if target is not None:
            out.append(
                _difference(log, f"log {place}", f"is proved to be log {target}: it was moved")
            )
            missing.pop(target)
        elif known is None:
            out.append(_difference(log, f"log {place}", "is proved not to exist: it was added"))
        elif not ours(known):
            out.append(
                _difference(log, f"log {place}", "is proved to be another log: it was added")
            )
        else:
            out.append(_changed(log, known))
    out += [
        _difference(log, f"log {place}", "is proved to exist: it was removed")
        for place, log in missing.items()
    ]
    return sorted(out, key=lambda found: (found.block, found.field))


def proved_empty(header: ProvedHeader, filters: Sequence[LogFilter]) -> bool:
    """Whether a header proves by itself that its block has no log of these filters.

    A bloom without any bit is taken as a filter only where the block has no receipts at all: some
    chains leave it empty in all blocks.
    """
    if header.receipts_root == EMPTY_ROOT:
        return True
    return any(header.bloom) and holds_none(header.bloom, filters)


def false_positive_rate(headers: Sequence[ProvedHeader], filters: Sequence[LogFilter]) -> float:
    """How often, on average over these headers, chance alone would make their blooms look as if
    they may hold a log of the filters; at most 1 each. 0.0 for no headers."""
    if not headers:
        return 0.0
    return sum(min(1.0, pairs_by_chance(h.bloom, filters)) for h in headers) / len(headers)


def _content(log: RawLog) -> tuple[bytes, tuple[bytes, ...], bytes]:
    """What a log says, wherever it is."""
    return log.address, log.topics, log.data


def _changed(log: RawLog, known: RawLog) -> LogDifference:
    """The first field in which a log is not what it is proved to be."""
    place = f"log {log.log_index}"
    if log.address != known.address:
        return _difference(log, f"{place} address", f"is proved to be 0x{known.address.hex()}")
    for number, (said, right) in enumerate(zip(log.topics, known.topics, strict=False)):
        if said != right:
            return _difference(log, f"{place} topic {number}", f"is proved to be 0x{right.hex()}")
    if len(log.topics) != len(known.topics):
        words = f"are proved to be {len(known.topics)}, not {len(log.topics)}"
        return _difference(log, f"{place} topics", words)
    if log.data != known.data:
        pairs = enumerate(zip(log.data, known.data, strict=False))
        first = next((at for at, (a, b) in pairs if a != b), min(len(log.data), len(known.data)))
        return _difference(log, f"{place} data", f"is proved to differ from byte {first} on")
    if log.tx_index != known.tx_index:
        words = f"is proved to be {known.tx_index}, not {log.tx_index}"
        return _difference(log, f"{place} transactionIndex", words)
    if log.block_hash != known.block_hash:
        return _difference(log, f"{place} blockHash", f"is proved to be 0x{known.block_hash.hex()}")
    return _difference(log, f"{place} transactionHash", "is another one than its receipt's")


def _difference(log: RawLog, field: str, words: str) -> LogDifference:
    return LogDifference(log.block_number, field, f"block {log.block_number}: {field} {words}")
