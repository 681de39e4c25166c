"""`analyzer risk liquidations`: what a liquidator earns by each account, now and after a fall.

The rule is the cascade's own (`contagion.cascade.visit`): of all closures that the contract offers
the one that gains most, at the largest amount that pays after slippage, gas and required return.
Every account is looked at as if it came first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from analyzer import __version__
from analyzer.contagion.cascade.run import at_the_block
from analyzer.contagion.cascade.state import State
from analyzer.contagion.cascade.unpaid import NO_MARKET
from analyzer.contagion.cascade.venue import terms_of
from analyzer.contagion.cascade.visit import best_choice
from analyzer.contagion.scenario import Liquidators, Scenario, Step
from analyzer.documents.clearing import (
    EconomyEntry,
    LiquidationsDocument,
)
from analyzer.documents.decisions import (
    DecisionRun,
)
from analyzer.market.depth.file import NO_DEPTH, load_depth
from analyzer.market.depth.route import Market
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.runs.risk.decisions.inputs import exit_code
from analyzer.runs.risk.decisions.kept import keep, liquidations_rows
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.snapshot.venues import venue_of
from analyzer.runs.stress.cascades import curves_for
from analyzer.runs.stress.twins import uniform_ray
from analyzer.store.snapshot import check_replaceable

ASSUMES = (
    "each account is looked at as if it came first: what others sell before it makes it dearer",
    "a near account is looked at after the fall, every price but a stable's alike",
    "a liquidator takes what pays after slippage along the stated depth, gas and required return;"
    " a protocol's own keeper may do more",
)


@dataclass(frozen=True, slots=True)
class EconomyOptions:
    """Whose. near: a fall of prices. gas_usd, required: what a liquidator asks for. out: the
    snapshot to write with the rows."""

    db: Path
    deployment: str
    near: float = 0.1
    gas_usd: float = 5.0
    required: float = 0.0
    depth: Path | None = None
    out: Path | None = None


def liquidations(options: EconomyOptions) -> LiquidationsDocument:
    """What liquidators earn. Raises: InputError for wrong input, or a protocol without closures."""
    asked = (options.near, options.required)
    if not all(0 <= share < 1 for share in asked) or not 0 <= options.gas_usd < math.inf:
        raise InputError(
            "--near and --required-return are shares from 0 to below 1, --gas an amount from 0"
        )
    if options.out is not None:
        check_replaceable(options.out)
    [scan] = read_books(options.db, (options.deployment,))
    file = NO_DEPTH if options.depth is None else load_depth(options.depth)
    if file.pools:
        raise InputError(f"{options.depth} names pools: give curves")
    market = curves_for([scan], file).market
    terms = Liquidators(
        gas_usd=Fraction(str(options.gas_usd)), required_return=Fraction(str(options.required))
    )
    now = {one.account_id: one for one in _entries(scan, market, terms, "now")}
    later = {} if not options.near else _near(scan, options.near, market, terms, now)
    entries = (*now.values(), *later.values())
    unpaid = [one for one in entries if one.profit_e18 is None]
    document = LiquidationsDocument(
        run=DecisionRun(
            __version__, int(exit_code(scan)), options.db.name, scan.deployment.name, ""
        ),
        near=options.near,
        gas_usd=options.gas_usd,
        required_share=options.required,
        accounts=entries,
        profit_e18=sum(one.profit_e18 or 0 for one in entries),
        unpaid=len(unpaid),
        left_e18=sum(one.left_e18 for one in unpaid),
        sentences=tuple(_sentences(tuple(now.values()), tuple(later.values()))),
        assumes=ASSUMES,
    )  # fmt: skip
    keep(options.db, options.out, liquidations_rows(document, scan.scan_id), {}, [scan.scan_id])
    return document


def _near(
    scan: ScanBook, near: float, market: Market, terms: Liquidators, now: Mapping[str, object]
) -> dict[str, EconomyEntry]:
    """Accounts that are in breach after the fall alone."""
    try:
        along = uniform_ray(sorted({asset.factor for asset in scan.book.assets}))
    except InputError:
        return {}
    beta = dict(zip(sorted({a.factor for a in scan.book.assets}), along.beta.tolist(), strict=True))
    moved = {
        asset: max(
            round(price.price_e18 * (1 - Fraction(str(near * beta.get(price.factor, 0.0))))), 1
        )
        for asset, price in scan.prices.by_asset.items()
        if price.price_e18 is not None and price.status != "fixed"
    }
    fallen = replace(
        scan, valued=scan.plug.value(scan.book, scan.prices.with_e18(moved))
    )  # fmt: skip
    found = _entries(fallen, market, terms, "near")
    return {one.account_id: one for one in found if one.account_id not in now}


def _entries(
    scan: ScanBook, market: Market, terms: Liquidators, when: str
) -> Iterator[EconomyEntry]:
    """An entry for each account that may be closed."""
    venue = venue_of(scan)
    scenario = Scenario("block", "the block", "the block", (Step(),), liquidators=terms)
    state, free = (at_the_block([venue], scenario, depth) for depth in (market, NO_MARKET))
    for account in venue.simulation.breaching():
        entry = _entry(state, free, account, when)
        if entry is not None:
            yield entry


def _entry(state: State, free: State, account: str, when: str) -> EconomyEntry | None:
    """One account; None where the contract offers nothing of it."""
    simulation = state.venues[0].simulation
    offers = simulation.offers(account)
    if not offers:
        return None
    best = best_choice(state, 0, account)
    standing = simulation.standing(account)
    equity = None if standing is None else standing.equity_e18
    executed = None
    if best is not None:
        whole = best.amount == best.offer.most
        executed = best.offer.largest if whole else simulation.preview(best.offer, best.amount)
    return EconomyEntry(
        account_id=account,
        when=when,
        equity_e18=equity,
        offered_e18=max(offer.largest.closure.value_e18 for offer in offers),
        taken_e18=0 if executed is None else executed.closure.value_e18,
        bonus_e18=None if executed is None else terms_of(executed).paid_e18,
        profit_e18=None if best is None else best.profit_e18,
        dust=best is None and best_choice(free, 0, account) is None,
        left_e18=max(-(equity or 0), 0) if best is None else 0,
    )


def _sentences(now: tuple[EconomyEntry, ...], near: tuple[EconomyEntry, ...]) -> Iterator[str]:
    """What matters, in words."""
    for when, entries in (("now", now), ("near", near)):
        if not entries:
            yield f"No account can be closed {'now' if when == 'now' else 'after the fall alone'}."
            continue
        paid = [one for one in entries if one.profit_e18 is not None]
        profit = sum(one.profit_e18 or 0 for one in paid) / WAD
        dust = sum(one.dust for one in entries)
        lacks = sum(one.left_e18 for one in entries) / WAD
        yield (
            f"{len(paid):,} of {len(entries):,} accounts that can be closed {when} pay somebody,"
            f" {profit:,.2f} in all if each came first; {len(entries) - len(paid):,} pay nobody"
            f" ({dust:,} are dust), and lack {lacks:,.2f}."
        )
