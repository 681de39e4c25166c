"""Python's cycle collector, left out of work that makes millions of objects and no cycles.

Each of its full passes goes through every object that lives, and it makes one whenever their number
has grown by a quarter: measured, half of the time of a scan of 15,000 accounts, for nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """No pass of the collector inside; what is in no cycle is freed as ever. Afterwards it runs
    again if it ran before."""
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
