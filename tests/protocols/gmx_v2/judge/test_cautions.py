"""What becomes a finding: the view that lags, capped profits, deleveraging, old prices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gmx_recording import LABELS, Recorded, recorded

from analyzer.model.rows import Caution
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.settings import DISABLED
from analyzer.protocols.gmx_v2.state.state import state_of
from analyzer.protocols.gmx_v2.value.value import GmxValued


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def said(valued: GmxValued) -> list[Caution]:
    """The cautions of a book."""
    return list(PLUG.cautions(valued, PLUG.margin(valued)))


def test_positions_that_the_view_calls_safe_are_those_of_the_recordings_own_list(
    seed_a: Recorded,
) -> None:
    for label in LABELS:
        found = {c.account_id for c in said(seed_a.valued(label)) if c.kind == "view_lags_fees"}
        positions = seed_a.truth[label]["positions"].items()
        lagging = {
            key
            for key, one in positions
            if one["base"]["liquidatable_with_pending_fees"] and not one["base"]["liquidatable"]
        }
        assert found == lagging
    cautions = said(seed_a.valued("H"))
    assert len(cautions) == 13
    for caution in cautions:
        amounts = caution.amounts
        assert amounts["lag_e18"] > 0
        assert amounts["view_remaining_e18"] > amounts["remaining_e18"]


def test_the_rally_caps_one_side_and_makes_deleveraging_due(seed_a: Recorded) -> None:
    found = said(seed_a.valued("F"))
    state = seed_a.state("F")
    names = {(c.kind, state.symbol(str(c.market_id).partition("/")[0])) for c in found}
    assert names == {
        ("pnl_capped", "SOL/USD [WETH-USDC]"),
        ("adl_due", "SOL/USD [WETH-USDC]"),
        ("adl_due", "WETH/USD [WETH-WETH]"),
    }
    (capped,) = (c for c in found if c.kind == "pnl_capped")
    cut = capped.amounts["pnl_e18"] - capped.amounts["paid_pnl_e18"]
    assert abs(cut - capped.amounts["cut_e18"]) <= 1
    assert {c.evidence["enabled by a keeper"] for c in found if c.kind == "adl_due"} == {"yes"}


def test_prices_older_than_the_datastore_allows_are_stale(seed_a: Recorded) -> None:
    statuses = {
        label: {price.status for price in seed_a.valued(label).prices.by_asset.values()}
        for label in LABELS
    }
    assert statuses.pop("B") == {"stale"}
    assert set(map(frozenset, statuses.values())) == {frozenset({"fresh"})}


def test_a_liquidatable_position_of_a_disabled_market_is_blocked(seed_a: Recorded) -> None:
    valued = seed_a.valued("H")
    state = state_of(valued.book)
    markets = {
        address: replace(market, settings={**market.settings, DISABLED: 1})
        for address, market in state.markets.items()
    }
    book = replace(valued.book, state=replace(state, markets=markets))
    stopped = PLUG.value(book, valued.prices)
    rows = PLUG.margin(stopped)
    blocked = [row.account_id for row in rows if row.status == "blocked"]
    assert blocked == [row.account_id for row in rows if row.liquidatable]
    found = [c for c in PLUG.cautions(stopped, rows) if c.kind == "paused_market"]
    assert [c.account_id for c in found] == blocked
    assert list(PLUG.simulate(stopped).breaching()) == []
