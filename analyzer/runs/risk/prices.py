"""Where a profile's prices come from: a file, or what the logs of the index tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from analyzer.documents.risk import FeedEntry
from analyzer.indexer.past import kept_contracts, past_events
from analyzer.market.history import History, Seconds, load_history, of_rounds
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.protocols.kit.price_feeds import (
    KINDS,
    FeedLogs,
    as_deployment,
    family_of,
    feeds_of,
    rounds_of,
)
from analyzer.protocols.rounds import Round, Rounds
from analyzer.runs.scanning.pipeline import index_beside
from analyzer.runs.snapshot.books import ScanBook

PRESENT = (
    "feeds are the sources at the block: what one wrote that was replaced before is missing, and a"
    " factor's prices may begin late for it"
)
"""What a history of feeds does not hold: neither an oracle's change of source nor a proxy's of
aggregator is followed back."""


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

    Several deployments of one snapshot tell prices of one factor together. What a price feed tells
    of comes from its rounds alone, anything else from the protocol's own logs. Raises: InputError
    for a file that cannot be read, no index, or one whose logs tell no price.
    """
    if returns is not None:
        return PriceSource(load_history(returns), returns.name)
    path = index or index_beside(db)
    fed = _as_ratios({one for scan in scans for one in _fed(scan, path)})
    by_feeds = {one.factor for one in fed}
    own = [one for scan in scans for one in _told(scan, path) if one.factor not in by_feeds]
    told = [*fed, *own]
    if not told:
        raise InputError(f"no log of {path} tells a price of what {db} holds: give --returns FILE")
    # The last point is the snapshot's moment: no step ends after what is known.
    ends_at = max(scan.block.time for scan in scans)
    history = of_rounds(
        ((one.time, one.factor, one.price_e18 / WAD) for one in told), ends_at=ends_at
    )
    feeds = tuple(_feed(history, factor, told) for factor in history.factors)
    parts = [
        f"{what} ({', '.join(sorted({one.factor for one in of}))})"
        for what, of in (("rounds of price feeds", fed), ("trades and rounds of its own", own))
        if of
    ]
    only = f"; {PRESENT}" if fed else ""
    return PriceSource(history, f"logs of {path.name}: {', '.join(parts)}{only}", feeds)


def _fed(scan: ScanBook, path: Path) -> Iterator[Round]:
    """The rounds of the feeds behind one deployment, up to its block, where the index has them.
    Raises: InputError."""
    until, of = scan.block.number, scan.deployment
    contracts = kept_contracts(path, family_of(of), of.chain_id, of.from_block, up_to=until)
    if contracts is None:
        return
    feeds = feeds_of(contracts)
    past = past_events(path, as_deployment(of, contracts), FeedLogs(), KINDS, up_to=until)
    for event in past.events:
        yield from rounds_of(event, feeds)


def _as_ratios(rounds: Iterable[Round]) -> list[Round]:
    """A feed prices what it is of in the unit of account; a factor that is a ratio (`stETH/ETH`) is
    that price over the last one of its base, rounded down, and nothing before the base has one."""
    last: dict[str, int] = {}
    found = []
    # At one moment the base first.
    for one in sorted(rounds, key=lambda r: (r.time, "/" in r.factor, r.factor, r.price_e18)):
        last[one.factor] = one.price_e18
        _, is_ratio, base = one.factor.partition("/")
        if not is_ratio:
            found.append(one)
        elif base in last:
            found.append(replace(one, price_e18=one.price_e18 * WAD // last[base]))
    return found


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
