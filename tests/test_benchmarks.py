"""The benchmarks measure what they say: slower is noticed, other contents are, and so is a gap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import told
from tests.benchmarks.entries import benchmarks
from tests.benchmarks.suite import (
    YARDSTICK,
    Benchmark,
    Measured,
    Outcome,
    Way,
    check_equal,
)

ROOT = Path(__file__).resolve().parent.parent


def outcome(ours: list[float], yardstick: list[float]) -> Outcome:
    benchmark = Benchmark("b", "B", "log", 1_000, (Way("ours", YARDSTICK.prepare),))
    rounds = {
        "ours": [Measured(cpu, cpu, 1.0) for cpu in ours],
        "yardstick": [Measured(cpu, cpu, 1.0) for cpu in yardstick],
    }
    return Outcome(benchmark, 1_000, rounds, {})


def test_the_ratio_is_the_median_of_pairs_of_one_round() -> None:
    # 4/2, 9/3 and 1/1: the middle is 2; the ratio of the medians would be 4/2 by luck, not 9/1.
    assert told.quick_ratio(outcome([4.0, 9.0, 1.0], [2.0, 3.0, 1.0])) == 2.0
    assert told.quick_ratio(outcome([4.0, 9.0, 1.0], [1.0, 3.0, 0.5])) == 3.0


def test_half_as_slow_again_fails_and_less_does_not() -> None:
    assert told.slower("index", 1.49, {"index": 1.0}) == ""
    assert "1.6 times what is on record" in told.slower("index", 1.6, {"index": 1.0})
    assert "no ratio is on record" in told.slower("index", 1.0, {})


def test_other_contents_void_the_run() -> None:
    check_equal("b", {"ours": [Measured(1, 1, 1, "x")], "bare": [Measured(1, 1, 1, None)]})
    with pytest.raises(SystemExit, match="the contents differ, no time counts"):
        check_equal("b", {"ours": [Measured(1, 1, 1, "x")], "other": [Measured(1, 1, 1, "y")]})


def test_the_exponent_is_the_slope_of_the_logarithms() -> None:
    benchmark = outcome([1.0], [1.0]).benchmark
    grown = [
        Outcome(benchmark, size, {"ours": [Measured(size**1.5 / 1e3, 1, 1)]}, {})
        for size in (100, 1_000, 10_000)
    ]
    assert told.exponents(grown)["ours"] == pytest.approx(1.5)


def test_every_benchmark_of_the_quick_form_is_on_record() -> None:
    quick = {name for name, one in benchmarks().items() if one.quick}
    assert quick
    assert quick == set(told.on_record())


@pytest.mark.long
def test_a_program_made_twice_slower_on_purpose_fails_the_quick_form() -> None:
    """What CI runs, once as it is and once with its work done twice."""
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "index"]
    honest = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    slow = subprocess.run([*command, "--twice", "index"], cwd=ROOT, capture_output=True, text=True)
    assert (honest.returncode, slow.returncode) == (0, 1), (honest, slow)
    assert "times what is on record" in slow.stdout
