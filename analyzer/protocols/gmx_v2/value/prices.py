"""Reference prices at the block: pairs of bounds, the last OraclePriceUpdate of each token.

A price of the house is one number, GMX's is a pair for the smallest unit. What people see, and what
a scenario moves, is the middle in 18 decimals; the pair itself stays exact beside it (`GmxPrices`),
and a moved price moves both of its bounds alike. Ids are tokens that may be pledged, and markets,
whose price is that of their index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from analyzer.model.book import Book, Price, Prices
from analyzer.protocols.gmx_v2.records import Token
from analyzer.protocols.gmx_v2.state.state import GmxState, state_of
from analyzer.protocols.kit.price_age import SourceTime, doubts_of
from analyzer.protocols.kit.unreadable import Unreadable

Pair: TypeAlias = tuple[int, int]
"""(lower, upper) bound, USD of 30 decimals for the smallest unit."""

_TO_E18 = 12
_SOURCE = "last OraclePriceUpdate in the logs"


@dataclass(frozen=True, slots=True)
class GmxPrices(Prices):
    """Prices with their exact bounds: asset id -> pair. Made of tokens, so that every market's
    index has the price of its token."""

    pairs: Mapping[str, Pair] = field(default_factory=dict)

    def with_e18(self, changes: Mapping[str, int]) -> GmxPrices:
        """These prices with some replaced (18 decimals); their bounds move in proportion, each
        rounded down."""
        base = Prices(self.by_asset).with_e18(changes)
        pairs = {asset: self.pairs[asset] for asset in self.pairs}
        for asset, value in changes.items():
            before = self.by_asset[asset].price_e18
            if asset in pairs and before:
                pairs[asset] = scaled(pairs[asset], value, before)
        return GmxPrices(base.by_asset, pairs)


def scaled(pair: Pair, numerator: int, denominator: int) -> Pair:
    """Both bounds times numerator / denominator, each rounded down, the lower at least 1."""
    low, high = (bound * numerator // denominator for bound in pair)
    return max(low, 1), max(high, 1)


def middle(pair: Pair) -> int:
    """The middle of a pair, rounded down (`Price.midPrice`)."""
    return (pair[0] + pair[1]) // 2


def to_e18(price: int, decimals: int) -> int:
    """A price for the smallest unit as one for a whole token, 18 decimals, rounded down."""
    return int(price * 10**decimals // 10**_TO_E18)


def prices(book: Book) -> GmxPrices:
    """The reference prices of every token that may be pledged and of every market."""
    return prices_of(state_of(book), {})


def prices_of(state: GmxState, pairs: Mapping[str, Pair]) -> GmxPrices:
    """The reference prices with the pairs of some tokens (by address) replaced, for all that they
    price."""
    shown: dict[str, Price] = {}
    bounds: dict[str, Pair] = {}
    for asset, token, symbol in _priced(state):
        logged = None if token.price is None else (token.price.low, token.price.high)
        pair = pairs.get(token.address, logged)
        price = _price(state, asset, token, symbol)
        if pair is not None and pair[0] > 0:
            bounds[asset] = pair
            price = replace(price, price_e18=to_e18(middle(pair), token.decimals))
        if token.address in pairs:
            price = replace(price, source="given")
        shown[asset] = price
    return GmxPrices(shown, bounds)


def _priced(state: GmxState) -> Iterator[tuple[str, Token, str]]:
    """(asset id, the token whose price it has, symbol) of everything that has a price here."""
    for market in state.markets.values():
        for address in market.ledger.collateral_tokens:
            yield address, state.tokens[address], state.tokens[address].symbol
    for address, market in state.markets.items():
        index = state.tokens.get(market.ledger.index_token)
        if index is not None:
            yield address, index, state.symbol(address)


def _price(state: GmxState, asset: str, token: Token, symbol: str) -> Price:
    """One price as its log and its age have it."""
    factor = state.factors.get(asset, token.symbol)
    source = _SOURCE if asset == token.address else f"{_SOURCE}, of {token.symbol}"
    if token.price is None:
        why = "no log has a price of it"
        return Price(asset, symbol, factor, None, "missing", source, None, why)
    found = token.price
    status, detail = _age(state, found.timestamp)
    if found.low <= 0 or found.high < found.low:
        status, detail = "invalid", f"bounds {found.low} and {found.high}"
    elif not token.decimals_known:
        detail += "; its decimals are not known: shown as if they were 18"
    return Price(asset, symbol, factor, None, status, source, found.timestamp, detail)


def _age(state: GmxState, timestamp: int) -> tuple[str, str]:
    """(status, detail) by the protocol's own limit, which holds for prices that a keeper brings.

    The limit is read at the block; where it was not, nobody says how old is too old.
    """
    doubts = doubts_of(SourceTime(timestamp), state.block_time)
    if doubts:
        return "doubtful", "; ".join(doubts)
    age, limit = state.block_time - timestamp, state.settings["MAX_ORACLE_PRICE_AGE"]
    if isinstance(limit, Unreadable):
        return "undated", f"age {age} s, MAX_ORACLE_PRICE_AGE not read: {limit.reason}"
    return ("stale" if age > limit else "fresh"), f"age {age} s, MAX_ORACLE_PRICE_AGE {limit} s"
