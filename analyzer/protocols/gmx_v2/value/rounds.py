"""Prices in the logs of GMX V2: what keepers' transactions set, in the middle of their bounds.

Source: gmx-synthetics `OracleUtils.sol` (OraclePriceUpdate), with the oracle's own time.
"""

from __future__ import annotations

from analyzer.model.book import Book
from analyzer.model.logs import Event
from analyzer.protocols.gmx_v2.logs.sources import EMITTER
from analyzer.protocols.gmx_v2.state.state import GmxState, state_of
from analyzer.protocols.gmx_v2.value.prices import middle, to_e18
from analyzer.protocols.kit.arguments import integer, text
from analyzer.protocols.kit.named_data import named_event
from analyzer.protocols.rounds import Round, Rounds

_PRICE = "OraclePriceUpdate"


def _price(book: Book, event: Event) -> Round | None:
    """What a token is priced at from now on; None for any other event, and for a token of no
    market."""
    if event.args["eventName"] != _PRICE:
        return None
    state, told = state_of(book), named_event(event)
    token = state.tokens.get(text(told, "token"))
    if token is None:
        return None
    pair = integer(told, "minPrice"), integer(told, "maxPrice")
    price = to_e18(middle(pair), token.decimals)
    return Round(_factor(state, token.address), price, integer(told, "timestamp"))


def _factor(state: GmxState, token: str) -> str:
    """The risk factor of a token: its own, or that of a market of which it is the index."""
    if token in state.factors:
        return state.factors[token]
    markets = (m for m, found in state.markets.items() if found.ledger.index_token == token)
    return state.factors.get(next(markets, ""), token)


ROUNDS = Rounds(((EMITTER, "EventLog1"),), _price)
"""What the logs tell of prices."""
