"""The markets of a cascade as a page shows them, and bad debt by depth."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.documents.contagion import MarketEntry, SensitivityEntry
from analyzer.report.page import Block, Grid, Line
from analyzer.report.stress import whole

STABLE_WITHIN = 3
"""Bad debt that changes by less than this factor when depth is halved or doubled is plain."""


def markets_grid(markets: Sequence[MarketEntry]) -> Grid:
    """The markets for people."""
    columns = (
        "factor", "against", "10 % depth", "sold", "bought", "left", "shocked", "after", "curve",
    )  # fmt: skip
    rows = tuple(
        (
            m.factor,
            m.against,
            "none" if m.depth_usd is None else f"{m.depth_usd:,.0f}",
            whole(m.sold_e18),
            whole(m.bought_e18),
            whole(m.unsold_e18 - m.unbought_e18),
            f"{m.price_shocked:.1%}",
            f"{m.price_after:.1%}",
            m.curve or "unknown",
        )
        for m in markets
    )
    note = (
        "10 % depth: USD of net sales that take the price down by ten percent. left: what no market"
        " bore, below zero of purchases. shocked, after: of the block's price. Sources in --format"
        " json."
    )
    return Grid("Markets of forced trades", columns, rows, frozenset(columns[2:8]), note)


def sensitivity_lines(found: SensitivityEntry | None) -> list[Block]:
    """Bad debt by depth, in one line."""
    if found is None:
        return []
    half, given = found.bad_debt_half_depth_e18, found.bad_debt_e18
    double = found.bad_debt_double_depth_e18
    least, most = min(half, given, double), max(half, given, double)
    text = (
        f"bad debt is {whole(half)} with half of every depth, {whole(given)} as given, "
        f"{whole(double)} with double; default depths: {found.default_depth}"
    )
    return [Line("Sensitivity", text, "plain" if most < STABLE_WITHIN * least else "doubt")]
