"""The range of bad debt over orders of liquidation, in words."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.scenario import OrderRangeEntry, ScenarioEntry
from analyzer.report.money import short
from analyzer.report.page import Block, Line

OPTION = "--order-range always"
"""What to ask with for a range that was left out."""


def range_lines(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """One line a scenario whose range was worked out, one for all whose was not."""
    blocks, left, needs_s = list[Block](), list[str](), 0
    for scenario in scenarios:
        found = scenario.order_range
        if found is None:
            continue
        text = range_text(found)
        if text:
            named = f"{scenario.name}: {text}" if len(scenarios) > 1 else text
            blocks.append(Line("Range", named, "plain" if found.least == found.most else "doubt"))
        else:
            left.append(scenario.name)
            needs_s += found.needs_s
    if left:
        who = f"of {len(left):,} scenarios" if len(left) > 1 else f"of {left[0]}"
        text = (
            f"what the order of liquidation does to the bad debt {who} was not worked out: it would"
            f" take about {_minutes(needs_s)}; {OPTION} does it"
        )
        blocks.append(Line("Range", text, "doubt"))
    return blocks


def range_text(found: OrderRangeEntry) -> str:
    """The range with the orders that gave its ends; empty where it was not worked out."""
    if found.least is None or found.most is None:
        return ""
    least, most = (short(end.bad_debt_e18, places=0) for end in (found.least, found.most))
    orders = f"over {len(found.ran)} orders of liquidation"
    if found.least.bad_debt_e18 == found.most.bad_debt_e18:
        return f"bad debt is {least} {orders}"
    return f"bad debt is {least} ({found.least.order}) to {most} ({found.most.order}) {orders}"


def _minutes(seconds: int) -> str:
    """A length of time, in whole minutes from two of them on."""
    return f"{seconds:,} seconds" if seconds < 120 else f"{seconds // 60:,} minutes"
