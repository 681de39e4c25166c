"""A table book of as many accounts as one likes: loans, a few perps, some who hold a bit of all"""

from __future__ import annotations

from random import Random

from analyzer.contagion.cascade import Venue
from analyzer.model.book import Asset, Book, LegKind, make_book
from analyzer.model.integers import WAD
from analyzer.protocols.table import PLUG
from analyzer.protocols.table.rules import Kind, Rules, Terms
from analyzer.protocols.table.state.state import TablePrice, TableState

PERCENT = WAD // 100
ASSETS = (
    ("WETH", "ETH", 18, 2_000, Terms(Kind.COLLATERAL, 80 * PERCENT, 75 * PERCENT, 5 * PERCENT)),
    ("stETH", "stETH/ETH", 18, 1_990, Terms(Kind.COLLATERAL, 78 * PERCENT, 0, 7 * PERCENT)),
    ("USDC", "USDC", 6, 1, Terms(Kind.COLLATERAL, 90 * PERCENT, 85 * PERCENT, 4 * PERCENT)),
    ("USDC", "USDC", 6, 1, Terms(Kind.DEBT)),
    ("WETH", "ETH", 18, 2_000, Terms(Kind.DEBT)),
    ("PERP", "BTC", 8, 60_000, Terms(Kind.POSITION, 5 * PERCENT, 10 * PERCENT, 2 * PERCENT)),
    ("USD", "USD", 18, 1, Terms(Kind.CASH)),
)
"""(asset, factor, decimals, price, terms), the unit of account last."""
LOANS = ((0, 3), (1, 3), (1, 4), (2, 4))
"""(collateral, debt) of those who borrow: the third is quoted in what it is borrowed against."""


def crowd(accounts: int, seed: int = 7, close_factor: int = 50) -> Book:
    """Loans of 10 to a million dollars, a tenth of them perps, a tenth of them a bit of all."""
    chance, rows = Random(seed), list[list[tuple[int, int]]]()
    for number in range(accounts):
        value = 10 ** chance.uniform(1, 6)
        if number % 10 == 0:
            rows.append(_perp(chance, value))
        elif number % 10 == 1:
            loans = (_loan(chance, loan, value) for loan in LOANS)
            rows.append([leg for loan in loans for leg in loan])
        else:
            rows.append(_loan(chance, chance.choice(LOANS), value))
    prices = {
        asset: TablePrice(price * WAD, factor, asset == "USD", "by hand")
        for asset, factor, _, price, _ in ASSETS
    }
    rules = Rules("USD", close_factor * PERCENT, 95 * PERCENT, 100 * WAD, 1000 * WAD)
    terms = [own for *_, own in ASSETS]
    assets = [
        Asset(asset, asset, LegKind.COLLATERAL, decimals, factor)
        for asset, factor, decimals, _, _ in ASSETS
    ]
    state = TableState(rules, terms, prices, accounts, accounts, 0)
    return make_book([f"a{n:07d}" for n in range(accounts)], assets, rows, state)


def venue(book: Book) -> Venue:
    """The book in motion."""
    valued = PLUG.value(book, PLUG.prices(book))
    return Venue(
        name="table",
        simulation=PLUG.simulate(valued),
        factors={asset.asset_id: asset.factor for asset in book.assets},
        decimals={asset.asset_id: asset.decimals for asset in book.assets},
        fixed=frozenset({"USD"}),
    )


def _loan(chance: Random, loan: tuple[int, int], value: float) -> list[tuple[int, int]]:
    held, owed = loan
    return [(held, _units(held, value)), (owed, -_units(owed, value * chance.uniform(0.3, 0.79)))]


def _perp(chance: Random, value: float) -> list[tuple[int, int]]:
    """A position of 2 to 15 times the money behind it, long or short."""
    sign = chance.choice((1, -1))
    size = _units(5, value)
    worth = size * 60_000 * 10**10
    return [(5, sign * size), (6, -sign * worth + int(worth / chance.uniform(2, 15)))]


def _units(number: int, value: float) -> int:
    _, _, decimals, price, _ = ASSETS[number]
    return int(value / price * 10**decimals)
