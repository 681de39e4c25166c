"""Where shards run: in this process, in processes of this machine, or wherever Dask has workers.

A task is a function of one item that can be pickled; `merge` is associative and commutative, so
that an executor may merge in whatever order results come. All give the same result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeVar

from analyzer.chain.base import Progress
from analyzer.model.errors import InputError, lacks_extra

Item = TypeVar("Item")
Result = TypeVar("Result")

EXECUTORS = ("local", "processes", "dask")
"""The executors by name."""
AUTO = "auto"
"""The name for whichever takes less time here, `local` or `processes`."""
LARGE = 500_000
"""Accounts times cascades from which on starting processes (some seconds) is little beside them."""

_FAN_IN = 8
"""Results that Dask merges at a time, where they were made."""


def check_executor(name: str, workers: int | None = None) -> None:
    """Raises InputError for an executor that there is not, or whose package is missing."""
    if name not in (*EXECUTORS, AUTO):
        raise InputError(f"'{name}' is no executor: choose one of {', '.join(EXECUTORS)}")
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers: at least one is needed")
    if name == "dask":
        _dask()


def chosen(name: str, work: int) -> str:
    """The executor of that name; of `AUTO`, processes for large work (accounts times tasks) where
    there is more than one core."""
    if name != AUTO:
        return name
    return "processes" if work >= LARGE and (os.cpu_count() or 1) > 1 else "local"


def run_merged(
    items: Sequence[Item],
    task: Callable[[Item], Result],
    merge: Callable[[Result, Result], Result],
    nothing: Result,
    *,
    executor: str = "local",
    workers: int | None = None,
    progress: Progress = lambda _what, _done, _total: None,
    what: str = "shards",
) -> Result:
    """`task` of every item, merged; `nothing` when there is no item.

    workers: processes, by default one per core. Raises: what a task raises; InputError for an
    unknown executor.
    """
    check_executor(executor, workers)
    executor = chosen(executor, len(items))
    progress(what, 0, len(items))
    if executor == "dask":
        merged = _on_dask(items, task, merge, nothing, workers)
        progress(what, len(items), len(items))
        return merged
    merged = nothing
    results = map(task, items) if executor == "local" else _in_processes(items, task, workers)
    for done, result in enumerate(results, 1):
        merged = merge(merged, result)
        progress(what, done, len(items))
    return merged


def _in_processes(
    items: Sequence[Item], task: Callable[[Item], Result], workers: int | None
) -> Any:
    """The results in the order of the items, from a pool of processes."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    count = min(workers or os.cpu_count() or 1, max(len(items), 1))
    # Spawned, not forked: a fork copies locks that DuckDB's and Arrow's threads may hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        yield from pool.map(task, items)


def _on_dask(
    items: Sequence[Item],
    task: Callable[[Item], Result],
    merge: Callable[[Result, Result], Result],
    nothing: Result,
    workers: int | None,
) -> Result:
    """The results merged as a tree of Dask tasks: on the scheduler or client that is current in
    this process, else on processes of this machine."""
    dask = _dask()
    level = [dask.delayed(task)(item) for item in items]
    combine = dask.delayed(_Merged(merge, nothing))
    while len(level) > 1:
        level = [combine(level[i : i + _FAN_IN]) for i in range(0, len(level), _FAN_IN)]
    if not level:
        return nothing
    chosen: dict[str, Any] = {}
    if dask.base.get_scheduler() is None:
        # Items are few and heavy: one task a process, and none of Dask's own grouping.
        chosen = {
            "scheduler": "processes",
            "num_workers": workers or os.cpu_count(),
            "chunksize": 1,
        }
    (result,) = dask.compute(level[0], **chosen)
    return merge(nothing, result)


class _Merged:
    """A function of a list of results that can be pickled."""

    def __init__(self, merge: Callable[[Any, Any], Any], nothing: Any) -> None:
        self.merge, self.nothing = merge, nothing

    def __call__(self, results: Sequence[Any]) -> Any:
        """All of them merged."""
        return reduce(self.merge, results, self.nothing)


def _dask() -> Any:
    """Dask. Raises: InputError without it."""
    try:
        import dask
        import dask.base
        import dask.multiprocessing
    except ImportError as error:
        raise lacks_extra("--executor dask", "dask") from error
    return dask
