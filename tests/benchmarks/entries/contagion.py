"""One cascade of the shipped demo with all that `contagion` runs beside it: half and double depth,
two orders of liquidation, three rescues. Contents: the document."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import Benchmark, Setting, Way, Work

SCENARIO = "2025-10-10_flash"
STRESSED_BLOCK = "stressed"


def snapshot(folder: Path) -> Path:
    """The shipped recording at the block of the demo, scanned by the tree that is measured."""
    import analyzer
    from analyzer.runs.scanning.scan import ScanOptions, scan

    path = folder / "demo.duckdb"
    crash = Path(analyzer.__file__).parent / "runs" / "recordings" / "crash.zip"
    asked = ScanOptions(
        db=path, recording=crash, block=STRESSED_BLOCK, verify="none", fail_on="never"
    )
    scan(asked, lambda *_: None)
    return path


def ours(setting: Setting) -> Work:
    """`analyzer contagion` without its start."""
    from analyzer.runs.stress.contagion import ContagionOptions, contagion
    from analyzer.runs.stress.stress import StressOptions

    asked = StressOptions(
        db=snapshot(setting.folder),
        scenarios=(SCENARIO,),
        fail_on="never",
        order_range="always",
    )
    return lambda: contagion(ContagionOptions(asked), lambda *_: None).document


def contents(_setting: Setting, document: Any) -> str:
    """A digest over the document."""
    from analyzer.documents.encode import to_json

    text = json.dumps(to_json(document), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


BENCHMARK = Benchmark(
    name="contagion_demo",
    title="One scenario of the demo: its cascade, and the seven runs beside it",
    unit="cascade",
    size=8,
    ways=(
        Way("analyzer", ours, contents),
        Way("analyzer before", ours, contents, base=True),
    ),
)
