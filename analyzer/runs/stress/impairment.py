"""A scenario's impairment on opened scans: whether they hold the token, and who would bear it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.cascade import Venue
from analyzer.contagion.networks.impairment import (
    Allocation,
    Bearer,
    Holder,
    Parts,
    Side,
    allocate,
    total_e18,
)
from analyzer.contagion.scenario import Impairment, Scenario
from analyzer.documents.contagion import ImpairmentChain, ImpairmentEntry, ImpairmentPart
from analyzer.model.errors import InputError
from analyzer.model.integers import mul_div
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.venues import venue_of


def check_impairments(scenarios: Iterable[Scenario], scans: Sequence[ScanBook]) -> None:
    """Raises: InputError for an impairment of a token that no book has or nobody holds, that none
    has where it happened, or whose price no market moves."""
    for scenario in scenarios:
        found = scenario.impairment
        if found is None:
            continue
        venues = [venue_of(scan) for scan in scans]
        having = [(venue, assets) for venue in venues if (assets := _assets(venue, found))]
        if not having:
            known = sorted({s for venue in venues for s in venue.symbols.values()})
            raise InputError(
                f"no book has {found.asset}, which the impairment names"
                f" (there are: {', '.join(known) or 'none'})"
            )
        there = [pair for pair in having if found.reaches(pair[0].name, pair[0].chain_id)]
        if not there:
            places = sorted({n for v, _ in having for n in (v.name, str(v.chain_id))})
            raise InputError(
                f"the impairment of {found.asset} is in '{found.where}', where no book has it"
                f" (there is: all, {', '.join(places)})"
            )
        reached = {venue.name for venue, _ in there}
        if not any(
            len(_legs(scan, venue, found))
            for scan, venue in zip(scans, venues, strict=True)
            if venue.name in reached
        ):
            raise InputError(
                f"no account holds or owes {found.asset}, which the impairment names: a loss of"
                " nothing would say nothing of anybody"
            )
        for venue, assets in there:
            if any(asset in venue.fixed for asset in assets):
                raise InputError(
                    f"the price of {found.asset} is fixed in {venue.name}: no impairment moves it"
                )


def impairment_entry(scenario: Scenario, scans: Sequence[ScanBook]) -> ImpairmentEntry | None:
    """The loss of a scenario's impairment under every allocation; None where it has none. At the
    block's prices, in the protocol's own arithmetic."""
    found = scenario.impairment
    if found is None:
        return None
    holders, gained, unknown, layers = list[Holder](), 0, 0, {}
    names, chains = dict[tuple[str, str], str](), dict[str, int]()
    for scan in scans:
        venue = venue_of(scan)
        chains[venue.name] = venue.chain_id
        layers[venue.name] = venue.simulation.backstops()
        names |= {(venue.name, asset): symbol for asset, symbol in venue.symbols.items()}
        there = found.reaches(venue.name, venue.chain_id)
        for holder in _holders(scan, venue, found):
            if holder is None:
                unknown += 1
            elif holder.loses_e18 >= 0:
                holders.append(holder)
            elif there:
                gained -= holder.loses_e18
    by_rule = {rule: allocate(holders, layers, rule) for rule in Allocation}
    return ImpairmentEntry(
        asset=found.asset,
        share=float(found.share),
        where=found.where,
        oracle=str(found.oracle),
        total_e18=total_e18(holders),
        gained_e18=gained,
        unknown=unknown,
        parts=tuple(
            ImpairmentPart(
                bears=str(bearer.side),
                name=_name(bearer, found, names),
                deployment=bearer.deployment,
                chain_id=chains[bearer.deployment],
                amounts_e18=_amounts(by_rule, [bearer]),
            )
            for bearer in sorted({bearer for parts in by_rule.values() for bearer in parts})
        ),
        chains=tuple(
            ImpairmentChain(chain, _amounts(by_rule, _on_chain(by_rule, chains, chain)))
            for chain in sorted(set(chains.values()))
        ),
    )


def _assets(venue: Venue, found: Impairment) -> list[str]:
    """The venue's assets that the impairment names."""
    return [a for a in venue.factors if found.names(a, venue.symbols.get(a, ""))]


def _legs(scan: ScanBook, venue: Venue, found: Impairment) -> NDArray[np.int64]:
    """The places of the book's legs in the token, of those without a price too: their holders are
    unknown."""
    named = {*_assets(venue, found)}
    numbers = [n for n, asset in enumerate(scan.book.assets) if asset.asset_id in named]
    return np.flatnonzero(np.isin(scan.book.asset, numbers))


def _holders(scan: ScanBook, venue: Venue, found: Impairment) -> Iterator[Holder | None]:
    """Every account with a leg in the token; None for one whose equity is not known. A loss below
    zero is a gain, of who owes more of it than it has."""
    prices, book = dict(venue.simulation.prices_e18()), scan.book
    funds = {row.account_id: row.name for row in venue.simulation.backstops()}
    impaired = {
        a: max(int(prices[a] * found.left), 1) for a in _assets(venue, found) if a in prices
    }
    legs = _legs(scan, venue, found)
    accounts = np.unique(np.searchsorted(book.indptr, legs, side="right") - 1)
    for number in accounts.tolist():
        account = book.account_ids[number]
        standing = venue.simulation.standing(account)
        after = venue.simulation.equity_at(account, impaired)
        if standing is None or after is None:
            yield None
            continue
        owes: dict[str, int] = {}
        for asset, amount in book.legs(number):
            if amount < 0 and asset.asset_id in prices:
                value = mul_div(-amount, prices[asset.asset_id], 10**asset.decimals)
                owes[asset.asset_id] = owes.get(asset.asset_id, 0) + value
        yield Holder(
            deployment=venue.name,
            account_id=account,
            equity_e18=standing.equity_e18,
            loses_e18=standing.equity_e18 - after,
            there=found.reaches(venue.name, venue.chain_id),
            owes_e18=owes,
            fund=funds.get(account, account) if account in venue.funds else "",
        )


def _name(bearer: Bearer, found: Impairment, names: dict[tuple[str, str], str]) -> str:
    """The reserve of holders and lenders by its symbol, a backstop by its name."""
    if bearer.side is Side.HOLDERS:
        return found.asset
    if bearer.side is Side.BACKSTOP:
        return bearer.name
    return names.get((bearer.deployment, bearer.name), bearer.name) or "unit of account"


def _on_chain(by_rule: dict[Allocation, Parts], chains: dict[str, int], chain: int) -> set[Bearer]:
    """Who bears something on a chain."""
    return {b for parts in by_rule.values() for b in parts if chains[b.deployment] == chain}


def _amounts(by_rule: dict[Allocation, Parts], bearers: Iterable[Bearer]) -> dict[str, int]:
    """Allocation -> what these bear under it together."""
    some = list(bearers)
    return {str(rule): sum(parts.get(b, 0) for b in some) for rule, parts in by_rule.items()}
