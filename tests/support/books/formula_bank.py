"""A protocol of formulas, with a linear account, a maker's curve, and accounts not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.model.book import Asset, Book, LegKind, Price, Prices, make_book
from analyzer.protocols.base import Repriced

FACTORS = ("ETH", "BTC", "USD")
PRICE = {"ETH": 2000, "BTC": 30000, "USD": 1}
Margin = Callable[[int, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class At:
    """A book at prices."""

    book: Book
    prices: Prices


@dataclass
class Bank:
    """A protocol of formulas: account number, multipliers [factor, scenario] -> (X, E)."""

    margin: Margin
    asked: int = 0

    def reprice(self, valued: At, factors: Sequence[str], shocks: Any) -> Repriced:
        """X as margin equity, no requirement: only the difference is looked at."""
        book = valued.book
        self.asked += len(book) * shocks.shape[1]
        rows = {factor: shocks[number] for number, factor in enumerate(factors)}
        still = np.ones(shocks.shape[1])
        m = np.array([rows.get(factor, still) for factor in FACTORS])
        found = [self.margin(int(account), m) for account in book.account_ids]
        zero = np.zeros((len(book), shocks.shape[1]))
        headroom = np.array([x + zero[0] for x, _ in found]).reshape(zero.shape)
        equity = np.array([e + zero[0] for _, e in found]).reshape(zero.shape)
        return Repriced(equity, headroom, zero, zero)

    def value(self, book: Book, prices: Prices) -> At:
        """The book, and prices that no formula asks for."""
        return At(book, prices)

    def prices(self, book: Book) -> Prices:
        """One price an asset."""
        return Prices(
            {
                a.asset_id: Price(
                    a.asset_id, a.symbol, a.factor, PRICE[a.factor] * 10**18, "fresh", "here"
                )
                for a in book.assets
            }
        )


def book(legs: Sequence[Sequence[tuple[int, int]]]) -> Book:
    """Assets: 0 and 1 are collateral (ETH, USD), 2 and 3 positions (ETH, BTC)."""
    assets = [
        Asset("c-eth", "ETH", LegKind.COLLATERAL, 18, "ETH"),
        Asset("c-usd", "USD", LegKind.COLLATERAL, 6, "USD"),
        Asset("p-eth", "vETH", LegKind.POSITION, 18, "ETH"),
        Asset("p-btc", "vBTC", LegKind.POSITION, 18, "BTC"),
    ]
    return make_book([str(number) for number in range(len(legs))], assets, legs, None)


EMPTY: list[list[tuple[int, int]]] = [[], [], [], []]


def four(account: int, m: Any) -> tuple[Any, Any]:
    """Linear; a range that holds more as the price falls; unknown; unknown in some scenarios."""
    eth, btc, usd = m
    if account == 0:
        return 50 + 100 * eth - 30 * btc, 80 + 120 * eth - 20 * btc + 5 * usd
    if account == 1:
        return 10 * np.sqrt(eth) - 7, 12 * np.sqrt(eth) - 5
    if account == 2:
        return np.nan, np.nan
    return np.where(eth < 0.5, np.nan, 5 * eth), 5 * eth
