"""Who carried the closures out that the index holds: how much hangs on one keeper."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from analyzer.documents.clearing import ShareEntry
from analyzer.indexer.past import past_events
from analyzer.model.errors import InputError
from analyzer.runs.scanning.pipeline import index_beside
from analyzer.runs.snapshot.books import ScanBook

_BY = ("liquidator", "liquidatorSubaccount")
"""What events call the one who closes."""


def keeper_share(
    scan: ScanBook, db: Path, index: Path | None
) -> tuple[ShareEntry | None, tuple[str, ...]]:
    """(the keeper of most closures with its share of their number, why none is told).

    index: None = the one beside the snapshot. Raises: InputError for an index that was named and
    does not hold the deployment.
    """
    name = scan.deployment.name
    kinds = tuple(getattr(scan.plug, "liquidations", ()))
    if not kinds:
        return None, (f"Keepers of {name} are not told: no event names them.",)
    path = index or index_beside(db)
    try:
        past = past_events(path, scan.deployment, scan.plug, kinds, up_to=scan.block.number)
    except InputError as error:
        if index is not None:
            raise
        return None, (f"Keepers of {name} are not told: {error}.",)
    found = Counter(
        _text(event.args[key]) for event in past.events for key in _BY if key in event.args
    )
    if not found:
        return None, (f"Keepers of {name} are not told: no closure that names one is indexed.",)
    keeper, count = min(found.items(), key=lambda one: (-one[1], one[0]))
    return ShareEntry("keeper", keeper, count / found.total()), ()


def _text(value: object) -> str:
    """An address, or an account of bytes, as text."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
