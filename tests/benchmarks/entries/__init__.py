"""What is measured: each module here has one `BENCHMARK`, found by being here."""

from __future__ import annotations

import importlib
import pkgutil

from tests.benchmarks.suite import Benchmark


def benchmarks() -> dict[str, Benchmark]:
    """Every benchmark by name, sorted."""
    found = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        benchmark: Benchmark = importlib.import_module(f"{__name__}.{module}").BENCHMARK
        found[benchmark.name] = benchmark
    return found
