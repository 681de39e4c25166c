"""What must exist: the reserves that the Pool itself lists."""

from __future__ import annotations

from analyzer.model.reads import Reading
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.unreadable import Unreadable


def read_listed(pool: str) -> Reading[tuple[str, ...] | None]:
    """`getReservesList`: the assets of all reserves that are not dropped; None when not read."""
    batch = Batch(ABI_FOLDER)
    ticket = batch.call("Pool", pool, "getReservesList", evidence=True)
    found = (yield from batch.read()).value(ticket)
    if isinstance(found, Unreadable):
        return None
    if not isinstance(found, tuple | list):
        raise TypeError("getReservesList does not return a list")
    return tuple(str(asset) for asset in found)
