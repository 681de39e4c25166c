"""Every kind of document that a command writes."""

from __future__ import annotations

from analyzer.documents.account import StatementDocument
from analyzer.documents.backfill import BackfillDocument
from analyzer.documents.book import BookDocument
from analyzer.documents.certificate import CertificateDocument
from analyzer.documents.clearing import (
    ClearingDocument,
    FlashDocument,
    ImportanceDocument,
    LiquidationsDocument,
)
from analyzer.documents.contagion import ContagionDocument
from analyzer.documents.decisions import (
    ExitsDocument,
    SizeDocument,
    UnwindDocument,
    WhatIfDocument,
)
from analyzer.documents.demo import DemoDocument
from analyzer.documents.diff import DiffDocument
from analyzer.documents.doctor import DoctorDocument
from analyzer.documents.envelope import Document
from analyzer.documents.estimate import EstimateDocument
from analyzer.documents.health import HealthDocument
from analyzer.documents.index import IndexDocument
from analyzer.documents.jobs import JobListDocument, JobsDocument
from analyzer.documents.listings import (
    DeploymentsDocument,
    DetectorsDocument,
    DocumentsDocument,
    QueriesDocument,
)
from analyzer.documents.risk import RiskDocument
from analyzer.documents.rows import RowsDocument
from analyzer.documents.scan import ScanDocument, VerifyDocument
from analyzer.documents.settings import SettingsDocument
from analyzer.documents.stress import StressDocument
from analyzer.documents.sweep import SweepDocument
from analyzer.documents.triage import OpenFindingsDocument, TriageDocument

KINDS: tuple[type[Document], ...] = (
    StatementDocument,
    BackfillDocument,
    BookDocument,
    CertificateDocument,
    ContagionDocument,
    DemoDocument,
    DeploymentsDocument,
    DetectorsDocument,
    DiffDocument,
    DoctorDocument,
    DocumentsDocument,
    EstimateDocument,
    HealthDocument,
    IndexDocument,
    JobListDocument,
    JobsDocument,
    OpenFindingsDocument,
    QueriesDocument,
    RiskDocument,
    ClearingDocument,
    ExitsDocument,
    FlashDocument,
    ImportanceDocument,
    LiquidationsDocument,
    SizeDocument,
    UnwindDocument,
    WhatIfDocument,
    RowsDocument,
    ScanDocument,
    SettingsDocument,
    StressDocument,
    SweepDocument,
    TriageDocument,
    VerifyDocument,
)
"""By their names; the schemas are written from it."""
