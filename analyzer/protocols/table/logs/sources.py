"""A table is imported, not scanned: there is nothing to index, to fold or to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.logs import Event
from analyzer.model.reads import Reading
from analyzer.protocols.base import Source


@dataclass(frozen=True, slots=True)
class TableLedger:
    """What no logs say: nobody."""

    def account_ids(self) -> Sequence[str]:
        """No account."""
        return ()


@dataclass(frozen=True, slots=True)
class TableObservation:
    """What no reads say: nothing."""


def sources(deployment: Deployment) -> Sequence[Source]:
    """Raises: InputError, always: a table has no contracts."""
    raise InputError(
        f"{deployment.name} is of protocol table, which has no contracts to scan:"
        " `analyzer book import` makes a snapshot of a table"
    )


def fold(deployment: Deployment, events: Iterable[Event]) -> TableLedger:
    """The ledger of no events."""
    return TableLedger()


def observe(
    deployment: Deployment, ledger: TableLedger, block: BlockRef
) -> Reading[TableObservation]:
    """Asks nothing: prices and rules come with the table."""
    yield from ()
    return TableObservation()
