"""One sale over several venues: each takes so much that all end at the same marginal price.

A curve says what a venue's price is after v dollars were sold to it, over its price before; that
is the marginal price. Selling one dollar less where it is lower and one more where it is higher
gains, until they are equal (water-filling). Venues whose first price is below that get nothing.

Source: equal marginal prices, the first-order condition of a concave proceeds function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.market.depth.impact import ImpactCurve

_HALVINGS = 200
_ENOUGH = 1e-12
"""Relative width of a bracket that is no longer halved."""


@dataclass(frozen=True, slots=True)
class Split:
    """amounts: what each venue takes, USD at the prices before; received: what it fetches; price:
    the marginal price at which all end, over the price before; unsold: what no venue bears."""

    amounts: tuple[float, ...]
    received: float
    price: float
    unsold: float


def split(amount: float, venues: Sequence[ImpactCurve]) -> Split:
    """`amount` (USD at the price before, not negative) over venues that quote the same asset.

    Raises: ValueError for a negative amount or no venue.
    """
    if not venues or not amount >= 0:
        raise ValueError(f"a split needs a venue and an amount from 0, not {amount!r}")
    bearable = sum(venue.most_sellable for venue in venues)
    sold = min(amount, bearable)
    low, high = 0.0, max(venue.price_ratio(0.0) for venue in venues)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if sum(_until(venue, middle, sold) for venue in venues) > sold:
            low = middle
        else:
            high = middle
        if high - low <= _ENOUGH * high:
            break
    amounts = [_until(venue, high, sold) for venue in venues]
    # What rounding left over: to the venue with the most room at this price.
    rest = sold - sum(amounts)
    room = max(range(len(venues)), key=lambda n: venues[n].most_sellable - amounts[n])
    amounts[room] += max(rest, 0.0)
    received = sum(
        part * venue.average_ratio(0.0, part)
        for part, venue in zip(amounts, venues, strict=True)
        if part
    )
    return Split(tuple(amounts), received, high, amount - sold)


def _until(venue: ImpactCurve, price: float, most: float) -> float:
    """How much a venue takes before its marginal price is below `price`, at most `most`."""
    top = min(most, venue.most_sellable)
    if venue.price_ratio(top) >= price:
        return top
    if venue.price_ratio(0.0) <= price:
        return 0.0
    low, high = 0.0, top
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if venue.price_ratio(middle) >= price:
            low = middle
        else:
            high = middle
        if high - low <= _ENOUGH * top:
            break
    return low
