"""A state at other prices of spot feeds and perps, and of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.book import Price, Prices
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.prices import at_prices


def moved(state: DeriveState, prices_e18: Mapping[str, int]) -> DeriveState:
    """`state` with the named spot feeds and open perps at these prices (18 decimals).

    Forwards keep their difference to spot, and so does a perp that is not named (up to its cap);
    base assets, cash and options have no price of their own.
    """
    spots = _only(prices_e18, state.feeds.spot)
    perps = _only(prices_e18, {a for a, p in state.perps.items() if not p.disabled})
    return at_prices(at_prices(state, spots), perps)


def _only(prices_e18: Mapping[str, int], wanted: Mapping[str, object] | set[str]) -> Prices:
    """The named prices of the wanted assets."""
    return Prices(
        {
            asset: Price(asset, asset, asset, price, "fresh", "given")
            for asset, price in prices_e18.items()
            if asset in wanted
        }
    )
