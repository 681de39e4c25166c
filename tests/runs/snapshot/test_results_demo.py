"""The demo's snapshot gives the document of the demo's scan."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from analyzer.runs.demo import EXPECTED, RECORDING, demo_folder, scan_demo
from analyzer.runs.snapshot.reader import Reader
from analyzer.runs.telling.scans import scan_document
from analyzer.store.reader import open_snapshot


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


def test_the_document_of_a_restored_demo_is_the_document_of_its_scan(tmp_path: Path) -> None:
    block = str(orjson.loads((demo_folder() / EXPECTED).read_bytes())["block"])
    db = tmp_path / "demo.duckdb"
    outcome = scan_demo(demo_folder() / RECORDING, db, block, lambda _what, _done, _total: None)
    with open_snapshot(db) as snapshot:
        again = scan_document(outcome.document.run, Reader(snapshot).results())
    assert again == outcome.document
