"""Cover-1 and Cover-2 as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.scenario import RAY
from analyzer.documents.stress import CoverEntry
from analyzer.report.money import short
from analyzer.report.page import Block, Grid

_NOTE = (
    "An owner's shortfall is the sum of what its accounts lack, which do not net, at the market's "
    "prices before anybody reacts. fund: the bounded backstops, at the block."
)


def cover_blocks(found: Sequence[CoverEntry]) -> list[Block]:
    """One row a deployment and number of owners."""
    if not found:
        return []
    columns = ("deployment", "owners", "lack", "under", "fund", "outlasts it")
    rows = tuple(
        (
            entry.deployment,
            f"the largest {entry.n}" if entry.n > 1 else "the largest",
            short(entry.shortfall_e18, places=0),
            scenario_name(entry.scenario, entry.shock),
            short(entry.fund_e18, places=0),
            {True: "yes", False: "no", None: "unknown"}[entry.outlasts],
        )
        for entry in found
    )
    title = "Cover: the owners who lack most under any scenario, against the fund"
    numbers, whole = frozenset({"lack", "fund"}), frozenset(columns[:2])
    return [Grid(title, columns, rows, numbers, _NOTE, whole)]


def scenario_name(name: str, shock: float | None) -> str:
    """A scenario's name; points of a ray are told apart by their shock."""
    return f"{name} {shock - 1:+.0%}" if name == RAY and shock is not None else name
