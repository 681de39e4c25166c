"""What all accounts of some venues have now, asked of each protocol's own arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.contagion.cascade.result import Tally
from analyzer.contagion.cascade.transmission import Equities
from analyzer.contagion.cascade.venue import Venue


@dataclass(frozen=True, slots=True)
class Change:
    """How two measurements differ, in 18 decimals: accounts, and accounts that are backstops.

    Only what is known in both counts.
    """

    accounts_e18: int
    funds_e18: int


def measure(venues: Sequence[Venue]) -> Equities:
    """The equity of every account of every venue; None where it is unknown."""
    out: Equities = []
    for venue in venues:
        simulation = venue.simulation
        standings = ((a, simulation.standing(a)) for a in simulation.account_ids())
        out.append({a: None if s is None else s.equity_e18 for a, s in standings})
    return out


def change(venues: Sequence[Venue], before: Equities, after: Equities) -> Change:
    """What two measurements differ by in sum."""
    accounts = funds = 0
    for venue, old, new in zip(venues, before, after, strict=True):
        for account, was in old.items():
            now = new[account]
            if was is None or now is None or was == now:
                continue
            if account in venue.funds:
                funds += now - was
            else:
                accounts += now - was
    return Change(accounts, funds)


def tallies(venues: Sequence[Venue]) -> dict[str, Tally]:
    """venue -> its tally now."""
    return {venue.name: tally(venue) for venue in venues}


def tally(venue: Venue) -> Tally:
    """How many accounts of a venue stand where, and what is missing."""
    unknown = breaching = insolvent = equity = debt = count = 0
    short: dict[str, int] = defaultdict(int)
    for account in venue.simulation.account_ids():
        if account in venue.funds:
            continue
        count += 1
        standing = venue.simulation.standing(account)
        if standing is None:
            unknown += 1
            continue
        breaching += standing.breaches
        equity += standing.equity_e18
        if standing.equity_e18 < 0:
            insolvent += 1
            debt -= standing.equity_e18
            short[venue.owner(account)] -= standing.equity_e18
    return Tally(count, unknown, breaching, insolvent, equity, debt, dict(sorted(short.items())))
