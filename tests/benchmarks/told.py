"""What was measured, as JSON and as a table; and whether it is worse than what is on record."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.benchmarks.suite import YARDSTICK, Outcome, middle

ON_RECORD = Path(__file__).with_name("on_record.json")
"""name -> the ratio of our CPU to the yardstick's, as it was when it was last written down."""
WORSE = 1.5
"""How many times the ratio on record is too slow."""
_PACKAGES = ("web3", "duckdb", "numpy", "pyarrow", "orjson", "numba", "cryo", "tiders")


def machine() -> dict[str, Any]:
    """What it was measured with."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return {
        "cpu": model,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "packages": found,
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines() if path.exists() else []


def as_json(outcome: Outcome) -> dict[str, Any]:
    """One benchmark at one size."""
    ours = next(iter(outcome.rounds))
    return {
        "benchmark": outcome.benchmark.name,
        "size": outcome.size,
        "unit": outcome.benchmark.unit,
        "ways": {
            name: {
                "cpu_s": middle([m.cpu for m in found]),
                "wall_s": middle([m.wall for m in found]),
                "rss_mb": middle([m.rss_mb for m in found]),
                "cpu_us_each": each_us(outcome, name),
                "cpu_ratio_to_ours": middle(outcome.ratios(name, ours)),
                "contents": found[0].contents,
            }
            for name, found in outcome.rounds.items()
        },
        "left_out": outcome.left_out,
    }


def each_us(outcome: Outcome, name: str) -> float:
    """Microseconds of CPU for one of the unit, in the median."""
    found = middle([m.cpu for m in outcome.rounds[name]])["median"]
    return 1e6 * found / max(outcome.size, 1)


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: one table a benchmark and size."""
    parts = []
    for outcome in outcomes:
        unit, said = outcome.benchmark.unit, as_json(outcome)
        lines = [
            f"### {outcome.benchmark.title} ({outcome.size:,} {unit}s)",
            "",
            f"| | CPU s | µs a {unit} | wall s | peak MB | CPU, times ours |",
            "|---|---|---|---|---|---|",
        ]
        for name, way in said["ways"].items():
            same = "" if way["contents"] else " (*)"
            lines.append(
                f"| {name}{same} | {_spread(way['cpu_s'])} | {way['cpu_us_each']:.1f}"
                f" | {_spread(way['wall_s'])} | {way['rss_mb']['median']:.0f}"
                f" | {_spread(way['cpu_ratio_to_ours'])} |"
            )
        notes = [f"{way.name}: {way.differs}" for way in outcome.benchmark.ways if way.differs]
        notes += [f"{name} was left out: {why}" for name, why in outcome.left_out.items()]
        parts.append("\n".join([*lines, "", *notes]))
    return "\n\n".join(parts) + "\n"


def _spread(found: Mapping[str, float]) -> str:
    return f"{found['median']:.3g} [{found['min']:.3g}-{found['max']:.3g}]"


def exponents(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """way -> the exponent with which its CPU grows: the slope of the logarithms."""
    out = {}
    for name in outcomes[0].rounds:
        cpu = {o.size: middle([m.cpu for m in o.rounds[name]])["median"] for o in outcomes}
        points = [(math.log(size), math.log(max(found, 1e-6))) for size, found in cpu.items()]
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        out[name] = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    return out


def quick_ratio(outcome: Outcome) -> float:
    """Our CPU by the yardstick's: the median of the rounds."""
    return middle(outcome.ratios(outcome.benchmark.ways[0].name, YARDSTICK.name))["median"]


def slower(name: str, ratio: float, record: Mapping[str, float]) -> str:
    """What is wrong with a ratio, in a sentence; '' = nothing. One that is on no record is wrong,
    too: a benchmark that nobody compares guards nothing."""
    if name not in record:
        return f"{name}: no ratio is on record: write it down with --record"
    if ratio > WORSE * record[name]:
        return (
            f"{name}: {ratio:.3f} of the yardstick's CPU, {ratio / record[name]:.1f} times what is"
            f" on record ({record[name]:.3f}): find what became slow, or say why with --record"
        )
    return ""


def on_record(path: Path = ON_RECORD) -> dict[str, float]:
    """The ratios on record."""
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found
