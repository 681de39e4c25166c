"""A plan sold over time: Almgren and Chriss, Obizhaeva and Wang, with the account's own markets.

The temporary impact is read off the curve: a sale of v dollars at once loses s v^2 / 2, s being the
slope of the price at the first dollar, and the market is as before at the next step. So eta =
tau s P^2 / 2 a unit, without permanent impact. The price's deviation is its EWMA of a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.documents.decisions import ScheduleEntry
from analyzer.market.history import load_history
from analyzer.market.returns import returns_of
from analyzer.market.volatility import daily, ewma
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.protocols.decisions import Reduction
from analyzer.risk.unwind import almgren_chriss, obizhaeva_wang
from analyzer.runs.risk.decisions.venues import Venues

PROBE = 0.001
"""Share of the amount at which the slope of its market is read."""


@dataclass(frozen=True, slots=True)
class Over:
    """days: how long it may take; steps: in how many sales; aversion: price of risk, per dollar;
    resilience: a day's rate at which a book refills; returns: the prices."""

    days: float
    returns: Path | None
    steps: int = 10
    aversion: float = 1e-6
    resilience: float = 24.0


def schedules_of(
    over: Over | None, db: Path, venues: Venues, parts: Sequence[tuple[Reduction, int]]
) -> tuple[tuple[ScheduleEntry, ...], tuple[str, ...]]:
    """(a schedule for each part of a plan, why one has none). Raises: InputError."""
    if over is None:
        return (), ()
    if over.returns is None:
        raise InputError("--over needs the volatility of prices: give --returns FILE")
    if not (over.days > 0 and over.steps >= 1 and over.aversion >= 0 and over.resilience > 0):
        raise InputError("--over is days above 0, --steps from 1, --resilience above 0")
    history = load_history(over.returns)
    returns = returns_of(history)
    made, without = [], []
    for way, amount in parts:
        factor = venues.decided.factor(way.asset_id)
        if factor not in history.factors:
            without.append(f"schedule of {way.symbol}: no price history of {factor}")
            continue
        moves = returns.column(factor)
        sigma = float(daily(ewma(moves[:, None])[-1], history.step_s)[0])
        entry = _schedule(over, venues, way, amount, sigma)
        if entry is None:
            without.append(f"schedule of {way.symbol}: its market does not bear it")
        else:
            made.append(entry)
    return tuple(made), tuple(without)


def _schedule(
    over: Over, venues: Venues, way: Reduction, amount: int, sigma: float
) -> ScheduleEntry | None:
    """One part over time; None where its market does not bear it at once."""
    units, price = amount / 10**way.decimals, (venues.decided.price_e18(way.asset_id) or 0) / WAD
    whole = venues.received_e18(way, amount)
    small = max(int(amount * PROBE), 1)
    probe = venues.received_e18(way, small)
    if whole is None or probe is None or not price:
        return None
    value, tried = units * price, small / 10**way.decimals * price
    # What a fee takes is lost whatever the schedule: the slope is what is lost beyond it.
    fee = way.sign * (tried - probe / WAD) / tried
    slope = max(2 * way.sign * (value - whole / WAD) / value**2 - 2 * fee / value, 0.0)
    tau = over.days / over.steps
    found = almgren_chriss(
        units, over.days, over.steps, sigma * price, max(fee, 0.0) * price,
        max(tau * slope * price**2 / 2, 1e-18), 0.0, over.aversion,
    )  # fmt: skip
    blocks = obizhaeva_wang(units, over.days, over.resilience)
    return ScheduleEntry(
        symbol=way.symbol,
        days=over.days,
        left=tuple(found.trajectory.tolist()),
        at_once_usd=whole / WAD,
        recovery_usd=value - way.sign * found.expected_cost,
        sd_usd=found.sd,
        first=blocks.first,
        last=blocks.last,
        rate_per_day=blocks.rate,
    )
