"""What `account` says: one account's margin statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.encode import Amount
from analyzer.documents.envelope import Document
from analyzer.documents.scan import Block


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One line. section groups lines. amount: an integer in `unit`, null = unknown. source: where
    it comes from: contract, view or slot, block, formula."""

    section: str
    label: str
    amount: Amount | None
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class StatementDocument(Document):
    """What `analyzer account` says. owner: null where it is not known. verified: true = every
    compared field equals the contract's view, false = differs, null = not compared."""

    KIND: ClassVar[str] = "account"

    protocol: str
    deployment: str
    chain_id: int
    block: Block
    account_id: str
    owner: str | None
    verdict: str
    reason: str
    status: str
    verified: bool | None
    lines: tuple[StatementEntry, ...]
