"""Cover-1 and Cover-2 over every scenario of the snapshot, against the funds."""

from __future__ import annotations

from analyzer.report.html.content import Cell, DataTable, Row, columns, money, row
from analyzer.report.html.material import Material
from analyzer.report.html.stressed import Record


def cover_table(material: Material) -> DataTable:
    """One row a deployment and number of owners: the scenario under which they lack most."""
    names = "deployment|owners|lack together|under|fund|outlasts it"
    rows = []
    for scan in dict.fromkeys(record["scan"] for record in material.stressed.results):
        members = [r for r in material.stressed.results if r["scan"] == scan]
        for n, column in ((1, "cover1_e18"), (2, "cover2_e18")):
            worst = max(members, key=lambda record: record[column] or 0)
            rows.append(_row(material, worst, n, worst[column]))
    note = (
        "What the accounts of an owner lack, which do not net, before anybody reacts, at the"
        " market's prices: the largest of any scenario. Fund: what must pay, at the block."
    )
    title = "The owners who lack most, against the fund"
    return DataTable("cover", title, columns(names, "lack together|fund"), tuple(rows), note)


def _row(material: Material, worst: Record, n: int, lack_e18: int | None) -> Row:
    """A deployment's cover for n owners."""
    fund = worst["fund_before_e18"]
    if fund is None or lack_e18 is None:
        outlasts = Cell("unknown", tone="unknown")
    else:
        holds = lack_e18 <= max(fund, 0)
        outlasts = Cell("yes") if holds else Cell("no", tone="bad")
    return row(
        material.name(worst["scan"]),
        ", ".join(worst["cover_owners"][:n]) or "nobody",
        money(lack_e18),
        worst["scenario"],
        money(fund),
        outlasts,
    )
