"""Which scenarios a command runs: named ones, files, shocks in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.contagion.scenario import Scenario, load_scenario, parse_shock, shipped_scenarios
from analyzer.model.errors import InputError


def named_scenarios(names: Sequence[str], shocks: Sequence[str]) -> list[Scenario]:
    """The scenarios with these names (or in these files), then the shocks in words; all that ship
    when neither is given.

    Raises: InputError for an unknown name, a wrong file or shock, and for two of one name.
    """
    found = [load_scenario(name) for name in names]
    # Its words are its name: findings under another shock are other findings.
    found += [replace(scenario, name=scenario.title) for scenario in map(parse_shock, shocks)]
    if not names and not shocks:
        found = list(shipped_scenarios())
    seen: set[str] = set()
    for scenario in found:
        if scenario.name in seen:
            raise InputError(f"two scenarios are named '{scenario.name}': rename one of them")
        seen.add(scenario.name)
    return found
