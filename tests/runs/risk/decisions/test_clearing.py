"""`analyzer risk clearing` on the demo: the fund, the shares, and who matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.documents.clearing import (
    ClearingDocument,
)
from analyzer.model.errors import InputError
from analyzer.report.clearing import clearing_page, clearing_rows
from analyzer.runs.risk.decisions import clearing as module
from analyzer.runs.risk.decisions.clearing import ClearingOptions, clearing
from analyzer.runs.snapshot.sql import sql

PERP = "perp-v2-devnet-7"


@pytest.fixture(scope="module")
def told(demo_snapshot: Path, prices: Path) -> ClearingDocument:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DRAWS", 100)
        patch.setattr(module, "FEW", 30)
        patch.setattr(module, "PLAYERS", 3)
        patch.setattr(module, "NAMED", 4)
        options = ClearingOptions(demo_snapshot, PERP, prices, ("USDC", "DAI"))
        return clearing(options, lambda *_: None)


def test_the_fund_is_that_of_the_snapshot(told: ClearingDocument, demo_snapshot: Path) -> None:
    _, rows = sql(
        demo_snapshot,
        "SELECT capacity_e18 FROM backstops JOIN scans USING (scan_id)"
        f" WHERE deployment = '{PERP}' AND kind = 'fund' AND NOT voluntary",
    )
    assert told.fund_e18 == sum(amount for (amount,) in rows)
    assert told.fund_to_open_interest == pytest.approx(
        told.fund_e18 / 1e18 / told.open_interest_usd
    )


def test_covers_stand_in_their_order(told: ClearingDocument) -> None:
    assert [one.scenarios for one in told.covers] == [
        "all days of the history", "broad downturn", "broken correlation",
    ]  # fmt: skip
    assert told.fund_e18 is not None
    fund = told.fund_e18 / 1e18
    for one in told.covers:
        assert one.cover_1_usd <= one.cover_2_usd <= one.worst_usd * (1 + 1e-9)
        assert one.mean_usd <= one.worst_usd
        assert one.covered_1 is (one.cover_1_usd <= fund)
        assert one.exhausted is not None
        assert (one.exhausted > 0) is (one.worst_usd > fund)
    assert told.covers[0].mean_usd < told.covers[1].mean_usd


def test_owners_are_told_by_what_their_rescue_saves(told: ClearingDocument) -> None:
    saved = [one.saved_usd for one in told.owners]
    assert saved == sorted(saved, reverse=True)
    assert sum(one.shapley_usd is not None for one in told.owners) == 3
    assert {one.what for one in told.shares} >= {"owner", "oracle"}
    assert all(0 < one.share <= 1 for one in told.shares)


def test_the_page_and_the_rows_have_every_set(told: ClearingDocument) -> None:
    columns, rows = clearing_rows(told)
    assert len(rows) == 3
    assert columns[0] == "scenarios"
    assert len(clearing_page(told)) > 5


def test_a_factor_without_prices_is_wrong_input(demo_snapshot: Path, prices: Path) -> None:
    with pytest.raises(InputError, match="has no prices of USDC"):
        clearing(ClearingOptions(demo_snapshot, PERP, prices), lambda *_: None)
