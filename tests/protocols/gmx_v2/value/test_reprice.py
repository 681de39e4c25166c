"""Margins of all positions under many prices at once, against each exactly valued book."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gmx_recording import Recorded, recorded

from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.state.state import state_of
from analyzer.protocols.gmx_v2.value.prices import prices_of
from analyzer.protocols.gmx_v2.value.value import GmxValued, value

FACTORS = ("ETH", "BTC", "SOL")
SHOCKS = np.array([[1.0, 0.7, 1.3, 1.0, 0.5], [1.0, 0.8, 1.2, 1.0, 2.0], [1.0, 0.9, 1.5, 1.4, 0.6]])
WITHIN = 1e-6
"""Of the size of a position: units of collateral, and digits of floats."""


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def exact(valued: GmxValued, scenario: int) -> GmxValued:
    """The same book at one scenario's prices."""
    state = state_of(valued.book)
    times = dict(zip(FACTORS, SHOCKS[:, scenario], strict=True))
    pairs = {}
    for address, token in state.tokens.items():
        assert token.price is not None
        factor = {"WETH": "ETH", "WBTC": "BTC"}.get(token.symbol, token.symbol)
        by = times.get(factor, 1.0)
        pairs[address] = (int(token.price.low * by), int(token.price.high * by))
    return value(valued.book, prices_of(state, pairs))


@pytest.mark.parametrize("label", ["A", "F", "H"])
def test_every_margin_is_that_of_the_valued_book(seed_a: Recorded, label: str) -> None:
    valued = seed_a.valued(label)
    repriced = PLUG.reprice(valued, FACTORS, SHOCKS)
    for scenario in range(SHOCKS.shape[1]):
        rows = PLUG.margin(exact(valued, scenario))
        for number, row in enumerate(rows):
            size = seed_a.state(label).positions[row.account_id].size_in_usd / 1e30
            for name, exactly in (
                ("equity", row.equity_e18),
                ("margin_equity", row.margin_equity_e18),
                ("maintenance", row.maintenance_margin_e18),
                ("initial", row.initial_margin_e18),
            ):
                assert exactly is not None
                found = getattr(repriced, name)[number, scenario]
                assert abs(found - exactly / 1e18) <= WITHIN * size, (name, row.account_id)


def test_where_nothing_moves_it_is_off_by_the_units_of_collateral_at_most(seed_a: Recorded) -> None:
    valued = seed_a.valued("F")
    repriced = PLUG.reprice(valued, FACTORS, np.ones((3, 1)))
    for number, row in enumerate(PLUG.margin(valued)):
        assert row.margin_equity_e18 is not None
        expected = row.margin_equity_e18 / 1e18
        size = seed_a.state("F").positions[row.account_id].size_in_usd / 1e30
        assert abs(repriced.margin_equity[number, 0] - expected) <= 0.01 + 1e-11 * size


def test_shocks_of_another_shape_are_refused(seed_a: Recorded) -> None:
    with pytest.raises(ValueError, match="3 factors"):
        PLUG.reprice(seed_a.valued("A"), FACTORS, np.ones((2, 1)))
