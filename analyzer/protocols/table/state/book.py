"""A book of a table comes whole (`analyzer book import`): no ledger makes one."""

from __future__ import annotations

from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.protocols.table.logs.sources import TableLedger, TableObservation


def book(
    deployment: Deployment, block: BlockRef, ledger: TableLedger, observation: TableObservation
) -> Book:
    """Raises: InputError, always: no logs make the book of a table."""
    raise InputError(f"{deployment.name} is a table: `analyzer book import` makes its book")
