"""Who of many Aave V3 accounts is liquidatable at each of some prices.

All in integers, or float64 first and integers for whoever it lets through. Both name the same
accounts.
"""

from __future__ import annotations

from typing import Any

from tests.benchmarks.entries.margins import book_of, rows_of
from tests.benchmarks.suite import Benchmark, Setting, Way, Work

FALLS = tuple(range(0, 40, 5))
"""Percent by which all prices but the dollar's fall, one after the other."""


def _fallen(prices: Any) -> list[Any]:
    """The prices after each fall."""
    found = []
    for percent in FALLS:
        changes = {
            asset: price.price_e18 * (100 - percent) // 100
            for asset, price in prices.by_asset.items()
            if price.price_e18 is not None and price.factor not in ("USDC", "USDT", "DAI")
        }
        found.append(prices.with_e18(changes))
    return found


def filtered(setting: Setting) -> Work:
    """Float64, then integers for whom it lets through; the filter is made before the clock runs,
    as it is once a book."""
    from analyzer.protocols.aave_v3.close.simulate.float_filter import float_filter_of
    from analyzer.protocols.aave_v3.value.value import value

    book, prices = book_of(setting)
    float_filter = float_filter_of(value(book, prices))

    def work() -> list[list[str]]:
        return [
            _below(valued, float_filter.candidates(valued.valuation))
            for valued in (value(book, fallen) for fallen in _fallen(prices))
        ]

    return work


def in_integers(setting: Setting) -> Work:
    """Integers for everybody."""
    from analyzer.protocols.aave_v3.value.value import value

    book, prices = book_of(setting)
    return lambda: [
        _below(valued, book.account_ids)
        for valued in (value(book, fallen) for fallen in _fallen(prices))
    ]


def _below(valued: Any, accounts: Any) -> list[str]:
    """Those of some accounts that the pool would liquidate."""
    from analyzer.protocols.aave_v3.value.liquidation_call import LIQUIDATION_THRESHOLD

    valuation = valued.valuation
    return [
        address
        for address in accounts
        if valuation.computed(address).health_factor < LIQUIDATION_THRESHOLD
    ]


BENCHMARK = Benchmark(
    name="thresholds",
    title=f"Who is liquidatable at {len(FALLS)} prices, Aave V3",
    unit="account",
    size=10_000,
    growth=(1_000, 10_000, 100_000),
    ways=(
        Way("float64, then integers", filtered, rows_of),
        Way("integers", in_integers, rows_of),
    ),
)
