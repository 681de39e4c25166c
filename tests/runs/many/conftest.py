"""A run of backfill over a small chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from backfilled import RunBackfill
from memory_chain import MemoryChain

from analyzer.runs.many.backfill import BackfillOptions, BackfillOutcome, backfill


@pytest.fixture
def run_backfill(tmp_path: Path, live: MemoryChain, deployment_file: Path) -> RunBackfill:
    """Backfills the live chain into `history`; options may be changed."""

    def run(**changes: object) -> BackfillOutcome:
        options: dict[str, object] = {
            "history": tmp_path / "history",
            "blocks": ("8:20:4",),
            "rpc": ("http://node.example/v3/0123456789secret",),
            "deployments": (str(deployment_file),),
            **changes,
        }
        return backfill(BackfillOptions(**options), lambda *_: None)  # type: ignore[arg-type]

    return run
