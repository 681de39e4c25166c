"""A scan one block after another: from the kept fold, from the first log, and as it was before.

The node has the shipped recording's Aave V3 market with everybody there many times over, and every
log as often (`crowd_node`). The first scan, with the whole index, is not timed; the second, a block
later, is. Equal contents: what every account, market and total has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.entries.scan import rows_of
from tests.benchmarks.suite import Benchmark, Setting, Way, Work

LOGS = 4_674
"""Logs of the recording's market."""


@contextmanager
def node(folder: Path, size: int) -> Iterator[dict[str, Any]]:
    """The node, one block ahead of the pinned one."""
    import sys

    support = Path(__file__).resolve().parents[2] / "support"
    sys.path[:0] = [str(support / "aave")]
    from crowd_node import CrowdSource, deployment_file

    from analyzer.testing.node import FaultNode

    source = CrowdSource(max(1, size // LOGS))
    source.reveal()
    path = folder / "crowd.toml"
    path.write_text(deployment_file(source), encoding="utf-8")
    with FaultNode(source) as server:
        yield {"url": server.url, "deployment": str(path), "block": source.pinned}


def _rescan(setting: Setting, **more: Any) -> Work:
    """The second of two scans."""
    from analyzer.runs.scanning.scan import ScanOptions, scan

    given, path = setting.given, setting.folder / "scan.duckdb"

    def once(block: int, **options: Any) -> Path:
        wanted = ScanOptions(
            db=path, rpc=(given["url"],), deployments=(given["deployment"],), block=str(block),
            verify="none", fail_on="never", **options,
        )  # fmt: skip
        scan(wanted, lambda *_: None)
        return path

    once(int(given["block"]))
    return lambda: once(int(given["block"]) + 1, **more)


def rescan(setting: Setting) -> Work:
    """What a second scan does by itself."""
    return _rescan(setting)


def from_scratch(setting: Setting) -> Work:
    """The same, every log folded."""
    return _rescan(setting, from_scratch=True)


BENCHMARK = Benchmark(
    name="rescan",
    title="Scan one block after another, Aave V3",
    unit="log",
    size=500_000,
    growth=(5_000, 50_000, 500_000),
    quick=9_348,
    setup=node,
    ways=(
        Way("from the kept fold", rescan, rows_of),
        Way("from the first log", from_scratch, rows_of),
        Way("ours before", rescan, rows_of, base=True),
    ),
)
