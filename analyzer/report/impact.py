"""What carries price impact, for people: the majors and what is staked of them, or markets."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.scenario import ImpactEntry, ScenarioEntry
from analyzer.report.money import short
from analyzer.report.page import Block, Line

MAJORS_CARRY = 0.8
"""From this share on ETH, BTC and their staking tokens carry price impact; below it other markets
are named until all together carry as much."""
_THROUGH = "price impact reached failed accounts through"


def impact_lines(scenarios: Sequence[ScenarioEntry]) -> list[Block]:
    """One line for the scenarios whose impact the majors carry, and one a market that it takes
    elsewhere, with the quote behind it."""
    plain: list[str] = []
    named: dict[tuple[str, str], list[tuple[str, ImpactEntry]]] = {}
    for scenario in scenarios:
        if scenario.not_applicable or not scenario.impact:
            continue
        carried = sum(entry.share for entry in scenario.impact if entry.major)
        if carried >= MAJORS_CARRY:
            plain.append(f"{scenario.name} {carried:.0%}")
            continue
        for entry in scenario.impact:
            if carried < MAJORS_CARRY and not entry.major:
                carried += entry.share
                named.setdefault((entry.factor, entry.against), []).append((scenario.name, entry))
    blocks: list[Block] = []
    if plain:
        text = f"{_THROUGH} ETH, BTC and their staking tokens: {', '.join(plain)}"
        blocks.append(Line("Impact", text))
    return blocks + [_market(*key, found) for key, found in named.items()]


def _market(factor: str, against: str, found: Sequence[tuple[str, ImpactEntry]]) -> Block:
    """One market, its shares by scenario, and its trade where it carries most."""
    shares = ", ".join(f"{name} {entry.share:.0%}" for name, entry in found)
    name, most = max(found, key=lambda item: item[1].share)
    done = "sale" if most.traded_e18 >= 0 else "purchase"
    text = (
        f"{_THROUGH} {factor} against {against}: {shares}. The net {done} of"
        f" {short(abs(most.traded_e18))} in {name} loses {most.lost:.1%}; quotes: {most.quote}"
    )
    return Line("Impact", text, "doubt")
