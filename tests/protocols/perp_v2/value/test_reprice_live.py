"""Repricing on the local chain: the exact margin of every account, at its prices and at others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from past import Past

from analyzer.model.rows import MarginRow
from analyzer.protocols.perp_v2.plug import PerpV2
from analyzer.protocols.perp_v2.records import MarketStatus
from analyzer.protocols.perp_v2.state.state import state_of

pytestmark = pytest.mark.chain

E18 = 10**18
COLUMNS = {
    "equity": "equity_e18",
    "margin_equity": "margin_equity_e18",
    "maintenance": "maintenance_margin_e18",
    "initial": "initial_margin_e18",
}


def exact(rows: list[MarginRow], column: str) -> npt.NDArray[np.float64]:
    return np.array([float(getattr(row, column)) / E18 for row in rows])


@pytest.mark.parametrize("label", ["calm", "stressed", "mid_liquidation", "after", "paused"])
def test_with_no_shock_it_is_the_exact_margin_of_every_account(past: Past, label: str) -> None:
    plug, book = PerpV2(), past.book(past.info.blocks[label])
    rows = list(plug.margin(plug.value(book, plug.prices(book))))
    found = plug.reprice(plug.value(book, plug.prices(book)), ["ETH", "BTC"], np.ones((2, 1)))
    assert len(rows) >= 300
    for name, column in COLUMNS.items():
        np.testing.assert_allclose(
            getattr(found, name)[:, 0], exact(rows, column), rtol=1e-10, atol=1e-6, err_msg=name
        )


def test_a_shock_of_reference_prices_is_the_exact_margin_of_accounts_without_ranges(
    past: Past,
) -> None:
    plug, book = PerpV2(), past.book(past.info.blocks["stressed"])
    state, prices = state_of(book), plug.prices(book)
    shocked = {
        asset.asset_id: price * 4 // 5
        for asset in book.assets
        if asset.factor == "ETH"
        and (price := prices.e18(asset.asset_id)) is not None
        and not (
            asset.asset_id in state.markets
            and state.markets[asset.asset_id].status != MarketStatus.OPEN
        )
    }
    rows = list(plug.margin(plug.value(book, prices.with_e18(shocked))))
    found = plug.reprice(plug.value(book, plug.prices(book)), ["ETH"], np.array([[0.8]]))
    takers = np.array(
        [
            not any(held.orders for held in state.accounts[address].markets.values())
            for address in book.account_ids
        ]
    )
    assert takers.sum() > 200
    for name, column in COLUMNS.items():
        np.testing.assert_allclose(
            getattr(found, name)[takers, 0],
            exact(rows, column)[takers],
            rtol=1e-10,
            atol=1e-6,
            err_msg=name,
        )
