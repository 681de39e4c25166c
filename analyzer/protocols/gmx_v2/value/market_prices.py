"""The three prices that a market is asked with, and which bound of each a rule takes."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.protocols.gmx_v2.value.prices import Pair


@dataclass(frozen=True, slots=True)
class MarketPrices:
    """The pairs of a market's index, long and short token."""

    index: Pair
    long: Pair
    short: Pair

    def of_side(self, is_long: bool) -> Pair:
        """Of the token that backs a side."""
        return self.long if is_long else self.short


def low(pair: Pair) -> int:
    """The lower bound."""
    return pair[0]


def high(pair: Pair) -> int:
    """The upper bound."""
    return pair[1]


def pick(pair: Pair, maximize: bool) -> int:
    """The upper bound to maximize, else the lower one (`Price.pickPrice`)."""
    return pair[1] if maximize else pair[0]


def pick_for_pnl(pair: Pair, is_long: bool, maximize: bool) -> int:
    """The bound that gives a side its largest or its smallest profit (`pickPriceForPnl`)."""
    return pick(pair, maximize if is_long else not maximize)
