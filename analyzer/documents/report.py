"""What is shown of a scan beside its answer: rows of accounts, prices, markets, layers, code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.documents.scan import ScanPlace
from analyzer.model.book import Price
from analyzer.model.rows import BackstopRow, ImplementationRow, JudgedRow, MarketRow


@dataclass(frozen=True, slots=True)
class ReportedScan(ScanPlace):
    """One scan of a report or of metrics. source: where the addresses of its contracts come from.
    backstops: the first to bear a loss first."""

    source: str
    margin: Sequence[JudgedRow]
    prices: Sequence[Price]
    markets: Sequence[MarketRow]
    backstops: Sequence[BackstopRow]
    implementations: Sequence[ImplementationRow]
