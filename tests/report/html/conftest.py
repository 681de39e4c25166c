"""A snapshot of made-up accounts with everything that a report shows, and its report."""

from __future__ import annotations

from pathlib import Path

import pytest
from large_snapshot import write_large
from page_parts import Parts, parts_of

from analyzer.runs.snapshot.report import Written, report

ACCOUNTS = 1_500


@pytest.fixture(scope="session")
def small_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More accounts than a report lists. Read-only for every test."""
    path = tmp_path_factory.mktemp("report") / "large.duckdb"
    write_large(path, ACCOUNTS)
    return path


@pytest.fixture(scope="session")
def written(small_snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The files of its report."""
    return report(small_snapshot, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def page(written: Written) -> str:
    """The page."""
    return written.report.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def parts(page: str) -> Parts:
    """The page taken apart."""
    return parts_of(page)
