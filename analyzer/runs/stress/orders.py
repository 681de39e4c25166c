"""Orders of liquidation, and the range of bad debt over those that bound it in practice.

    batch, sequential, sequential-reversed    low to high, with the order that gave each

In a batch prices stand still until all of a round are closed; one after the other they move after
each. Of the orders one after the other, that of the book and its reverse came out as the outermost
more often than worst or nearest first, on the shipped recording under shipped scenarios. How long
the two take is told from the first run: its visits once, and after each of them what one of its
rounds needed. Nobody waits longer than `PATIENCE_S` for what was not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.contagion.cascade import CascadeOptions, Order, cascade_outcome
from analyzer.contagion.scenario import Scenario
from analyzer.documents.scenario import RAY
from analyzer.findings.assessed import Assessed, Ordered, OrderRange
from analyzer.market.depth.route import Market
from analyzer.model.collector import without_collector
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.venues import venue_of

BATCH = "batch"
"""The order of a run that names none."""
ORDERS = {
    f"{mode}{'' if order is Order.BOOK else f'-{order.value}'}": CascadeOptions(
        order=order, sequential=mode == "sequential"
    )
    for mode in (BATCH, "sequential")
    for order in Order
}
"""Orders of liquidation by name: all accounts of a round at once, or one after the other."""
BOUNDING = ("sequential", "sequential-reversed")
"""The orders that a default run is given its range by, beside its own."""
RANGES = ("auto", "always", "never")
"""When the range is worked out; auto: where the first run says that it takes no longer than
`PATIENCE_S`."""
PATIENCE_S = 60.0
"""Seconds of processor time that all ranges of a run may take together, unless asked for."""


def ordered(scans: Sequence[ScanBook], scenario: Scenario, market: Market, order: str) -> Ordered:
    """A scenario's cascade in another order of liquidation."""
    venues = [venue_of(scan) for scan in scans]
    with without_collector():
        result = cascade_outcome(venues, scenario, market, ORDERS[order])
    return Ordered(order, result.total_bad_debt_market_e18, result.closed_accounts)


def own(one: Assessed) -> Ordered:
    """What a run in the order `BATCH` left."""
    return Ordered(BATCH, one.result.total_bad_debt_market_e18, one.result.closed_accounts)


def needs_s(one: Assessed, orders: int) -> float:
    """Seconds of processor time that so many further orders of a run would take, about."""
    return orders * one.result.work.one_by_one_s


def in_time(assessed: Sequence[Assessed], order_range: str) -> list[int]:
    """The numbers of the runs whose range is worked out: all, or as many as there is patience for,
    in the order given. A point of the ray is none: it is there for the curve."""
    found, spent = list[int](), 0.0
    for number, one in enumerate(assessed):
        if one.not_applicable or one.scenario.name == RAY:
            continue
        needs = needs_s(one, len(BOUNDING))
        if order_range == "always" or spent + needs <= PATIENCE_S:
            found.append(number)
            spent += needs
    return found


def with_range(one: Assessed, others: Sequence[Ordered]) -> Assessed:
    """A run with its range over its own order and others; none of these = it would take too
    long."""
    if one.not_applicable or one.scenario.name == RAY:
        return one
    ran = (own(one), *others) if others else ()
    needs = 0.0 if others else needs_s(one, len(BOUNDING))
    return replace(one, order_range=OrderRange(ran, needs))
