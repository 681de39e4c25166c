"""How fast a large snapshot's tables are written and read: this tree, or this against another.

    python tests/benchmarks/tables.py --accounts 20000 --rounds 5 --against OTHER_TREE

Each measurement is a process of its own, the trees in turn and the turn changing from round to
round; ratios (this tree / the other) are of pairs in the same round. CPU seconds of the process.
rows: a result made into rows. written: the same with the file. read: the file made into a result.
Writes JSON; asserts nothing about time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parents[2]
OWN = Path("tests", "benchmarks", "tables.py")


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of this process for one piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(accounts: int) -> dict[str, float]:
    """The three times in the tree that this process imports."""
    from large_snapshot import large_result

    from analyzer.model.scan_rows import RunFacts
    from analyzer.runs.scanning.rows import snapshot_rows
    from analyzer.runs.snapshot.reader import open_reader
    from analyzer.store.snapshot import write_snapshot

    result, now = large_result(accounts), datetime(2026, 1, 1)
    facts = RunFacts("b" * 16, "rpc", "https://node.example/***", "sample", 1, now, now)

    def tables() -> dict[str, Any]:
        # A book that was made up has no state that its protocol could pack.
        made = dict(snapshot_rows(facts, [result]))
        del made["books"]
        return made

    def make() -> None:
        for some in tables().values():
            deque(some, maxlen=0)

    with tempfile.TemporaryDirectory(prefix="analyzer-tables-") as folder:
        db = Path(folder) / "large.duckdb"

        def read() -> None:
            with open_reader(db) as reader:
                reader.results()

        return {
            "rows": seconds(make),
            "written": seconds(lambda: write_snapshot(db, tables())),
            "read": seconds(read),
        }


def in_process(tree: Path, accounts: int) -> dict[str, float]:
    """The times of a tree by its own copy of this file, in a fresh process."""
    support = tree / "tests" / "support"
    # An older tree has its helpers in one folder.
    path = os.pathsep.join(map(str, (tree, support, support / "files", support / "chains")))
    done = subprocess.run(
        [sys.executable, str(tree / OWN), "--accounts", str(accounts), "--inner"],
        env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    times: dict[str, float] = json.loads(done.stdout)
    return times


def main() -> None:
    """Measures and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="root of another tree, with its own copy")
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inner:
        print(json.dumps(measure(given.accounts)))
        return
    trees = [TREE] if given.against is None else [TREE, given.against.resolve()]
    rounds = []
    for number in range(given.rounds):
        turn = trees if number % 2 == 0 else trees[::-1]
        times = {tree: in_process(tree, given.accounts) for tree in turn}
        rounds.append([times[tree] for tree in trees])
    said: dict[str, Any] = {"accounts": given.accounts, "rounds": rounds}
    if given.against is not None:
        said["ratios"] = {
            name: {
                "median": statistics.median(ratios), "min": min(ratios), "max": max(ratios),
            }
            for name in rounds[0][0]
            for ratios in [[own[name] / other[name] for own, other in rounds]]
        }  # fmt: skip
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
