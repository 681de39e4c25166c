"""Speed, measured side by side, never promised.

    python -m tests.benchmarks                      # everything, five rounds
    python -m tests.benchmarks index --base ../base # one, against another tree of this program too
    python -m tests.benchmarks index --growth       # over three decades, with the exponent
    python -m tests.benchmarks --quick              # under two minutes: against what is on record

Prints a Markdown table; `--json FILE` writes all numbers. `--quick` measures our own way and a
fixed yardstick in turn, and fails (exit code 1) where our share is 1.5 times the one on record.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks import told
from tests.benchmarks.entries import benchmarks
from tests.benchmarks.suite import Benchmark, Outcome, child, measure

QUICK_ROUNDS = 3


def main() -> int:
    """Measures what the arguments say."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", help="which benchmarks; all without one")
    parser.add_argument("--list", action="store_true", help="name them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, help="another size than the usual one")
    parser.add_argument("--growth", action="store_true", help="three decades and the exponent")
    parser.add_argument("--base", type=Path, help="root of another tree of this program")
    parser.add_argument("--ways", default="", help="only these, separated by commas")
    parser.add_argument("--json", type=Path, help="write all numbers there")
    parser.add_argument("--quick", action="store_true", help="against the ratios on record")
    parser.add_argument("--record", action="store_true", help="with --quick: write them down")
    parser.add_argument("--twice", default="", help="with --quick: do this one's work twice")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    known = benchmarks()
    if asked.child:
        benchmark = known[asked.child[0]]
        print(json.dumps(child(benchmark, benchmark.way(asked.child[1]), json.load(sys.stdin))))
        return 0
    if asked.list:
        print("\n".join(f"{name}: {one.title}" for name, one in known.items()))
        return 0
    unknown = sorted(set(asked.names) - known.keys())
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = [known[name] for name in asked.names or known]
    return quick(chosen, asked) if asked.quick else whole(chosen, asked)


def say(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


def whole(chosen: list[Benchmark], asked: Any) -> int:
    """Every way, round by round: a table."""
    base = None if asked.base is None else asked.base.resolve()
    outcomes: list[Outcome] = []
    growth = {}
    for benchmark in chosen:
        sizes = benchmark.growth if asked.growth else (asked.size or benchmark.size,)
        only = [name for name in asked.ways.split(",") if name]
        own = [
            measure(benchmark, size=size, rounds=asked.rounds, base=base, only=only, told=say)
            for size in sizes
        ]
        if len(own) > 1:
            growth[benchmark.name] = told.exponents(own)
        outcomes += own
    print(told.table(outcomes))
    for name, found in growth.items():
        listed = ", ".join(f"{way} {slope:.2f}" for way, slope in found.items())
        print(f"{name}: CPU grows with the size to the power of {listed}")
    if asked.json:
        document = {
            "machine": told.machine(),
            "outcomes": [told.as_json(outcome) for outcome in outcomes],
            "exponents": growth,
        }
        asked.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


def quick(chosen: list[Benchmark], asked: Any) -> int:
    """Ours against the yardstick, held against what is on record."""
    record, problems = told.on_record(), []
    for benchmark in (one for one in chosen if one.quick):
        outcome = measure(
            benchmark,
            size=benchmark.quick,
            rounds=QUICK_ROUNDS,
            only=[benchmark.ways[0].name],
            yardstick=True,
            times=2 if benchmark.name == asked.twice else 1,
        )
        ratio = told.quick_ratio(outcome)
        if asked.record:
            record[benchmark.name] = round(ratio, 3)
        problem = told.slower(benchmark.name, ratio, record)
        problems += [problem] if problem else []
        print(problem or f"{benchmark.name}: {ratio:.3f} of the yardstick's CPU", flush=True)
    if asked.record:
        told.ON_RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
