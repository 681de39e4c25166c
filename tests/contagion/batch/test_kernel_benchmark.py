"""The benchmark of the batch cascade runs, and its gate compares what it says it compares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def benchmark(repository: Path, *arguments: str) -> dict[str, object]:
    """What the script prints for a book of a few accounts."""
    done = subprocess.run(
        [
            sys.executable, str(repository / "tests" / "benchmarks" / "cascade.py"),
            "--accounts", "2000", "--assets", "6", "--scenarios", "70", "--skip-limits", *arguments,
        ],
        cwd=repository, capture_output=True, text=True, check=True,
    )  # fmt: skip
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_every_way_is_timed_and_held_against_the_first(repository: Path) -> None:
    found = benchmark(
        repository, "--turns", "1", "--rounds", "0", "--leave-out", "fused,scipy_float32"
    )
    compared = found["compared"]
    assert isinstance(compared, dict)
    assert compared["pairs_that_differ_from_tiles"] == {
        "tiles_without_boxes": 0,
        "scipy_float64": 0,
    }
    assert set(compared["cpu_ratio"]) == {
        "scipy_float64 / tiles",
        "scipy_float64 / tiles_without_boxes",
    }


def test_the_whole_cascade_is_timed_alone(repository: Path) -> None:
    whole = benchmark(repository, "--alone")["whole"]
    assert isinstance(whole, dict)
    assert whole["rounds"] > 1
    assert 0 < whole["closed_share"] < 1
