"""The page of the shipped scenarios, made from their files.

`python tests/support/pages/scenario_page.py` writes `docs/scenarios.md`; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from analyzer.contagion.scenario import Scenario, Step, shipped_scenarios
from analyzer.contagion.scenario.sentences import signed_percent

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scenarios.md"

HEAD = """# The scenarios that ship

Made from `analyzer/contagion/scenarios/*.toml` by `tests/support/pages/scenario_page.py`. Shocks
are of the block's price, instantaneous unless there are several steps. Lows differ from venue to
venue, so every event names its own. A scenario with anything under *not verified* has `verified`
false, and every result made with it says so.

`*` is every price that is no stable and no depeg; `@alt`, `@stable`, `@ratio` (a staking token
against what it stands for) and `@volatility` are classes. What no rule names keeps its price and is
listed with the result. A scenario of your own is a file of the same shape: `--scenario FILE`.
"""


def page() -> str:
    """The whole page."""
    shipped = shipped_scenarios()
    past = [scenario for scenario in shipped if scenario.venue]
    families = [scenario for scenario in shipped if not scenario.venue]
    parts = [HEAD, "## Events\n", *map(_section, past), "## Families\n", *map(_section, families)]
    return "\n".join(parts)


def _section(scenario: Scenario) -> str:
    """One scenario."""
    lines = [f"### `{scenario.name}`", "", f"{scenario.title}.", ""]
    lines += [f"- {line}" for line in _facts(scenario)]
    return "\n".join([*lines, ""])


def _facts(scenario: Scenario) -> Iterator[str]:
    """What is said of a scenario, line by line."""
    for number, step in enumerate(scenario.steps, 1):
        name = f"step {number}" if len(scenario.steps) > 1 else "shock"
        yield f"{name}: {', '.join(_step(step)) or 'none'}"
    if scenario.betas:
        yield f"betas to {scenario.market_factor}: {_betas(scenario.betas)}"
    if scenario.depth_multiplier != 1:
        yield f"depth x {float(scenario.depth_multiplier):g}"
    for key, times in scenario.depth_multipliers.items():
        yield f"depth of `{key}` x {float(times):g}"
    if scenario.stale:
        yield f"oracles that do not move: {', '.join(sorted(scenario.stale))}"
    if scenario.withdraw:
        yield "everybody takes out all free collateral first"
    if scenario.default_owners:
        yield f"owners that default: the {scenario.default_owners} who lack most"
    if scenario.margin_spiral is not None:
        yield f"requirements follow volatility, which starts at x {scenario.margin_spiral.shock}"
    if scenario.venue:
        yield f"venue: {scenario.venue}"
    yield f"source: {scenario.source}"
    yield from (f"not verified: {item}" for item in scenario.unverified)
    yield from scenario.notes


def _step(step: Step) -> Iterator[str]:
    """The shocks of a step and who works in it."""
    for key, value in step.shocks.items():
        name = f"`{key}`" if key == "*" or key.startswith("@") else key
        yield f"{name} {signed_percent(value)}"
    if step.liquidator_capacity is not None:
        yield f"liquidators get to {float(step.liquidator_capacity) * 100:g} % of the accounts"


def _betas(betas: Mapping[str, Fraction]) -> str:
    """The betas in one line."""
    named = [f"`{k}`" if k.startswith("@") else k for k in betas]
    return ", ".join(f"{k} {float(v):g}" for k, v in zip(named, betas.values(), strict=True))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
