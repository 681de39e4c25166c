"""The book at given prices: what every stage after `book` takes."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.book import Book, Prices
from analyzer.protocols.gmx_v2.state.state import GmxState, state_of
from analyzer.protocols.gmx_v2.value.prices import GmxPrices, prices_of
from analyzer.protocols.gmx_v2.value.valuation import Valuation


@dataclass(frozen=True, slots=True)
class GmxValued:
    """A book at prices (see `base.Valued`). valuation: its positions' numbers."""

    book: Book
    prices: GmxPrices
    valuation: Valuation

    @property
    def state(self) -> GmxState:
        """The book's state."""
        return self.valuation.state


def value(book: Book, prices: Prices) -> GmxValued:
    """The book at `prices`. Prices without bounds of their own get the reference's, moved in
    proportion. Raises: TypeError for another protocol's book."""
    state = state_of(book)
    if not isinstance(prices, GmxPrices):
        changes = {
            asset: price.price_e18
            for asset, price in prices.by_asset.items()
            if price.price_e18 is not None
        }
        reference = prices_of(state, {})
        differing = {
            asset: value_e18
            for asset, value_e18 in changes.items()
            if reference.e18(asset) not in (None, value_e18)
        }
        moved = reference.with_e18(differing)
        missing = {a for a, price in prices.by_asset.items() if price.price_e18 is None}
        pairs = {a: pair for a, pair in moved.pairs.items() if a not in missing}
        prices = GmxPrices(prices.by_asset, pairs)
    return GmxValued(book, prices, Valuation(state, prices.pairs))
