"""Where a profile's prices come from: a file, or what the logs of the index tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from analyzer.documents.risk import FeedEntry
from analyzer.indexer.past import past_events
from analyzer.market.history import History, Seconds, load_history, of_rounds
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.protocols.rounds import Round, Rounds
from analyzer.runs.scanning.pipeline import index_beside
from analyzer.runs.snapshot.books import ScanBook


@dataclass(frozen=True, slots=True)
class PriceSource:
    """A history and where it is from, for people. feeds: of prices from the index."""

    history: History
    source: str
    feeds: tuple[FeedEntry, ...] = ()


def prices_of(
    returns: Path | None, db: Path, index: Path | None, scans: Sequence[ScanBook]
) -> PriceSource:
    """The file's prices; without a file those of the index (default: beside the snapshot).

    Several deployments of one snapshot tell prices of one factor together. Raises: InputError for
    a file that cannot be read, no index, or one whose logs tell no price.
    """
    if returns is not None:
        return PriceSource(load_history(returns), returns.name)
    path = index or index_beside(db)
    told = [one for scan in scans for one in _told(scan, path)]
    if not told:
        raise InputError(f"no log of {path} tells a price of what {db} holds: give --returns FILE")
    history = of_rounds((one.time, one.factor, one.price_e18 / WAD) for one in told)
    feeds = tuple(_feed(history, factor, told) for factor in history.factors)
    return PriceSource(history, f"logs of {path.name}", feeds)


def _told(scan: ScanBook, path: Path) -> Iterator[Round]:
    """What the logs of one deployment tell up to its block. Raises: InputError."""
    rounds: Rounds | None = getattr(scan.plug, "rounds", None)
    if rounds is None:
        return
    until = scan.block.number
    past = past_events(path, scan.deployment, scan.plug, rounds.kinds, up_to=until)
    for event in past.events:
        found = rounds.price(scan.book, event)
        if found is not None and found.price_e18 > 0:
            yield found


def _feed(history: History, factor: str, told: Sequence[Round]) -> FeedEntry:
    """One factor's prices."""
    times: Seconds = np.array(
        sorted({one.time for one in told if one.factor == factor}), dtype=np.int64
    )
    place = np.searchsorted(times, history.times, side="right") - 1
    lags = [
        int(moment - times[at])
        for moment, at, price in zip(
            history.times, place, history.prices[:, history.factors.index(factor)], strict=True
        )
        if at >= 0 and np.isfinite(price)
    ]
    return FeedEntry(
        factor=factor,
        rounds=len(times),
        first=datetime.fromtimestamp(int(times[0]), UTC),
        last=datetime.fromtimestamp(int(times[-1]), UTC),
        longest_silence_s=int(np.diff(times).max(initial=0)),
        lag_s=float(np.mean(lags)) if lags else 0.0,
    )
