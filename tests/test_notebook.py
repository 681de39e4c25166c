"""The notebook of the docs: every cell runs, and shows what really comes out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from notebook import DATABASE, NOTEBOOK, code_cells, read_notebook, run_notebook, written

from analyzer.store.snapshot import open_snapshot

AGAIN = "to write it anew: python tests/support/pages/notebook.py"


def test_the_notebook_shows_what_its_cells_give(demo_snapshot: Path, tmp_path: Path) -> None:
    shutil.copyfile(demo_snapshot, tmp_path / DATABASE)
    document = read_notebook()
    shown = [cell["outputs"] for cell in code_cells(document)]
    namespace = run_notebook(document, tmp_path)
    assert [cell["outputs"] for cell in code_cells(document)] == shown, AGAIN
    with open_snapshot(demo_snapshot) as snapshot:
        _, [(owed,)] = snapshot.query("SELECT sum(hidden_bad_debt_e18) FROM scans")
    assert namespace["owed"] == owed > 0
    before = namespace["totals"]["bad_debt_before"]
    assert {int(total * 10**18) for total in before} == {owed}
    assert namespace["totals"]["bad_debt_after"].is_monotonic_increasing
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE]


def test_the_notebook_is_as_jupyter_would_write_it() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    document = json.loads(text)
    assert text == written(document), AGAIN
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 4)
    assert [c["execution_count"] for c in code_cells(document)] == list(
        range(1, len(code_cells(document)) + 1)
    )
    assert NOTEBOOK.stat().st_size < 50_000


def test_a_cell_that_fails_fails_the_notebook(tmp_path: Path) -> None:
    document = {"cells": [{"cell_type": "code", "source": ["x = 1\n", "assert x == 2"]}]}
    with pytest.raises(AssertionError):
        run_notebook(document, tmp_path)
