"""The benchmark of the batch cascade runs, and its gate compares what it says it compares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.contagion.batch import fused


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


@pytest.mark.skipif(not fused.installed(), reason="needs numba (the extra `fast`)")
def test_what_the_extra_fast_brings_is_a_ratio_of_the_same_turn(repository: Path) -> None:
    left_out = "tiles_without_boxes,scipy_float32,scipy_float64"
    found = benchmark(repository, "--turns", "1", "--leave-out", left_out)["compared"]
    assert isinstance(found, dict)
    assert found["pairs_that_differ_from_tiles"] == {"fused": 0}
    seconds = {name: spread["median"] for name, spread in found["wall_seconds"].items()}
    (ratio,) = found["wall_ratio"].items()
    assert ratio[0] == "tiles / fused"
    assert ratio[1]["median"] == pytest.approx(seconds["tiles"] / seconds["fused"])


def test_the_whole_cascade_is_timed_alone(repository: Path) -> None:
    whole = benchmark(repository, "--alone")["whole"]
    assert isinstance(whole, dict)
    assert whole["rounds"] > 1
    assert 0 < whole["closed_share"] < 1
