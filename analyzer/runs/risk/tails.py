"""VaR and ES of the subject's equity, and the back-test of each method on its positions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from analyzer.documents.risk import BacktestEntry, TailEntry
from analyzer.market.history import Floats
from analyzer.risk.backtest import backtest
from analyzer.risk.days import Days
from analyzer.risk.losses import changes
from analyzer.risk.var import filtered_days, filtered_steps, historical_steps, tail_of
from analyzer.risk.var.garch import LEAST
from analyzer.runs.risk.inputs import Opened

LEVELS = (0.95, 0.99)
BEYOND = 2.5
"""Days beyond a level that there have to be on average: below that there is no tail to speak of."""
METHODS = ("historical", "filtered")


@dataclass(frozen=True, slots=True)
class Tails:
    """What could be said, and what could not, with the reason."""

    tails: tuple[TailEntry, ...]
    backtests: tuple[BacktestEntry, ...]
    no_number: tuple[str, ...]


def tails_of(opened: Opened, slopes: Floats, *, linear: bool) -> Tails:
    """The tails of all the subject's known accounts together.

    Shape: slopes [factor], of their equity; with `linear` they are the whole of it, and what a
    method would have said each day can be tested.
    """
    days, rows = opened.days, opened.rows
    why = _too_little(opened)
    if why:
        return Tails((), (), (why,))
    book = opened.book
    # Slopes of nonlinear accounts may add up to 0 where their values do not: all that they hold.
    held = (
        slopes != 0
        if linear
        else np.isin(np.arange(len(book.factors)), book.column[book.entries(rows)[1]])
    )
    moved = days.known & held & (np.ptp(days.values, axis=0) > 0)
    if not moved.any():
        lost = int(book.unknown[rows].sum())
        besides = f" ({lost} of {len(rows)} accounts are unknown)" if lost else ""
        return Tails((), (), (f"VaR: nothing that it holds moves in these days{besides}",))
    models = filtered_days(days.logs.values[:, moved]) if len(days.times) >= LEAST else None
    filtered = None
    if models is not None:
        values = days.values.copy()
        values[:, moved] = np.expm1(models.values)
        filtered = replace(days, values=values)
    told = {"historical": days, **({} if filtered is None else {"filtered": filtered})}
    tests = _backtests(days, slopes, told) if linear else ()
    failed = {(test.method, test.level): test.failed for test in tests}
    entries, no_number = [], list[str]()
    if filtered is None:
        no_number.append(f"filtered VaR: {len(days.times)} days, {LEAST} are needed for GARCH")
    for method, of in told.items():
        profits = _profits(opened, of)
        for level in LEVELS:
            if len(profits) * (1 - level) < BEYOND:
                no_number.append(
                    f"{method} VaR at {level:.0%}: {len(profits)} days leave"
                    f" {len(profits) * (1 - level):.1f} beyond it, {BEYOND:g} are needed"
                )
                continue
            tail = tail_of(profits, level)
            entries.append(
                TailEntry(
                    method=method,
                    level=level,
                    var_usd=tail.var,
                    var_error_usd=tail.var_error,
                    es_usd=tail.es,
                    es_error_usd=tail.es_error,
                    observations=tail.observations,
                    beyond=tail.beyond,
                    horizon_s=days.step_s,
                    first=moment(days.times[0] - days.step_s),
                    last=moment(days.times[-1]),
                    failed=failed.get((method, level)),
                )
            )
    if not tests and len(rows):
        no_number.append(
            "back-test: "
            + (
                "a year of days is needed beyond those that the first figure is made of"
                if linear
                else "not all is linear"
            )
        )
    return Tails(tuple(entries), tests, tuple(no_number))


def moment(seconds: int) -> datetime:
    """Unix seconds as a document has a time."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _too_little(opened: Opened) -> str:
    """Why there is no tail at all; empty when there may be one."""
    held = opened.book.entries(opened.rows)[1]
    factors = {opened.book.factors[c] for c in opened.book.column[held].tolist()}
    missing = sorted(factors & set(opened.days.missing))
    if missing:
        return (
            f"VaR: {', '.join(missing)} held, and the price history has none of it (give it, or say"
            f" --still {','.join(missing)})"
        )
    if opened.book.unknown[opened.rows].all():
        return "VaR: no account of it is known"
    return ""


def _profits(opened: Opened, days: Days) -> Floats:
    """[day]: the change of the equity of all the subject's known accounts."""
    total = np.zeros(len(days.values))
    for block in changes(opened.book, days, opened.rows, opened.asked):
        total += np.nansum(block.equity, axis=0)
    return total


def _backtests(days: Days, slopes: Floats, told: dict[str, Days]) -> tuple[BacktestEntry, ...]:
    """Every method at every level, from the day on that the first `LEAST` make."""
    first = LEAST
    if len(days.times) < 2 * LEAST:
        return ()
    steps = {"historical": historical_steps, "filtered": filtered_steps}
    out = []
    for method in told:
        limits, came = steps[method](days.values, slopes, LEVELS, first)
        for number, level in enumerate(LEVELS):
            found = backtest(limits[:, number], came, level)
            out.append(
                BacktestEntry(
                    method=method,
                    level=level,
                    first=moment(days.times[first]),
                    last=moment(days.times[-1]),
                    steps=len(came),
                    exceptions=found.coverage.exceptions,
                    expected=found.coverage.expected,
                    kupiec_p=found.coverage.p_value,
                    independence_p=found.clustering.independence_p,
                    conditional_p=found.clustering.conditional_p,
                    failed=found.failed,
                )
            )
    return tuple(out)
