"""Prices in the logs of Derive V2: what its spot feeds were told.

Source: v2-core `LyraSpotFeed.SpotPriceUpdated`: 18 decimals of US dollars, with the time
that the signer says it is of.
"""

from __future__ import annotations

from analyzer.model.book import Book
from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.state.state import state_of
from analyzer.protocols.derive_v2.value.prices import factor_of
from analyzer.protocols.kit.arguments import integer
from analyzer.protocols.rounds import Round, Rounds


def _price(book: Book, event: Event) -> Round | None:
    """What the feed says from now on."""
    factor = factor_of(state_of(book), event.address)
    return Round(factor, integer(event, "spot"), integer(event, "timestamp"))


ROUNDS = Rounds((("SpotFeed", "SpotPriceUpdated"),), _price)
"""What the logs tell of prices."""
