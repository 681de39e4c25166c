"""The equities of a table's accounts at once: a slot is an asset of the book, by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analyzer.protocols.kit.equities import Equities
from analyzer.protocols.table.value.account import Leg, Valuation


def of_book(valuation: Valuation) -> Equities:
    """Of all accounts, as they are in the book, at the valuation's prices."""
    book = valuation.book
    owner = np.repeat(np.arange(len(book)), np.diff(book.indptr))
    units = [10**asset.decimals for asset in book.assets]
    return _priced(Equities(len(book), owner, book.asset, book.amount, units), valuation)


def of_legs(valuation: Valuation, legs: Sequence[Sequence[Leg]]) -> Equities:
    """Of accounts with these legs, at the valuation's prices."""
    every = [(place, *leg) for place, own in enumerate(legs) for leg in own]
    units = [10**asset.decimals for asset in valuation.book.assets]
    found = Equities(
        len(legs), [leg[0] for leg in every], [leg[1] for leg in every], [leg[2] for leg in every],
        units,
    )  # fmt: skip
    return _priced(found, valuation)


def move_to(
    equities: Equities, numbers: Mapping[str, Sequence[int]], prices_e18: Mapping[str, int]
) -> None:
    """Prices from now on. numbers: asset -> its numbers in the book."""
    for asset, price in prices_e18.items():
        for number in numbers.get(asset, ()):
            equities.move(number, price)


def _priced(equities: Equities, valuation: Valuation) -> Equities:
    """With the valuation's prices; whoever has a leg without one is never known."""
    for number in range(len(valuation.book.assets)):
        price = valuation.price_e18(number)
        if price is None:
            equities.never_known(equities.owners(number))
        else:
            equities.move(number, price)
    return equities
