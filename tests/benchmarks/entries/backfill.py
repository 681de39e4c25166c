"""A backfill of many blocks, index included: does a block cost the same whatever lies behind it?

The node has the shipped recording's Aave V3 market, everybody there `COPIES` times, and then so
many days more, each of `BLOCKS_A_DAY` blocks and `LOGS_A_DAY` logs (`crowd_node`). A day is longer
than a kept fold lies behind the block that is rebuilt, as it is on a real chain. Equal contents:
what every day comes to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import Benchmark, Setting, Way, Work

COPIES = 4
LOGS_A_DAY = 140
"""50,000 logs in a year."""
BLOCKS_A_DAY = 100


@contextmanager
def node(folder: Path, days: int) -> Iterator[dict[str, Any]]:
    """The node after so many days."""
    import sys

    support = Path(__file__).resolve().parents[2] / "support"
    sys.path[:0] = [str(support / "aave")]
    from crowd_node import CrowdSource, deployment_file

    from analyzer.testing.node import FaultNode

    source = CrowdSource(COPIES, transfers=LOGS_A_DAY, every=BLOCKS_A_DAY)
    first = source.pinned + BLOCKS_A_DAY
    last = source.reveal(days * BLOCKS_A_DAY)
    path = folder / "crowd.toml"
    path.write_text(deployment_file(source), encoding="utf-8")
    with FaultNode(source) as server:
        blocks = f"{first}:{last}:{BLOCKS_A_DAY}"
        yield {"url": server.url, "deployment": str(path), "blocks": blocks}


def backfill(setting: Setting) -> Work:
    """All days into a history."""
    from analyzer.runs.many.backfill import BackfillOptions
    from analyzer.runs.many.backfill import backfill as run

    given = setting.given
    options = BackfillOptions(
        history=setting.folder / "history", blocks=(given["blocks"],), rpc=(given["url"],),
        deployments=(given["deployment"],), verify="none", fail_on="never",
    )  # fmt: skip
    return lambda: run(options, lambda *_: None)


def tallies(setting: Setting, outcome: Any) -> str:
    """Every day's accounts and sums. Raises: ValueError when a day is missing."""
    found = outcome.summary
    if found.failed or len(found.tallies) != setting.size:
        raise ValueError(f"{len(found.tallies)} of {setting.size} days: {sorted(found.failed)[:1]}")
    return repr(sorted(map(repr, found.tallies.items())))


BENCHMARK = Benchmark(
    name="backfill",
    title="Backfill of daily blocks, Aave V3",
    unit="day",
    size=90,
    growth=(30, 90, 365),
    setup=node,
    ways=(
        Way("ours", backfill, tallies),
        Way("ours before", backfill, tallies, base=True),
    ),
)
