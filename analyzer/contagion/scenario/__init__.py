"""Scenarios: what happens to the market before anybody is liquidated, as data.

`types` has the data classes and what a scenario does to a factor, `words` reads `ETH=-30%`,
`family` makes the rays, `file` reads TOML and lists what ships with the package.
"""

from __future__ import annotations

from analyzer.contagion.scenario.family import ray
from analyzer.contagion.scenario.file import (
    load_scenario,
    read_scenario,
    shipped_names,
    shipped_scenarios,
)
from analyzer.contagion.scenario.impairment import EVERYWHERE, Impairment, Oracle
from analyzer.contagion.scenario.liquidators import (
    AT_ANY_LOSS,
    FREE,
    Auctions,
    Liquidators,
    Willingness,
)
from analyzer.contagion.scenario.sentences import parse_percent, parse_shock, shock_title
from analyzer.contagion.scenario.types import (
    ALL,
    CLASS_KEYS,
    LEAST_BETA_MULTIPLIER,
    MarginSpiral,
    Reach,
    Scenario,
    Step,
    depth_multiplier,
    is_stale,
    multiplier,
    reach,
    unmapped,
    with_depth_times,
)

__all__ = [
    "ALL",
    "AT_ANY_LOSS",
    "CLASS_KEYS",
    "EVERYWHERE",
    "FREE",
    "LEAST_BETA_MULTIPLIER",
    "Auctions",
    "Impairment",
    "Liquidators",
    "MarginSpiral",
    "Oracle",
    "Reach",
    "Scenario",
    "Step",
    "Willingness",
    "depth_multiplier",
    "is_stale",
    "load_scenario",
    "multiplier",
    "parse_percent",
    "parse_shock",
    "ray",
    "reach",
    "read_scenario",
    "shipped_names",
    "shipped_scenarios",
    "shock_title",
    "unmapped",
    "with_depth_times",
]
