"""`analyzer risk liquidations` on the demo: the cascade's own rule, account by account."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.documents.clearing import (
    LiquidationsDocument,
)
from analyzer.model.errors import InputError
from analyzer.report.clearing import liquidations_page, liquidations_rows
from analyzer.runs.risk.decisions.economics import EconomyOptions, liquidations
from analyzer.runs.snapshot.sql import sql

AAVE = "aave-v3-devnet-7"


@pytest.fixture(scope="module")
def told(demo_snapshot: Path) -> LiquidationsDocument:
    return liquidations(EconomyOptions(demo_snapshot, AAVE))


def test_now_are_the_accounts_that_the_scan_says_can_be_closed(
    told: LiquidationsDocument, demo_snapshot: Path
) -> None:
    _, rows = sql(
        demo_snapshot,
        "SELECT account_id FROM margin JOIN scans USING (scan_id)"
        f" WHERE deployment = '{AAVE}' AND verdict IN ('liquidatable', 'insolvent')",
    )
    now = {one.account_id for one in told.accounts if one.when == "now"}
    assert now
    assert now <= {account for (account,) in rows}
    near = {one.account_id for one in told.accounts if one.when == "near"}
    assert near
    assert not near & now


def test_who_pays_nobody_is_what_the_scan_found(
    told: LiquidationsDocument, demo_snapshot: Path
) -> None:
    _, rows = sql(
        demo_snapshot,
        "SELECT account_id FROM findings JOIN scans USING (scan_id)"
        f" WHERE deployment = '{AAVE}' AND detector = 'unprofitable-liquidation'"
        " AND account_id IS NOT NULL AND json_extract_string(evidence, '$.scenario') IS NULL",
    )
    unpaid = {
        one.account_id for one in told.accounts if one.when == "now" and one.profit_e18 is None
    }
    assert {account for (account,) in rows} <= unpaid


def test_profit_is_bonus_less_gas_and_slippage(told: LiquidationsDocument) -> None:
    paid = [one for one in told.accounts if one.profit_e18 is not None]
    assert paid
    for one in paid:
        assert one.bonus_e18 is not None
        assert one.profit_e18 is not None
        assert 0 <= one.profit_e18 <= one.bonus_e18
        assert 0 <= one.taken_e18 <= one.offered_e18
        assert one.left_e18 == 0
        assert not one.dust
    assert told.profit_e18 == sum(one.profit_e18 or 0 for one in paid)


def test_whoever_asks_for_more_takes_less(told: LiquidationsDocument, demo_snapshot: Path) -> None:
    dear = liquidations(EconomyOptions(demo_snapshot, AAVE, near=0.0, gas_usd=1_000.0))
    cheap = {one.account_id: one for one in told.accounts if one.when == "now"}
    assert {one.account_id for one in dear.accounts} == set(cheap)
    assert dear.unpaid > sum(one.profit_e18 is None for one in cheap.values())
    for one in dear.accounts:
        assert (one.profit_e18 or 0) <= (cheap[one.account_id].profit_e18 or 0)


def test_the_page_and_the_rows_have_every_account(told: LiquidationsDocument) -> None:
    _, rows = liquidations_rows(told)
    assert len(rows) == len(told.accounts)
    assert len(liquidations_page(told)) > 3


def test_wrong_input_is_one_line(demo_snapshot: Path) -> None:
    with pytest.raises(InputError, match="--near"):
        liquidations(EconomyOptions(demo_snapshot, AAVE, near=1.0))
    for gas in (float("nan"), float("inf"), -1.0):
        with pytest.raises(InputError, match="--gas"):
            liquidations(EconomyOptions(demo_snapshot, AAVE, gas_usd=gas))
    with pytest.raises(InputError, match="no deployment 'nobody'"):
        liquidations(EconomyOptions(demo_snapshot, "nobody"))
