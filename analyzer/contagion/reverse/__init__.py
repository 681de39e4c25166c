"""Not what a shock does, but which shock does it."""

from __future__ import annotations

from analyzer.contagion.reverse.cliff import Cliff, cliffs
from analyzer.contagion.reverse.grid import smallest_cascade
from analyzer.contagion.reverse.plausible import PlausibleShock, most_plausible
from analyzer.contagion.reverse.smallest import (
    Distances,
    RayShock,
    distances,
    smallest_static,
)
from analyzer.contagion.reverse.wall import Walls, liquidation_wall

__all__ = [
    "Cliff",
    "Distances",
    "PlausibleShock",
    "RayShock",
    "Walls",
    "cliffs",
    "distances",
    "liquidation_wall",
    "most_plausible",
    "smallest_cascade",
    "smallest_static",
]
