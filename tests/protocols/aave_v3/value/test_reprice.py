"""Margin under shocked prices, against the exact margin at the same prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from aave_market import ALICE, BOB, E18, USD, account, market, reserve
from bare_book import bare_book

from analyzer.model.book import Book, Prices
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.margin import margin
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.reprice import reprice
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable

ETH = reserve(0, "WETH", 2_000 * USD)
DAI = reserve(1, "DAI")
SHOCKS = np.array([[1.0, 0.5, 1.25], [1.0, 1.0, 0.9]])
FACTORS = ("WETH", "DAI")


def a_market(revision: int) -> AaveState:
    """Two borrowers, one of them with two collaterals."""
    return market(
        revision,
        [ETH, DAI],
        [
            account(supplied={"WETH": E18}, borrowed={"DAI": 1_000 * E18}),
            account(
                BOB,
                supplied={"WETH": 3 * E18, "DAI": 500 * E18},
                borrowed={"WETH": E18},
                collateral=(0, 1),
            ),
        ],
    )


def book_of(state: AaveState) -> Book:
    """A book with no legs: reprice needs the accounts' order only."""
    addresses = list(state.accounts)
    empty = np.zeros(0, dtype=np.int32)
    return Book(addresses, addresses, [], np.zeros(3, dtype=np.int64), empty, [], state)


def shocked(state: AaveState, scenario: int) -> Prices:
    """The exact prices of one scenario."""
    prices = reference_prices(state)
    return prices.with_e18(
        {
            r.asset: int(prices.by_asset[r.asset].price_e18 or 0)
            * round(SHOCKS[FACTORS.index(r.symbol), scenario] * 100)
            // 100
            for r in state.reserves.values()
        }
    )


@pytest.mark.parametrize("revision", [1, 10])
def test_every_scenario_equals_the_exact_margin_at_its_prices(revision: int) -> None:
    state = a_market(revision)
    found = reprice(value(book_of(state), reference_prices(state)), FACTORS, SHOCKS)
    for scenario in range(SHOCKS.shape[1]):
        rows = margin(value(bare_book(state), shocked(state, scenario)))
        for number, row in enumerate(rows):
            exact = (
                row.equity_e18,
                row.margin_equity_e18,
                row.maintenance_margin_e18,
                row.initial_margin_e18,
            )
            floats = (
                found.equity[number, scenario],
                found.margin_equity[number, scenario],
                found.maintenance[number, scenario],
                found.initial[number, scenario],
            )
            # Revision 1 floors the average threshold to whole bps.
            assert [float(x or 0) / 1e18 for x in exact] == pytest.approx(floats, rel=2e-4)


def test_a_factor_that_is_not_named_keeps_its_price() -> None:
    state = a_market(10)
    found = reprice(value(book_of(state), reference_prices(state)), ("DAI",), np.array([[0.0]]))
    assert found.equity[:, 0].tolist() == [2_000.0, 4_000.0]


def test_an_unknown_account_is_not_a_number() -> None:
    state = replace(a_market(10), unreadable={ALICE: Unreadable("a price", "is gone")})
    found = reprice(value(book_of(state), reference_prices(state)), FACTORS, SHOCKS)
    assert np.isnan(found.equity[0]).all()
    assert not np.isnan(found.equity[1]).any()
