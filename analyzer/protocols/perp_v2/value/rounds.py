"""Prices in the logs of Perp V2: after each swap, the pool's price of its market.

A pool's price is what traders pay there; margin counts the feed's index price, whose rounds are
logs of other contracts. Over a day the two move together, for funding makes them.

Source: `UniswapV3Pool.Swap`: sqrt(quote / base) as X96, both of 18 decimals, base is token0.
"""

from __future__ import annotations

from analyzer.model.book import Book
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.protocols.kit.arguments import integer
from analyzer.protocols.perp_v2.state.state import state_of
from analyzer.protocols.rounds import Round, Rounds


def _price(book: Book, event: Event) -> Round | None:
    """The price after a swap; None in a pool of no market of the book."""
    market = next((m for m in state_of(book).markets.values() if m.pool == event.address), None)
    if market is None:
        return None
    factor = next((a.factor for a in book.assets if a.asset_id == market.base_token), None)
    root = integer(event, "sqrtPriceX96")
    return None if factor is None else Round(factor, (root * root * WAD) >> 192, event.time)


ROUNDS = Rounds((("pool", "Swap"),), _price)
"""What the logs tell of prices."""
