"""Many cascades at once over a linear book: one scenario a column, float64."""

from __future__ import annotations

from analyzer.contagion.batch.impacts import (
    BasedImpacts,
    DepthImpacts,
    Impacts,
    ScalarImpacts,
    depth_impacts,
)
from analyzer.contagion.batch.kernel import Cascades, cascades, rules

__all__ = [
    "BasedImpacts",
    "Cascades",
    "DepthImpacts",
    "Impacts",
    "ScalarImpacts",
    "cascades",
    "depth_impacts",
    "rules",
]
