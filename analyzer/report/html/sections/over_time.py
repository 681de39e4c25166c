"""A deployment over time: the last scans of its history, and what moved most among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analyzer.documents.over_time import Moment, Series, Since
from analyzer.model.verdict import Verdict
from analyzer.report.html.charts.scale import whole_units
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fact,
    Listed,
    Prose,
    Row,
    Section,
    columns,
    count,
    money,
    row,
)
from analyzer.report.html.material import Material, when
from analyzer.report.links import link_of
from analyzer.report.money import short
from analyzer.report.shares import percent

_AMOUNTS: tuple[tuple[str, Callable[[Moment], int | None]], ...] = (
    ("Equity", lambda moment: moment.equity_e18),
    ("Bad debt", lambda moment: moment.bad_debt_e18),
    ("Shortfall", lambda moment: moment.shortfall_e18),
)
_WORST = (
    Verdict.INSOLVENT,
    Verdict.LIQUIDATABLE,
    Verdict.UNKNOWN,
    Verdict.BELOW_INITIAL,
    Verdict.HEALTHY,
)


def spark_facts(series: Series) -> tuple[Fact, ...]:
    """Equity, bad debt, shortfall and unsafe accounts over the scans, each with its line."""
    moments = series.moments
    facts = [
        _spark(name, [of(moment) for moment in moments], moments, short)
        for name, of in _AMOUNTS
    ]  # fmt: skip
    unsafe = [_unsafe(moment) for moment in moments]
    return (
        *facts,
        _spark("Unsafe accounts", unsafe, moments, lambda n: f"{n or 0:,}", whole=float),
    )


def brief_sparks(series: Series, name: str) -> tuple[Fact, ...]:
    """Equity and bad debt over the scans, each a line that is short. name: whose, empty = it is
    clear."""
    moments = series.moments
    facts = []
    for what, of in _AMOUNTS[:2]:
        values = [of(moment) for moment in moments]
        line = tuple(None if value is None else whole_units(value) for value in values)
        text = f"{short(values[0])} → {short(values[-1])}"
        label = f"{what}, {count(len(moments), 'scan')}"
        facts.append(Fact(label, f"{name}: {text}" if name else text, spark=line))
    return tuple(facts)


def over_time(material: Material) -> Section:
    """Per deployment every scan in a row, and the accounts that moved most."""
    blocks: list[Block] = []
    for number, series in enumerate(material.series, 1):
        blocks.append(_scans(number, series))
        if series.movers:
            blocks.append(_movers(material, number, series))
    return Section("time", "Over time", "Time", tuple(blocks))


def changed(material: Material) -> Section:
    """What changed since the scan before, a sentence a deployment."""
    lines = tuple(since_line(since) for since in material.since or ())
    block: Block = Listed(lines) if lines else Prose("There is no earlier scan of it.", "doubt")
    return Section("changed", "What changed", "Changed", (block,))


def since_line(since: Since) -> str:
    """What changed since the scan before, in one sentence."""
    before, after = since.before, since.after
    blocks = f"{since.deployment}: block {before.block:,} to {after.block:,}"
    if before.scan_id == after.scan_id:
        return f"{since.deployment}: the same scan, block {after.block:,}"
    parts = [f"{name.lower()} {_moved(of(before), of(after))}" for name, of in _AMOUNTS]
    verdicts = [
        f"{verdict.value.replace('_', ' ')} {before.verdicts[verdict.value]:,} →"
        f" {after.verdicts[verdict.value]:,}"
        for verdict in _WORST
        if before.verdicts[verdict.value] != after.verdicts[verdict.value]
    ]
    changed = ", ".join(verdicts) if verdicts else "no count of verdicts changed"
    found = f"{_counted(since.new)} new, {_counted(since.gone)} no longer there"
    if before.answer != after.answer:
        parts.insert(0, f"the answer was {before.answer.value.replace('_', ' ')}")
    return f"{blocks}: {'; '.join(parts)}; accounts: {changed}; findings: {found}"


def _moved(before: int | None, after: int | None) -> str:
    """`1.00 → 2.00 (+100 %)`."""
    if before == after:
        return f"{short(after)} as before"
    text = f"{short(before)} → {short(after)}"
    if before is None or after is None or before <= 0:
        return text
    change = (after - before) * 10**18 // before
    return f"{text} ({'+' if change > 0 else ''}{percent(change)})"


def _counted(found: object) -> str:
    """`3 (1 critical, 2 high)`."""
    counts = dict(found) if isinstance(found, dict) else {}
    total = sum(counts.values())
    listed = ", ".join(f"{n:,} {severity}" for severity, n in counts.items())
    return f"{total:,} ({listed})" if total else "0"


def _spark(
    name: str,
    values: Sequence[int | None],
    moments: Sequence[Moment],
    say: Callable[[int | None], str],
    whole: Callable[[int], float] = whole_units,
) -> Fact:
    """One number over the scans."""
    scans = f"{count(len(moments), 'scan')} to block {moments[-1].block:,}"
    text = f"{say(values[0])} → {say(values[-1])} over {scans}"
    line = tuple(None if value is None else whole(value) for value in values)
    return Fact(name, text, spark=line)


def _unsafe(moment: Moment) -> int:
    """How many accounts are insolvent, liquidatable or unknown."""
    return sum(moment.verdicts[verdict.value] for verdict in _WORST[:3])


def _scans(number: int, series: Series) -> DataTable:
    """One row a scan, the newest first."""
    names = "block|time|answer|equity|bad debt|shortfall|" + "|".join(
        verdict.value.replace("_", " ") for verdict in _WORST
    )
    rows = tuple(_scan(moment) for moment in reversed(series.moments))
    left = series.scans_in_all - len(rows)
    return DataTable(
        f"time-{number}",
        f"{series.deployment}: the last {count(len(rows), 'scan')}",
        columns(names, names.removeprefix("block|time|answer|") + "|block"),
        rows,
        f"{left:,} earlier ones are in the history." if left else "",
    )


def _scan(moment: Moment) -> Row:
    counts = [moment.verdicts[verdict.value] for verdict in _WORST]
    return row(
        moment.block,
        Cell(when(moment.time)),
        Cell(moment.answer.value.replace("_", " ")),
        money(moment.equity_e18),
        money(moment.bad_debt_e18),
        money(moment.shortfall_e18),
        *counts,
    )


def _movers(material: Material, number: int, series: Series) -> DataTable:
    """The accounts whose equity changed most over these scans."""
    first, last = series.moments[0], series.moments[-1]
    explorer = next(
        (s.explorer for s in material.document.scans if s.chain_id == series.chain_id), None
    )
    rows = tuple(
        row(
            Cell(m.account_id, link=link_of(explorer, m.account_id)),
            _held(m.before_e18),
            _held(m.after_e18),
            money(m.change_e18),
        )
        for m in series.movers
    )
    return DataTable(
        f"movers-{number}",
        f"{series.deployment}: equity that moved most, block {first.block:,} to {last.block:,}",
        columns("account|before|after|change", "before|after|change", "account"),
        rows,
    )


def _held(value: int | None) -> Cell:
    return Cell("not there") if value is None else money(value)
