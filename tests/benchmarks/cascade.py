"""How fast and how large: the batch cascade against scipy's CSR x dense, side by side.

    python tests/benchmarks/cascade.py --accounts 1000000 --assets 100 --scenarios 1000

Interleaved rounds on one machine in one process, the order turning; wall and CPU ratios are of
pairs in the same turn (median [min-max]). Before a time counts, what the two say is compared: the
same pairs closed in float64. The machine's own limit (float32 matrix product, memory) is measured
in the same run. Writes JSON; asserts nothing about time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support" / "books"))

import numpy as np
from plain_cascade import plain_cascade
from synthetic_book import Synthetic, synthetic

from analyzer.contagion.batch import fused
from analyzer.contagion.batch.kernel import Cascades, cascades, rules


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """(wall seconds, CPU seconds of the process, what it gave)."""
    before, start = os.times(), time.perf_counter()
    result = work()
    wall, after = time.perf_counter() - start, os.times()
    return wall, after.user + after.system - before.user - before.system, result


def spread(values: list[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def machine(assets: int) -> dict[str, float]:
    """The limit: float32 products of the kernel's own shape (Gflop/s), and a copy (GB/s)."""
    left, right = np.ones((4096, assets), np.float32), np.ones((assets, 64), np.float32)
    big = np.ones((2048, 2048), np.float32)
    block = np.ones(32 * 2**20, np.float32)
    target = np.empty_like(block)

    def best(work: Callable[[], Any], times: int) -> float:
        return min(timed(work)[0] for _ in range(times))

    return {
        "sgemm_tile_gflops": 2 * left.size * 64 / best(lambda: left @ right, 200) / 1e9,
        "sgemm_large_gflops": 2 * 2048**3 / best(lambda: big @ big, 5) / 1e9,
        "copy_gb_per_s": 2 * block.nbytes / best(lambda: np.copyto(target, block), 10) / 1e9,
    }


def differing(one: Cascades, other: Any) -> int:
    """Pairs of which the two say different things; the other may be a rival's answer."""
    return sum(
        int((one.closed_in(s) != (
            other.closed_in(s) if isinstance(other, Cascades) else other[0][:, s]
        )).sum())
        for s in range(len(one.failed))
    )  # fmt: skip


def limits(given: Synthetic, limit: dict[str, float]) -> dict[str, float]:
    """Seconds that one round takes at the machine's measured limit.

    tiles: one float32 product of the whole book for X and one for what is sold. fused: the book
    and its words read once for every block of 64 scenarios.
    """
    accounts, entries = len(given.book), int(given.book.indptr[-1])
    assets, scenarios = given.shocks.shape
    flops = 2 * 2.0 * accounts * assets * scenarios
    moved = -(-scenarios // 64) * (8.0 * entries + 33.0 * accounts)
    return {
        "tiles": flops / (limit["sgemm_large_gflops"] * 1e9),
        "fused": moved / (limit["copy_gb_per_s"] * 1e9),
    }


def compare(
    given: Synthetic, *, turns: int, rounds: int | None, leave_out: frozenset[str]
) -> dict[str, Any]:
    """Kernel and rivals, `turns` times each; ratios of pairs of the same turn."""
    depth = given.impacts.depth[:, 0]

    def kernel(**options: Any) -> Callable[[], Cascades]:
        by = rules(given.book, rounds=rounds, **options)
        return lambda: cascades(given.book, given.shocks, given.impacts, by=by)

    ways: dict[str, Callable[[], Any]] = {"tiles": kernel(engine="tiles")}
    if fused.installed():
        ways["fused"] = kernel(engine="fused")
    ways |= {
        "tiles_without_boxes": kernel(engine="tiles", boxes=False),
        "scipy_float32": lambda: plain_cascade(
            given.book, given.shocks, depth, dtype=np.float32, rounds=rounds
        ),
        "scipy_float64": lambda: plain_cascade(
            given.book, given.shocks, depth, dtype=np.float64, rounds=rounds
        ),
    }  # fmt: skip
    names = [name for name in ways if name not in leave_out]
    wall: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    gate: dict[str, int] = {}
    for turn in range(turns):
        first: Cascades | None = None
        # The order turns, but for the first turn, whose first answer the others are held against.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds, used, result = timed(ways[name])
            wall[name].append(seconds)
            cpu[name].append(used)
            print(f"turn {turn}: {name} {seconds:.2f} s wall, {used:.2f} s CPU", file=sys.stderr)
            if turn == 0 and first is None:
                first = result
            elif turn == 0 and first is not None:
                gate[name] = differing(first, result)
            del result
    ours = [name for name in names if not name.startswith("scipy")]
    rivals = [name for name in names if name.startswith("scipy")]

    def ratios(of: dict[str, list[float]]) -> dict[str, dict[str, float]]:
        # The last pair is what the extra `fast` brings.
        pairs = [(rival, own) for rival in rivals for own in ours] + [("tiles", "fused")]
        return {
            f"{slow} / {fast}": spread([s / f for s, f in zip(of[slow], of[fast], strict=True)])
            for slow, fast in pairs
            if slow in of and fast in of
        }

    return {
        "wall_seconds": {name: spread(values) for name, values in wall.items()},
        "cpu_seconds": {name: spread(values) for name, values in cpu.items()},
        "wall_ratio": ratios(wall),
        "cpu_ratio": ratios(cpu),
        f"pairs_that_differ_from_{names[0]}": gate,
    }


def warm_up() -> None:
    """Compiles what is compiled, on a book of nothing."""
    small = synthetic(10, 3, 3)
    cascades(small.book, small.shocks, small.impacts, by=rules(small.book, engine="fused"))


def main() -> None:
    """Runs what the arguments say and prints one JSON document."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--accounts", type=int, default=100_000)
    parse.add_argument("--assets", type=int, default=100)
    parse.add_argument("--scenarios", type=int, default=1_000)
    parse.add_argument("--turns", type=int, default=5)
    parse.add_argument("--rounds", type=int, default=1, help="rounds to compare; 0 = to the end")
    parse.add_argument("--leave-out", default="", help="names of ways, separated by commas")
    parse.add_argument("--skip-limits", action="store_true", help="do not measure the machine")
    parse.add_argument("--alone", action="store_true", help="the kernel to the end, no rivals")
    asked = parse.parse_args()
    given = synthetic(asked.accounts, asked.assets, asked.scenarios)
    out: dict[str, Any] = {
        "accounts": asked.accounts, "assets": asked.assets, "scenarios": asked.scenarios,
        "entries": int(given.book.indptr[-1]), "numpy": np.__version__,
        "cpus": os.cpu_count(), "load_before": os.getloadavg()[0],
    }  # fmt: skip
    if not asked.skip_limits:
        out["machine"] = machine(asked.assets)
        out["seconds_at_the_limit"] = limits(given, out["machine"])
    if fused.installed():
        out["compile_seconds"] = timed(lambda: warm_up())[0]
    if asked.alone:
        seconds, used, batch = timed(lambda: cascades(given.book, given.shocks, given.impacts))
        out["whole"] = {
            "wall_seconds": seconds, "cpu_seconds": used, "rounds": int(batch.rounds.max()),
            "scenario_rounds": int(batch.rounds.sum()),
            "closed_share": float(batch.failed.sum() / asked.accounts / asked.scenarios),
        }  # fmt: skip
    else:
        out["compared"] = compare(
            given,
            turns=asked.turns,
            rounds=asked.rounds or None,
            leave_out=frozenset(asked.leave_out.split(",")),
        )
    out["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
