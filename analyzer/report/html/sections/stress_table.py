"""Results of scenarios, a table a deployment: every scenario once, equal results in one row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analyzer.report.html.content import Cell, DataTable, Row, columns, count, money, row
from analyzer.report.html.material import Material
from analyzer.report.html.stressed import Record
from analyzer.report.money import short

_NAMES = (
    "scenarios|price change|liquidatable|insolvent|bad debt at once|closed|closed value"
    "|bad debt after|uncovered|amplified"
)
_NOTE = (
    "Liquidatable, insolvent, bad debt at once: at the shocked prices. Bad debt: at the market's"
    " prices, which differ from the protocol's where an oracle stands still. Uncovered: beyond the"
    " funds that must pay. Amplified: bad debt after / at once, at the protocol's prices."
)
_NAMED = 3
"""So many scenarios with one result are named in its row; the others are counted."""


def results_by_deployment(material: Material, records: Sequence[Record]) -> list[DataTable]:
    """The results of each deployment in a table of its own."""
    groups: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        groups[record["scan"]].append(record)
    return [
        results_table(f"stress-table-{scan + 1}", material.name(scan), members)
        for scan, members in sorted(groups.items())
    ]


def results_table(key: str, title: str, records: Sequence[Record]) -> DataTable:
    """Results of one deployment. Those that are equal in every column stand in one row."""
    rows: dict[tuple[Cell, ...], list[str]] = {}
    for record in records:
        rows.setdefault(_result(record), []).append(record["scenario"])
    made = tuple(Row((_scenarios(names), *cells)) for cells, names in rows.items())
    text = f"{title}: {count(len(records), 'result')}"
    return DataTable(
        key, text, columns(_NAMES, _NAMES.removeprefix("scenarios|")), made,
        f"{_NOTE} {_same_of_all(records)}",
    )  # fmt: skip


def shocks_table(key: str, title: str, records: Sequence[Record]) -> DataTable:
    """The shocks of one scenario on one deployment: as many columns as stand beside a picture."""
    names = "price change|liquidatable|bad debt at once|closed|bad debt after|uncovered"
    rows = tuple(
        Row((
            Cell(change(record["shock"])),
            *row(record["liquidatable"]).cells,
            money(record["bad_debt_static_e18"]),
            *row(record["closed_accounts"]).cells,
            money(record["bad_debt_after_e18"]),
            money(record["uncovered_e18"]),
        ))
        for record in records
    )  # fmt: skip
    note = "More of each is in the table stress_results of the snapshot."
    return DataTable(key, title, columns(names, names), rows, note)


def _scenarios(names: Sequence[str]) -> Cell:
    """The scenarios of a row."""
    unlike = list(dict.fromkeys(names))
    left = len(unlike) - _NAMED
    listed = ", ".join(unlike[:_NAMED]) + (f" and {left:,} more" if left > 0 else "")
    return Cell(listed, exact=", ".join(unlike) if left > 0 else "")


def _result(record: Record) -> tuple[Cell, ...]:
    """One scenario on one deployment, less its name."""
    shock, factor = record["shock"], record["amplification"]
    return (
        Cell("several" if shock is None else change(shock)),
        *row(record["liquidatable"], record["insolvent"]).cells,
        money(record["bad_debt_static_market_e18"]),
        *row(record["closed_accounts"]).cells,
        money(record["closed_value_e18"]),
        money(record["bad_debt_after_market_e18"]),
        money(record["uncovered_e18"]),
        Cell("–" if factor is None else f"{factor:,.2f}"),
    )


def _same_of_all(records: Sequence[Record]) -> str:
    """What is the same in every result, and so no column: the funds, and who is in no sum."""
    funds = sorted({short(record["fund_before_e18"]) for record in records})
    unknown = sorted({record["unknown"] for record in records})
    text = f"Funds that must pay, at the block: {' or '.join(funds)}."
    if unknown != [0]:
        text += f" In no sum: {' or '.join(f'{n:,}' for n in unknown)} unknown accounts."
    return text


def change(multiple: float) -> str:
    """A multiple of the block's price as a change: 0.7 -> `-30 %`."""
    text = f"{(multiple - 1) * 100:+.4g}"
    return f"{'0' if float(text) == 0 else text} %"
