"""Every kind of document that a command writes."""

from __future__ import annotations

from analyzer.documents.account import StatementDocument
from analyzer.documents.diff import DiffDocument
from analyzer.documents.envelope import Document
from analyzer.documents.index import IndexDocument
from analyzer.documents.scan import ScanDocument, VerifyDocument

KINDS: tuple[type[Document], ...] = (
    StatementDocument,
    DiffDocument,
    IndexDocument,
    ScanDocument,
    VerifyDocument,
)
"""By their names; the schemas are written from it."""
