"""The judges: the Reader's views at the block's prices, and what the rebuild says they answer.

Asked only to compare: a recording without a single one of them gives the same numbers. What a view
echoes of the DataStore is in its answer, and is no proof of a rule: the page of this folder counts
without it.
Source: views of gmx-synthetics v2.2 (`Reader.sol`).
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Judge
from analyzer.protocols.gmx_v2.deployments import ABI_FOLDER
from analyzer.protocols.gmx_v2.judge.judges import Bench
from analyzer.protocols.gmx_v2.judge.judges_market import market_judges
from analyzer.protocols.gmx_v2.judge.judges_position import position_judges
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.judging import judge_selectors

JUDGES: dict[str, tuple[str, ...]] = {
    "Reader": (
        "getAccountPositionInfoList",
        "getAccountPositions",
        "getAdlState",
        "getExecutionPrice",
        "getMarket",
        "getMarketInfo",
        "getMarketTokenPrice",
        "getMarkets",
        "getNetPnl",
        "getOpenInterestWithPnl",
        "getPendingPositionImpactPoolDistributionAmount",
        "getPnl",
        "getPnlToPoolFactor",
        "getPosition",
        "getPositionInfo",
        "getPositionPnlUsd",
        "isPositionLiquidatable",
    ),
}
"""Every view of the Reader that computes or holds what the rebuild computes."""

JUDGE_SELECTORS = judge_selectors(ABI_FOLDER, JUDGES)
"""Selectors (0x, lower case) of every judge: the rebuild uses none of them."""


def truth(
    valued: GmxValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
) -> list[Judge]:
    """Questions about every market, then about each position of `account_ids`.

    A known position's row of margin is compared as it was written. Raises: KeyError.
    """
    bench = Bench(valued, {row.account_id: row for row in margin})
    out = [judge for market in valued.state.markets for judge in market_judges(bench, market)]
    for key in account_ids:
        out += position_judges(bench, valued.state.positions[key])
    return out
