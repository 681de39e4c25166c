"""What volatility, correlation and depth may do: largest accounts, assets, bad days, spirals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fold,
    Listed,
    Prose,
    Section,
    columns,
    row,
)
from analyzer.report.html.material import Material
from analyzer.report.html.stressed import Record

_IN_FULL = 12
"""Digits of an address in a line of words."""


def risk(material: Material) -> Section | None:
    """The section; None where no profile was written into the snapshot."""
    found = material.profiled
    if not found.accounts:
        return None
    histories = sorted({record["history"] for record in found.accounts})
    blocks: list[Block] = [
        Prose(
            "Indications in float64, beside the exact verdicts. Distance: the market's return at"
            " which an account is first liquidatable when every price moves by its beta. Touch:"
            f" the probability that it is within seven days. Prices: {'; '.join(histories)}."
        ),
        _accounts(material),
        Fold("risk-lines", "The same in words", (Listed(tuple(map(_line, found.accounts))),)),
        _assets(material),
    ]
    if found.classes:
        blocks.append(_classes(found.classes))
    if found.spirals:
        blocks.append(_spirals(found.spirals))
    return Section("risk", "Risk", "Risk", tuple(blocks))


def _accounts(material: Material) -> DataTable:
    """The largest accounts of each deployment."""
    names = "deployment|account|verdict|positions|equity|gross|usage|distance|touch 7 d|ES 99 %"
    rows = tuple(
        row(
            str(record["deployment"]),
            Cell(str(record["account_id"])),
            Cell(str(record["verdict"]), tone=str(record["verdict"])),
            str(record["positions"]),
            _usd(None if record["equity"] is None else float(record["equity"])),
            _usd(record["gross_usd"]),
            _share(record["usage"]),
            _distance(record["distance"]),
            _share(record["touch_7d"]),
            _tail(record),
        )
        for record in material.profiled.accounts
    )
    return DataTable(
        "risk-accounts",
        "The largest accounts",
        columns(names, "equity|gross|usage|distance|touch 7 d|ES 99 %", "account"),
        rows,
        "Usage: maintenance margin over margin equity; from 100 % on it is liquidatable. Up to"
        " thirty accounts of each deployment, by what prices move of them. ES: historical, of"
        " equity over one step; failed = the back-test of the method on the deployment's positions"
        " rejects it.",
    )


def _line(record: Record) -> str:
    """One account's profile in a line."""
    name = str(record["account_id"])
    short = name if len(name) <= _IN_FULL else f"{name[:6]}…{name[-4:]}"
    parts = [f"{record['deployment']}/{short}"]
    held = record["positions"]
    parts.append(f"holds and owes {held}" if held else "holds nothing that has a price")
    if record["usage"] is not None:
        parts.append(f"uses {record['usage']:.0%} of its margin")
    parts.append(_away(record["distance"]))
    if record["touch_7d"] is not None:
        parts.append(f"touches it within a week with a probability of {record['touch_7d']:.2%}")
    if record["es99_usd"] is not None:
        failed = " (by a method that failed its back-test here)" if record["es99_failed"] else ""
        lost = f"{record['es99_usd']:,.0f}"
        parts.append(f"loses {lost} on the average of its worst hundredth days{failed}")
    return "; ".join(parts) + "."


def _away(distance: float | None) -> str:
    """How far liquidation is, in words."""
    if distance is None:
        return "no move of the market makes it liquidatable, or none is known"
    if distance == 0:
        return "is liquidatable now"
    return f"is liquidatable when the market moves by {distance:+.1%}"


def _assets(material: Material) -> DataTable:
    """Supply, debt and open interest, asset by asset, and how they changed."""
    before = material.profiled.assets_before
    earlier = {(one["deployment"], one["symbol"]): one for one in before or ()}
    known = {deployment for deployment, _ in earlier}
    rows = tuple(
        row(
            str(record["deployment"]),
            str(record["symbol"]),
            int(record["holders"]),
            int(record["debtors"]),
            *(
                cell
                for name in ("supplied", "long", "short")
                for cell in (_usd(record[name]), _change(record, earlier, known, name))
            ),
            _share(record["largest_share"]),
        )
        for record in material.profiled.assets
    )
    figures = (
        "holders|debtors|supplied|its change|long|longs change|short|shorts change|largest account"
    )
    compared = (
        "Change: of the value since the earlier snapshot; unknown = it does not hold the deployment"
        " there."
        if before is not None
        else "Change: unknown, because this snapshot holds one block of each deployment; give an"
        " earlier one with --since."
    )
    return DataTable(
        "risk-assets",
        "Supply, debt and open interest by asset",
        columns(f"deployment|asset|{figures}", figures),
        rows,
        "Short: debts and short positions. The largest account's share is of both sides together. "
        + compared,
    )


def _change(
    record: Record, earlier: Mapping[Any, Record], known: Collection[object], name: str
) -> Cell:
    """By how much a value changed; an asset that was not there before changed from nothing."""
    if record["deployment"] not in known or record[name] is None:
        return Cell("unknown", tone="unknown")
    then = earlier.get((record["deployment"], record["symbol"]))
    if then is None:
        return Cell(f"{round(record[name]):+,}")
    if then[name] is None:
        return Cell("unknown", tone="unknown")
    return Cell(f"{round(record[name] - then[name]):+,}")


def _classes(records: Sequence[Record]) -> DataTable:
    """What a bad day costs."""
    rows = tuple(
        row(
            str(record["class"]),
            f"{record['insolvency_usd']:,.0f} ± {record['insolvency_error_usd']:,.0f}",
            f"{record['liquidations_usd']:,.0f} ± {record['liquidations_error_usd']:,.0f}",
            int(record["draws"]),
            int(record["unknown"]),
        )
        for record in records
    )
    names = "class|VaR of insolvency|LaR of liquidations|draws|unknown"
    return DataTable(
        "risk-classes",
        "Bad days",
        columns(names, "VaR of insolvency|LaR of liquidations|draws|unknown"),
        rows,
        "95th percentiles of one bad day, all deployments together, before any waterfall. Broad"
        " downturn: all prices as on one of the market's worst 5 % of days; broken correlation:"
        " each as on one of its own.",
    )


def _spirals(records: Sequence[Record]) -> DataTable:
    """Where prices run by themselves."""
    rows = tuple(
        row(
            str(record["factor"]),
            f"{record['largest_kappa']:.3f}",
            f"-{record['largest_at']:.0%}",
            "nowhere" if record["reaches_one"] is None else f"-{record['reaches_one']:.0%}",
            *(_usd(record[f"sold_at_{fall}"]) for fall in (10, 30, 50)),
        )
        for record in records
    )
    names = "factor|kappa at most|at|runs by itself from|sold at -10 %|at -30 %|at -50 %"
    return DataTable(
        "risk-spirals",
        "Loss spirals",
        columns(names, names.removeprefix("factor|")),
        rows,
        "Kappa: how much further a price falls for each bit that it falls alone, because of what is"
        " then sold by force; from 1 on it falls by itself.",
    )


def _usd(value: float | None) -> Cell:
    """An amount for people; none is `unknown`."""
    return Cell("unknown", tone="unknown") if value is None else Cell(f"{round(value):,}")


def _tail(record: Record) -> Cell:
    """Its ES, marked where the method failed."""
    if record["es99_failed"] and record["es99_usd"] is not None:
        return Cell(f"{round(record['es99_usd']):,} failed", tone="bad")
    return _usd(record["es99_usd"])


def _share(value: float | None) -> Cell:
    """A share; a dash where there is none."""
    return Cell("-" if value is None else f"{value:.1%}")


def _distance(value: float | None) -> Cell:
    """How far the market has to move."""
    if value is None:
        return Cell("-")
    return Cell("now", tone="bad") if value == 0 else Cell(f"{value:+.1%}")
