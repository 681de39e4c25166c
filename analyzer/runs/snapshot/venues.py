"""An opened scan as a venue of a cascade, and what bounds its losses."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.contagion.cascade import Venue
from analyzer.findings.shortfall import BEARING
from analyzer.model.rows import BackstopRow
from analyzer.runs.snapshot.books import ScanBook

_FIXED = "fixed"
"""The status of a price that no market moves: a unit of account, a closed market."""
_E18_DECIMALS = 18


def venue_of(scan: ScanBook, funds: frozenset[str] | None = None) -> Venue:
    """The venue of a scan, with a simulation of its own: a cascade changes it, so every run needs
    a new one. funds: the accounts that are layers of its waterfall, where they are known already.

    Raises: InputError for a protocol that has no simulation.
    """
    book, prices = scan.book, scan.prices.by_asset
    assets = {asset.asset_id: asset for asset in book.assets}
    return Venue(
        name=scan.deployment.name,
        simulation=scan.plug.simulate(scan.valued),
        factors={
            **{asset_id: asset.factor for asset_id, asset in assets.items()},
            **{asset_id: price.factor for asset_id, price in prices.items()},
        },
        decimals={
            **dict.fromkeys(prices, _E18_DECIMALS),
            **{asset_id: asset.decimals for asset_id, asset in assets.items()},
        },
        owners=dict(zip(book.account_ids, book.owners, strict=True)),
        funds=funds_of(scan) if funds is None else funds,
        fixed=frozenset(a for a, price in prices.items() if price.status == _FIXED),
        contracts=scan.deployment.contracts,
        restart=lambda: scan.plug.simulate(scan.valued),
        symbols={asset_id: asset.symbol for asset_id, asset in assets.items()},
        chain_id=scan.deployment.chain_id,
    )


def funds_of(scan: ScanBook) -> frozenset[str]:
    """The accounts of the book that are layers of the loss waterfall themselves: no owner's."""
    return funds_among(scan.plug.backstops(scan.valued), scan.book.account_ids)


def funds_among(rows: Sequence[BackstopRow], account_ids: Sequence[str]) -> frozenset[str]:
    """Those of `account_ids` that are layers of the loss waterfall `rows`."""
    return frozenset(
        row.account_id
        for row in rows
        if row.account_id is not None and row.kind in BEARING and not row.voluntary
    ).intersection(account_ids)


def bounded_layers(rows: Sequence[BackstopRow]) -> list[BackstopRow]:
    """The layers that must pay, and can pay only so much."""
    return [row for row in rows if row.kind in BEARING and not row.voluntary and not row.unlimited]


def bounded_capacity_e18(rows: Sequence[BackstopRow]) -> int | None:
    """What the bounded layers that must pay can bear together, 18 decimals; None when one of them
    could not be read. A layer that is in debt itself counts with its debt."""
    capacities = [row.capacity_e18 for row in bounded_layers(rows)]
    if any(capacity is None for capacity in capacities):
        return None
    return sum(capacity for capacity in capacities if capacity is not None)
