"""Decisions as pages: sizes, parameters, exits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.documents.decisions import (
    ExitEntry,
    ExitsDocument,
    ReductionEntry,
    SideTotals,
    SizeDocument,
    SizeEntry,
    UnwindDocument,
    WhatIfDocument,
)
from analyzer.report.blocks import Block, Grid, Heading, Line
from analyzer.report.money import short

Rows = tuple[list[str], Sequence[Sequence[Any]]]
LISTED = 12
"""Leavers of a pool that a page shows."""


_SIZES = "amounts in units of the asset; value and ES in the settlement currency"
_WAYS = "amounts in units of the asset; value and cost in the settlement currency"
_SIDES = "amounts in the settlement currency; forced sales, VaR and LaR in USD"
_POOLS = "in units of each asset"
_BOTH = frozenset(("now", "would be"))


def size_page(document: SizeDocument) -> list[Block]:
    """How far an account may grow."""
    run = document.run
    columns = ["way", "largest", "value", "ends at"]
    if document.distance is not None:
        columns.append(f"survives {document.distance:.0%}")
    if document.es_budget_usd is not None:
        columns.append("within ES")
    rows = tuple(_size(entry, document) for entry in document.sizes)
    right = frozenset(columns) - {"way", "ends at"}
    return [
        Heading(f"Sizes of {run.deployment}/{run.id}"),
        *(Line("size", text) for text in document.sentences),
        *(Line("no number", text, "doubt") for text in document.no_number),
        *([Grid("How far it may grow", tuple(columns), rows, right, _SIZES)] if rows else []),
        *_joint(document),
        *(Line("assumes", text) for text in document.assumes),
    ]


def _size(entry: SizeEntry, document: SizeDocument) -> tuple[str, ...]:
    """One way."""
    row = [
        f"{entry.kind} {entry.symbol}",
        _units(entry.largest, entry.decimals),
        _worth(entry.value_usd),
        entry.bound + (" (hedges first)" if entry.hedges else ""),
    ]
    if document.distance is not None:
        row.append(_units(entry.by_distance, entry.decimals))
    if document.es_budget_usd is not None:
        row.append(_worth(entry.by_es_usd))
    return tuple(row)


def _worth(value: float | None) -> str:
    """A value for people: whole where it is large, four digits where it is not."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or not value else f"{value:,.4g}"


def _joint(document: SizeDocument) -> list[Block]:
    """Positions sized together."""
    joint = document.joint
    if joint is None:
        return []
    rows = tuple(
        (one.symbol, f"{one.weight:g}", f"{one.amount_usd:+,.0f}") for one in joint.entries
    )
    es = "" if joint.es_usd is None else f"; ES {joint.es_usd:,.0f}"
    note = f"{joint.scaled:.2%} of the programme's answer passes the protocol's integers{es}"
    return [Grid("Together", ("position", "weight", "value"), rows, frozenset(("value",)), note)]


def size_rows(document: SizeDocument) -> Rows:
    """(columns, a row a way) for the CSV form."""
    columns = [
        "kind", "asset_id", "symbol", "decimals", "largest", "bound", "value_usd",
        "margin_largest", "by_distance", "by_es_usd", "hedges",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.sizes]


def unwind_page(document: UnwindDocument) -> list[Block]:
    """How an account gets out of danger."""
    run = document.run
    columns = ("way", "amount", "share", "value", "cost", "venue")
    right = frozenset(columns[1:5])
    grids: list[Block] = [
        Grid(title, columns, tuple(map(_reduction, entries)), right, _WAYS)
        for title, entries in (("The plan", document.plan), ("Each way alone", document.alone))
        if entries
    ]
    return [
        Heading(f"Unwinding {run.deployment}/{run.id}"),
        *(Line("unwind", text) for text in document.sentences),
        *(Line("no number", text, "doubt") for text in document.no_number),
        *grids,
        *_schedules(document),
        *(Line("assumes", text) for text in document.assumes),
    ]


def _reduction(entry: ReductionEntry) -> tuple[str, ...]:
    """One way."""
    did = "buy" if entry.bought else "sell"
    repaid = f" for {entry.debt_symbol}" if entry.debt_symbol else ""
    return (
        f"{did} {entry.symbol}{repaid}",
        "none restores it" if entry.amount is None else _units(entry.amount, entry.decimals),
        "-" if entry.share is None else f"{entry.share:.1%}",
        "-" if entry.value_usd is None else f"{entry.value_usd:,.2f}",
        "-" if entry.cost_usd is None else f"{entry.cost_usd:,.2f}",
        entry.venue,
    )


def _schedules(document: UnwindDocument) -> list[Block]:
    """The plan over time."""
    rows = tuple(
        (
            one.symbol,
            f"{one.at_once_usd:,.2f}",
            f"{one.recovery_usd:,.2f} ± {one.sd_usd:,.2f}",
            ", ".join(f"{left:,.4g}" for left in one.left[1:]),
            f"{one.first:,.4g}, then {one.rate_per_day:,.4g} a day, {one.last:,.4g}",
        )
        for one in document.schedules
    )
    columns = ("part", "at once", "over time", "left after each step", "in a book that refills")
    title = "Over time"
    return [Grid(title, columns, rows, frozenset(columns[1:3]))] if rows else []


def unwind_rows(document: UnwindDocument) -> Rows:
    """(columns, a row a way of the plan) for the CSV form."""
    columns = [
        "kind", "asset_id", "symbol", "decimals", "debt_symbol", "bought", "amount",
        "received_e18", "value_usd", "cost_usd", "share", "venue",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.plan]


def what_if_page(document: WhatIfDocument) -> list[Block]:
    """Both sides of a what-if; without one, the parameters that there are."""
    run = document.run
    before, after = document.before, document.after
    set_ = tuple(
        (one.name, one.before, one.after or "-", f"{one.low} to {one.high}", one.text)
        for one in document.parameters
    )
    columns = ("parameter", "now", "would be", "bounds", "what it is")
    blocks: list[Block] = [
        Heading(f"What if: {run.deployment}"),
        *(Line("what if", text) for text in document.sentences),
        Grid("Parameters", columns, set_, frozenset(columns[1:3])),
    ]
    if before is not None and after is not None:
        sides = tuple(
            (label, old, new)
            for (label, old), (_, new) in zip(_side(before), _side(after), strict=True)
        )
        blocks.append(
            Grid(
                "Both sides", ("", "now", "would be"), sides, frozenset(("now", "would be")), _SIDES
            )
        )
    if document.changed:
        rows = tuple(
            (
                one.account_id, one.verdict_before, one.verdict_after, _e18(one.equity_e18),
                _e18(one.headroom_before_e18), _e18(one.headroom_after_e18),
            )
            for one in document.changed
        )  # fmt: skip
        names = ("account", "now", "would be", "equity", "headroom now", "would be then")
        blocks.append(
            Grid("Accounts that change sides", names, rows, frozenset(names[3:]),
                 whole=frozenset(("account",)))
        )  # fmt: skip
    return [*blocks, *(Line("assumes", text) for text in document.assumes)]


def _side(totals: SideTotals) -> list[tuple[str, str]]:
    """(label, text) of one side."""
    return [
        *((f"{verdict} accounts", f"{count:,}") for verdict, count in totals.verdicts.items()),
        ("what may still be taken on", _e18(totals.free_e18)),
        ("maintenance of accounts in breach", _e18(totals.liquidatable_e18)),
        ("nearest fall that liquidates one",
         "none" if totals.nearest is None else f"-{totals.nearest:.2%}"),
        *((f"sold by force at -{float(fall):.0%}", f"{usd:,.0f}")
          for fall, usd in totals.wall_usd.items()),
        *((f"VaR of insolvency, {name}", f"{usd:,.0f}")
          for name, usd in totals.insolvency_usd.items()),
        *((f"LaR of liquidations, {name}", f"{usd:,.0f}")
          for name, usd in totals.liquidations_usd.items()),
    ]  # fmt: skip


def what_if_rows(document: WhatIfDocument) -> Rows:
    """(columns, a row an account that changes sides) for the CSV form."""
    columns = [
        "account_id", "verdict_before", "verdict_after", "equity_e18", "headroom_before_e18",
        "headroom_after_e18",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.changed]


def exits_page(document: ExitsDocument) -> list[Block]:
    """Pools, and who leaves."""
    rows = tuple(_pool(pool) for pool in document.pools)
    columns = (
        "pool", "claims", "may leave", "there", "lent", "utilisation", "paid in full", "locked",
    )  # fmt: skip
    return [
        Heading(f"Exits of {document.run.deployment}"),
        *(Line("exits", text) for text in document.sentences),
        Grid("Who can still leave", columns, rows, frozenset(columns[1:]), _POOLS),
        *(grid for pool in document.pools if pool.locked for grid in _leavers(pool)),
        *_stakes(document),
        *_layers(document),
        *(Line("assumes", text) for text in document.assumes),
    ]  # fmt: skip


def _stakes(document: ExitsDocument) -> list[Block]:
    """Backstops with a cooldown."""
    rows = tuple(
        (
            one.name, one.symbol, _units(one.capacity, one.decimals),
            _units(one.leaving, one.decimals), f"{one.delay_s / 86_400:g} days", one.source,
        )
        for one in document.stakes
    )  # fmt: skip
    columns = ("stake", "behind", "capacity", "leaving", "cooldown", "source")
    title = "Backstops that may leave"
    return [Grid(title, columns, rows, frozenset(columns[2:5]), _POOLS)] if rows else []


def _layers(document: ExitsDocument) -> list[Block]:
    """Who bears losses."""
    rows = tuple((one.name, _e18(one.capacity_e18), one.note) for one in document.backstops)
    columns = ("layer", "capacity", "rule")
    return [Grid("Who bears losses", columns, rows, frozenset(("capacity",)))] if rows else []


def _pool(pool: ExitEntry) -> tuple[str, ...]:
    """One pool."""
    return (
        pool.symbol,
        *(
            _units(value, pool.decimals)
            for value in (pool.claims, pool.free, pool.available, pool.lent)
        ),
        "-" if pool.utilisation is None else f"{pool.utilisation:.1%}",
        f"{pool.paid_in_full:,} of {pool.holders:,}",
        _units(pool.locked, pool.decimals),
    )


def _leavers(pool: ExitEntry) -> list[Block]:
    """The order of a run on a pool that cannot pay all."""
    rows = tuple(
        (one.account_id, *(_units(v, pool.decimals) for v in (one.wants, one.paid, one.locked)))
        for one in pool.leavers[:LISTED]
    )
    columns = ("account", "wants", "gets", "locked")
    note = f"the largest first, {len(rows)} of {pool.holders:,}"
    title = f"A run on {pool.symbol}"
    return [Grid(title, columns, rows, frozenset(columns[1:]), note, frozenset(("account",)))]


def exits_rows(document: ExitsDocument) -> Rows:
    """(columns, a row a pool) for the CSV form."""
    columns = [
        "asset_id", "symbol", "decimals", "claims", "free", "available", "lent", "utilisation",
        "withdrawable", "holders", "paid_in_full", "locked",
    ]  # fmt: skip
    return columns, [[getattr(one, name) for name in columns] for one in document.pools]


def _units(raw: int | None, decimals: int) -> str:
    """A raw amount in whole units; none is a dash."""
    return "-" if raw is None else short(raw, decimals)


def _e18(value: int | None) -> str:
    """An amount of 18 decimals for people."""
    return short(value)
