"""What a benchmark is, and how one is measured.

    setup ──▶ round 1: way A, way B, way C   each in a process of its own:
              round 2: way B, way C, way A     prepare (not timed) ─▶ work (timed) ─▶ contents
              ...                            ratios are of pairs of one round; median [min-max]

CPU seconds (user and system, of the process and its children) are what counts; wall seconds and the
peak memory stand beside them. Before any time counts, the contents that the ways give have to be
equal. Nothing here asserts seconds: only ratios within one run are compared with those on record.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parents[2]
Work = Callable[[], Any]


@dataclass(frozen=True)
class Setting:
    """What a way is given: how large, what `setup` made, and an empty folder of its own."""

    size: int
    folder: Path
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way of doing a benchmark's work.

    prepare: everything that is not timed (imports, compiling, opening); gives the work. contents:
    the work's result as text, equal for all ways that have it; None = it makes something else,
    which `differs` says. base: measured with the other tree (`--base`). needs: modules without
    which the way is left out, and that is said.
    """

    name: str
    prepare: Callable[[Setting], Work]
    contents: Callable[[Setting, Any], str] | None = None
    base: bool = False
    needs: tuple[str, ...] = ()
    differs: str = ""

    @property
    def missing(self) -> str:
        """The first module that is not installed; '' = it can run."""
        return next((name for name in self.needs if importlib.util.find_spec(name) is None), "")


@contextmanager
def nothing(_folder: Path, _size: int) -> Iterator[dict[str, Any]]:
    """A setup that makes nothing."""
    yield {}


@dataclass(frozen=True)
class Benchmark:
    """A piece of work and the ways to do it; the first way is ours.

    unit: what `size` counts. size, growth: of a plain run, and over three decades. quick: of the
    quick form, 0 = not in it. setup: a context manager (folder, size) -> what every way is given,
    as JSON (a server's URL, paths).
    """

    name: str
    title: str
    unit: str
    size: int
    ways: tuple[Way, ...]
    growth: tuple[int, ...] = ()
    quick: int = 0
    setup: Callable[[Path, int], AbstractContextManager[dict[str, Any]]] = nothing

    def way(self, name: str) -> Way:
        """The way of that name. Raises: KeyError."""
        return {way.name: way for way in (*self.ways, YARDSTICK)}[name]


def _yardstick(_setting: Setting) -> Work:
    """Fixed work of all that ours is made of: JSON, hex, big integers, hashes, arrays."""
    import hashlib

    import numpy as np
    import orjson

    rows = [{"n": hex(i * 7919), "data": f"{i:0512x}"} for i in range(2_000)]

    def work() -> int:
        total = 0
        for _ in range(30):
            for row in orjson.loads(orjson.dumps(rows)):
                word = bytes.fromhex(row["data"])
                total ^= int.from_bytes(word[-32:], "big") * 10**18 // (int(row["n"], 16) + 1)
                total ^= hashlib.sha256(word).digest()[0]
            values = np.arange(200_000, dtype=np.int64)
            total ^= int(np.sort(values[::-1] ^ 0x5555).sum())
        return total

    return work


YARDSTICK = Way("yardstick", _yardstick)
"""What the quick form measures with."""


@dataclass(frozen=True)
class Measured:
    """One way in one round. cpu, wall: seconds. rss_mb: peak of the whole process, in MiB."""

    cpu: float
    wall: float
    rss_mb: float
    contents: str | None = None


def run_here(way: Way, setting: Setting, times: int = 1) -> Measured:
    """Does the work in this process, `times` over, each time prepared anew."""
    cpu = wall = 0.0
    result, place = None, setting
    for turn in range(times):
        place = Setting(setting.size, setting.folder / str(turn), setting.given)
        place.folder.mkdir()
        work = way.prepare(place)
        before, start = os.times(), time.perf_counter()
        result = work()
        after = os.times()
        wall += time.perf_counter() - start
        cpu += sum(after[:4]) - sum(before[:4])
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    contents = None if way.contents is None else way.contents(place, result)
    return Measured(cpu, wall, rss, contents)


def run_apart(
    benchmark: Benchmark,
    way: Way,
    size: int,
    given: Mapping[str, Any],
    *,
    base: Path | None,
    times: int = 1,
) -> Measured:
    """The same in a process of its own, with the program of this tree or of `base`."""
    trees = [base, TREE] if way.base and base is not None else [TREE]
    support = sorted(p for p in (TREE / "tests" / "support").iterdir() if p.is_dir())
    more = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    path = os.pathsep.join(map(str, [*trees, *support, *more]))
    environment = {**os.environ, "PYTHONPATH": path}
    with tempfile.TemporaryDirectory(prefix="analyzer-benchmark-") as folder:
        asked = {"size": size, "folder": folder, "given": dict(given), "times": times}
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks", "--child", benchmark.name, way.name],
            # Not in this tree: what lies in the current folder comes before every other tree.
            input=json.dumps(asked), env=environment, cwd=folder, text=True, capture_output=True,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{benchmark.name}, {way.name}: {done.stderr.strip()[-2000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def child(benchmark: Benchmark, way: Way, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the process of one way says."""
    setting = Setting(int(asked["size"]), Path(asked["folder"]), asked["given"])
    measured = run_here(way, setting, int(asked["times"]))
    return {
        "cpu": measured.cpu,
        "wall": measured.wall,
        "rss_mb": measured.rss_mb,
        "contents": measured.contents,
    }


@dataclass(frozen=True)
class Outcome:
    """All rounds of one benchmark at one size: way -> a measurement a round; who was left out."""

    benchmark: Benchmark
    size: int
    rounds: dict[str, list[Measured]]
    left_out: dict[str, str]

    def ratios(self, of: str, to: str, what: str = "cpu") -> list[float]:
        """`of` divided by `to`, round by round."""
        pairs = zip(self.rounds[of], self.rounds[to], strict=True)
        return [getattr(one, what) / max(getattr(other, what), 1e-9) for one, other in pairs]


def measure(
    benchmark: Benchmark,
    *,
    size: int,
    rounds: int,
    base: Path | None = None,
    only: Sequence[str] = (),
    yardstick: bool = False,
    times: int = 1,
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Interleaved rounds of a benchmark's ways. times: so often is our own work done (a slower
    program, on purpose).

    Raises: SystemExit when a way fails, or contents differ.
    """
    ways, left = [], {}
    for way in benchmark.ways:
        reason = f"{way.missing} is not installed" if way.missing else ""
        reason = reason or ("no --base tree" if way.base and base is None else "")
        if only and way.name not in only:
            continue
        if reason:
            left[way.name] = reason
        else:
            ways.append(way)
    ways += [YARDSTICK] if yardstick else []
    found: dict[str, list[Measured]] = {way.name: [] for way in ways}
    with (
        tempfile.TemporaryDirectory(prefix="analyzer-benchmark-") as folder,
        benchmark.setup(Path(folder), size) as given,
    ):
        for turn in range(rounds):
            for place in range(len(ways)):
                way = ways[(place + turn) % len(ways)]
                more = times if way is benchmark.ways[0] else 1
                one = run_apart(benchmark, way, size, given, base=base, times=more)
                found[way.name].append(one)
                told(f"{benchmark.name} {size:,}: round {turn + 1}, {way.name} {one.cpu:.2f} s")
            check_equal(benchmark.name, found)
    return Outcome(benchmark, size, found, left)


def check_equal(name: str, found: Mapping[str, Sequence[Measured]]) -> None:
    """Raises SystemExit when two ways, or two rounds, gave other contents."""
    seen = {way: {m.contents for m in ms if m.contents is not None} for way, ms in found.items()}
    if len({one for some in seen.values() for one in some}) > 1:
        raise SystemExit(f"{name}: the contents differ, no time counts: {seen}")


def middle(values: Sequence[float]) -> dict[str, float]:
    """Median, smallest and largest."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
