"""The section of a risk profile: changes of assets, and a VaR whose back-test failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from analyzer.report.html.content import DataTable
from analyzer.report.html.material import Material
from analyzer.report.html.profiled import Profiled
from analyzer.report.html.sections.risk import risk

ACCOUNT: dict[str, Any] = {
    "deployment": "bank", "account_id": "0xa", "verdict": "healthy", "positions": "ETH 5",
    "equity": 5, "gross_usd": 5.0, "usage": 0.5, "distance": -0.5, "touch_7d": 0.01,
    "es99_usd": 3.0, "es99_failed": False, "history": "prices.csv",
}  # fmt: skip


def asset(symbol: str, supplied: float | None, short: float = 0.0) -> dict[str, Any]:
    return {
        "deployment": "bank", "symbol": symbol, "holders": 1, "debtors": 0, "supplied": supplied,
        "long": 0.0, "short": short, "largest_share": 1.0, "unknown": 0,
    }  # fmt: skip


def tables(profiled: Profiled) -> dict[str, list[list[str]]]:
    """Table -> the texts of its rows."""
    section = risk(cast(Material, SimpleNamespace(profiled=profiled)))
    assert section is not None
    found = [block for block in section.blocks if isinstance(block, DataTable)]
    return {one.key: [[cell.text for cell in row.cells] for row in one.rows] for one in found}


def test_an_asset_changed_since_the_earlier_snapshot_a_new_one_from_nothing() -> None:
    now, before = [asset("ETH", 120.0, 7.0), asset("BTC", 40.0)], [asset("ETH", 150.0, 5.0)]
    rows = tables(Profiled([ACCOUNT], now, assets_before=before))["risk-assets"]
    assert [row[4:6] for row in rows] == [["120", "-30"], ["40", "+40"]]
    assert rows[0][8:10] == ["7", "+2"]


def test_without_an_earlier_block_or_value_a_change_is_unknown_and_not_zero() -> None:
    alone = tables(Profiled([ACCOUNT], [asset("ETH", 120.0)]))["risk-assets"]
    unvalued = Profiled([ACCOUNT], [asset("ETH", 1.0)], assets_before=[asset("ETH", None)])
    assert alone[0][5] == tables(unvalued)["risk-assets"][0][5] == "unknown"


def test_a_tail_whose_method_failed_its_back_test_is_marked() -> None:
    failed = tables(Profiled([{**ACCOUNT, "es99_failed": True}]))["risk-accounts"]
    fine = tables(Profiled([ACCOUNT]))["risk-accounts"]
    assert (failed[0][-1], fine[0][-1]) == ("3 failed", "3")
