"""Whom liquidators visit in a round, in which order, and who defaults by the scenario's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import Scenario, Step
from analyzer.contagion.trace import account_node

Visit = tuple[int, str]
"""(number of the venue, account id)."""


class Order(StrEnum):
    """In which order the accounts that breach are visited."""

    BOOK = "book"
    REVERSED = "reversed"
    WORST = "worst"
    """Furthest below maintenance first."""
    NEAREST = "nearest"
    """Least far below first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeOptions:
    """How a cascade is run.

    order: among the accounts of a round. sequential: prices move after every account, so that
    every visit is a round. max_rounds: where it is stopped (the result then says so). rescued:
    nodes of accounts that are never closed (for what-if questions). first: (venue, account) pairs
    that come before all others, in this order.
    """

    order: Order = Order.BOOK
    sequential: bool = False
    max_rounds: int = 10_000
    rescued: frozenset[str] = frozenset()
    first: Sequence[tuple[str, str]] = ()

    @property
    def name(self) -> str:
        """The order in words, as results name it."""
        return f"{'sequential' if self.sequential else 'batch'}, {self.order.value}"


def choose_visits(venues: Sequence[Venue], step: Step, options: CascadeOptions) -> list[Visit]:
    """Who breaches now, in the order in which liquidators come; as many as they can visit."""
    visits = [
        (number, account)
        for number, venue in enumerate(venues)
        for account in venue.simulation.breaching()
        if account not in venue.funds and account_node(venue.name, account) not in options.rescued
    ]
    if options.order is Order.REVERSED:
        visits.reverse()
    elif options.order in (Order.WORST, Order.NEAREST):
        sign = 1 if options.order is Order.WORST else -1
        visits.sort(key=lambda visit: sign * _headroom(venues, visit))
    if options.first:
        rank = {pair: place for place, pair in enumerate(options.first)}
        visits.sort(key=lambda visit: rank.get((venues[visit[0]].name, visit[1]), len(rank)))
    if step.liquidator_capacity is not None:
        visits = visits[: ceil(len(visits) * step.liquidator_capacity)]
    return visits


def _headroom(venues: Sequence[Venue], visit: Visit) -> int:
    """Margin equity less maintenance of an account that is known to breach."""
    standing = venues[visit[0]].simulation.standing(visit[1])
    return 0 if standing is None else standing.headroom_e18


def defaulters(
    venues: Sequence[Venue], scenario: Scenario, equities: Sequence[Mapping[str, int | None]]
) -> list[Visit]:
    """The accounts of the owners who default: named ones, or the n who lack most over all venues:
    the largest sums of max(-equity, 0), which do not net; fewer where fewer lack anything.

    equities: number of the venue -> account -> equity at the shocked prices, 18 decimals, None =
    unknown. Source: risk-models 1.5 (Cover-n).
    """
    wanted = scenario.default_owners
    if isinstance(wanted, int):
        short: dict[str, int] = {}
        for venue, equity in zip(venues, equities, strict=True):
            for account, amount in equity.items():
                if account not in venue.funds and amount is not None and amount < 0:
                    owner = venue.owner(account)
                    short[owner] = short.get(owner, 0) - amount
        chosen = set(sorted(short, key=lambda owner: (-short[owner], owner))[:wanted])
    else:
        chosen = set(wanted)
    if not chosen:
        return []
    return [
        (number, account)
        for number, venue in enumerate(venues)
        for account in venue.simulation.account_ids()
        if account not in venue.funds and venue.owner(account) in chosen
    ]
