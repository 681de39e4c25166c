"""The float64 twin against the exact margin at the same prices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nado_recording import recorded

from analyzer.protocols.nado import PLUG
from analyzer.protocols.nado.state.state import QUOTE
from analyzer.protocols.nado.value.reprice import reprice
from analyzer.protocols.nado.value.value import value

LARGE = 1e15
"""A requirement beyond this many whole units is no amount."""


@pytest.mark.parametrize("label", ["spread", "rally", "risk_change"])
def test_every_column_is_the_exact_one_at_every_shock(shared: Path, label: str) -> None:
    valued = recorded(shared).valued(label)
    factors = sorted({asset.factor for asset in valued.book.assets})
    shocks = np.random.default_rng(7).uniform(0.5, 1.6, (len(factors), 6))
    shocks[:, 0] = 1.0
    found = reprice(valued, factors, shocks)
    quote = valued.state.asset_id(QUOTE)
    for number in range(shocks.shape[1]):
        place = {factor: shocks[row, number] for row, factor in enumerate(factors)}
        moved = {
            price.asset_id: round(price.price_e18 * place[price.factor])
            for price in valued.prices.by_asset.values()
            if price.price_e18 and price.asset_id != quote
        }
        rows = PLUG.margin(value(valued.book, valued.prices.with_e18(moved)))
        for name, column in (
            ("equity_e18", found.equity),
            ("margin_equity_e18", found.margin_equity),
            ("maintenance_margin_e18", found.maintenance),
            ("initial_margin_e18", found.initial),
        ):
            exact = np.array([getattr(row, name) / 1e18 for row in rows])
            scale = np.maximum(np.abs(exact), 1.0)
            near = np.abs(column[:, number] - exact) <= 1e-9 * scale + 1e-6
            assert near[np.abs(exact) < LARGE].all(), name
            assert (column[:, number][np.abs(exact) >= LARGE] >= LARGE).all()


def test_a_factor_that_is_not_named_keeps_its_price_and_the_quote_product_always(
    shared: Path,
) -> None:
    valued = recorded(shared).valued("calm")
    still = reprice(valued, [], np.ones((0, 1)))
    quote = valued.state.spots[QUOTE].factor
    moved = reprice(valued, [quote, "nothing"], np.full((2, 1), 0.5))
    assert np.array_equal(still.equity, moved.equity)
    halved = reprice(valued, ["ETH"], np.full((1, 1), 0.5))
    assert not np.array_equal(still.equity, halved.equity)
