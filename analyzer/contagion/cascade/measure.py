"""What all accounts of some venues have now, asked of each protocol's own arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.contagion.cascade.measured import Measured
from analyzer.contagion.cascade.result import Tally
from analyzer.contagion.cascade.transmission import Changes, Equities
from analyzer.contagion.cascade.venue import Venue


@dataclass(frozen=True, slots=True)
class Change:
    """How two measurements differ, in 18 decimals: accounts, and accounts that are backstops.

    Only what is known in both counts.
    """

    accounts_e18: int
    funds_e18: int


def measure(venues: Sequence[Venue], before: Sequence[object] = ()) -> Equities:
    """The equity of every account of every venue; None where it is unknown. before: an earlier
    measurement of the same venues, whose names are shared."""
    out: Equities = []
    for number, venue in enumerate(venues):
        last = before[number] if before else None
        if isinstance(last, Measured):
            out.append(last.again(venue.equities()))
        else:
            names = {account: n for n, account in enumerate(venue.simulation.account_ids())}
            out.append(Measured(names, venue.equities()))
    return out


def change(venues: Sequence[Venue], before: Equities, after: Equities) -> Change:
    """What two measurements differ by in sum."""
    accounts = funds = 0
    for venue, old, new in zip(venues, before, after, strict=True):
        if old is new:
            continue
        for was, now in zip(old.values(), new.values(), strict=True):
            if was is not None and now is not None and was is not now:
                accounts += now - was
        for account in venue.funds:
            was, now = old.get(account), new.get(account)
            if was is not None and now is not None:
                funds += now - was
                accounts -= now - was
    return Change(accounts, funds)


def tallies(venues: Sequence[Venue], market: Changes | None = None) -> dict[str, Tally]:
    """venue -> its tally now. market: number of the venue -> the prices in the market that its
    protocol does not use; None = there are none."""
    return {
        venue.name: tally(venue, {} if market is None else market[number])
        for number, venue in enumerate(venues)
    }


def tally(venue: Venue, market_e18: Mapping[str, int]) -> Tally:
    """How many accounts of a venue stand where, and what is missing. market_e18: asset id -> price
    in the market, where the protocol uses another; an account whose equity there is not known is
    unknown."""
    unknown = breaching = insolvent = equity = debt = count = 0
    below: int | None = 0
    short: dict[str, int] = defaultdict(int)
    for account in venue.simulation.account_ids():
        if account in venue.funds:
            continue
        count += 1
        standing = venue.simulation.standing(account)
        there = None if standing is None else standing.equity_e18
        if there is not None and market_e18:
            there = venue.simulation.equity_at(account, market_e18)
        if standing is None or there is None:
            unknown += 1
            continue
        breaching += standing.breaches
        equity += standing.equity_e18
        free = standing.free_collateral_e18
        below = None if below is None or free is None else below + (free < 0 or standing.breaches)
        insolvent += standing.equity_e18 < 0
        debt -= min(standing.equity_e18, 0)
        if there < 0:
            short[venue.owner(account)] -= there
    return Tally(
        accounts=count,
        unknown=unknown,
        below_initial=below,
        breaching=breaching,
        insolvent=insolvent,
        equity_e18=equity,
        bad_debt_e18=debt,
        bad_debt_market_e18=sum(short.values()),
        owners_short_e18=dict(sorted(short.items())),
    )
