"""The demo's books, and a depth in which its liquidations pass losses on."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_stress import SHALLOW

from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> list[ScanBook]:
    return read_books(demo_snapshot)


@pytest.fixture(scope="module")
def depth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth file in which ETH is shallow, so that liquidations pass losses on."""
    path = tmp_path_factory.mktemp("depth") / "depth.toml"
    path.write_text(SHALLOW)
    return path
