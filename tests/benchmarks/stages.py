"""What the stages after `book` cost in a scan, against another tree of this program, side by side.

    git worktree add ../before COMMIT
    python tests/benchmarks/stages.py --before ../before --recording crash.zip --block stressed

Every round scans the same recording (all accounts verified) in a process of its own for each tree,
one tree first in one round, the other in the next. A process scans it three times and the cheapest
counts: the first fills caches that are no stage's. Counted is the CPU time inside the plug's
stages, `prices` to `truth`; folding, reading, tables and comparing are not in it. Ratios are of
pairs of the same round. Writes JSON; asserts nothing about time.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

STAGES = ("prices", "value", "margin", "details", "cautions", "backstops", "truth")
SCANS = 3


class Clock:
    """CPU seconds by stage. A stage that asks another counts once, as the one that was called."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._inside = False

    def timed(self, name: str, stage: Callable[..., Any]) -> Callable[..., Any]:
        """The stage, with its CPU time kept."""

        @functools.wraps(stage)
        def run(*args: Any, **named: Any) -> Any:
            if self._inside:
                return stage(*args, **named)
            self._inside, start = True, time.process_time()
            try:
                found = stage(*args, **named)
                return list(found) if name == "truth" else found
            finally:
                self.seconds[name] += time.process_time() - start
                self._inside = False

        return run


def measured(recording: Path, block: str) -> dict[str, float]:
    """CPU seconds by stage of the cheapest of a few scans, with the program that is imported."""
    from analyzer.protocols.kit.staged import StagedPlug
    from analyzer.runs.scanning.scan import ScanOptions, scan

    clock = Clock()
    for name in STAGES:
        if hasattr(StagedPlug, name):
            setattr(StagedPlug, name, clock.timed(name, getattr(StagedPlug, name)))
    found = []
    for _ in range(SCANS):
        clock.seconds.clear()
        with tempfile.TemporaryDirectory() as folder:
            scan(
                ScanOptions(
                    db=Path(folder) / "scan.duckdb",
                    recording=recording,
                    block=block,
                    verify="all",
                    fail_on="never",
                ),
                lambda *_: None,
            )
        found.append(dict(clock.seconds))
    return min(found, key=lambda seconds: sum(seconds.values()))


def ask(tree: Path, recording: Path, block: str) -> dict[str, float]:
    """`measured` in a process of its own, with the program of `tree`."""
    command = [sys.executable, str(Path(__file__).resolve()), "--child", "--block", block]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [*command, "--recording", str(recording)],
        env=environment, cwd=tree, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(trees: dict[str, Path], recording: Path, block: str, rounds: int) -> dict[str, Any]:
    """Seconds of each tree round by round, by stage in the median, and the ratios of the pairs."""
    seconds: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    for turn in range(rounds):
        for name in list(trees)[:: 1 if turn % 2 == 0 else -1]:
            seconds[name].append(ask(trees[name], recording, block))
    totals = {name: [sum(one.values()) for one in found] for name, found in seconds.items()}
    ratios = [after / before for before, after in zip(*totals.values(), strict=True)]
    return {
        "recording": recording.name,
        "block": block,
        "cpu_seconds": totals,
        "stages": {name: middle(found) for name, found in seconds.items()},
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
    }


def middle(found: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each stage."""
    return {
        name: statistics.median(one.get(name, 0.0) for one in found)
        for name in STAGES
        if any(name in one for one in found)
    }


def main() -> None:
    """Reads the options, measures, prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--before", type=Path)
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--block", default="latest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    recording = given.recording.resolve()
    if given.child:
        print(json.dumps(measured(recording, given.block)))
        return
    if given.before is None:
        parser.error("--before TREE: what to compare with")
    trees = {"before": given.before.resolve(), "after": Path(__file__).resolve().parents[2]}
    print(json.dumps(compare(trees, recording, given.block, given.rounds), indent=2))


if __name__ == "__main__":
    main()
