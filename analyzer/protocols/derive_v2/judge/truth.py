"""The judges: the contracts' own views, and what the rebuild says that each of them answers.

Asked only to compare: a recording without a single one of them gives the same numbers. A judge
that was recorded for some accounts only is asked for those only (auction prices: accounts that
ever had an auction; scenarios: accounts with more than cash); what is still missing is 'not
compared'. startAuction is a write, executed by eth_call: that it does not revert is the answer.
Source: views of derivexyz/v2-core 7736900d.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Judge
from analyzer.protocols.derive_v2.deployments import ABI_FOLDER
from analyzer.protocols.derive_v2.judge.judges import Bench
from analyzer.protocols.derive_v2.judge.judges_account import account_judges
from analyzer.protocols.derive_v2.judge.judges_shared import shared_judges
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.judging import judge_selectors

JUDGES: dict[str, tuple[str, ...]] = {
    "SubAccounts": (
        "getAccountBalances",
        "getBalance",
        "getUniqueAssets",
        "manager",
        "ownerOf",
    ),
    "CashAsset": (
        "accountIdIndex",
        "borrowIndex",
        "calculateBalanceWithInterest",
        "getCashToStableExchangeRate",
        "supplyIndex",
    ),
    "InterestRateModel": ("getBorrowRate",),
    "PerpAsset": (
        "frozenPerpPrice",
        "getFundingRate",
        "getImpactPrices",
        "getIndexPrice",
        "getPerpPrice",
        "getUnsettledAndUnrealizedCash",
        "isDisabled",
        "positions",
    ),
    "OptionAsset": ("accountTotalPosition", "calcSettlementValue"),
    "StandardManager": ("getIsolatedMargin", "getMargin", "getMarginAndMarkToMarket"),
    "PMRM_2": (
        "arrangePortfolio",
        "getMargin",
        "getMarginAndMarkToMarket",
        "getMarginAndMtM",
        "getScenarioPnL",
    ),
    "DutchAuction": (
        "getAuction",
        "getAuctionStatus",
        "getCurrentBidPrice",
        "getIsWithdrawBlocked",
        "getMarginAndMarkToMarket",
        "getMaxProportion",
        "isAuctionLive",
        "startAuction",
    ),
    "SpotFeed": ("getSpot",),
    "SpotDiffFeed": ("getResult",),
    "ForwardFeed": ("getForwardPrice", "getForwardPricePortions", "getSettlementPrice"),
    "VolFeed": ("getExpiryMinConfidence", "getVol"),
    "RateFeed": ("getInterestRate",),
}
"""Contract -> every view that computes or holds what the rebuild computes: none of them is asked
but to compare, and the list is wider than what `truth` asks."""

JUDGE_SELECTORS = judge_selectors(ABI_FOLDER, JUDGES)
"""Selectors (0x, lower case) of every judge: the rebuild uses none of them."""


def truth(
    valued: DeriveValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
) -> list[Judge]:
    """Questions about the shared contracts and each account of `account_ids`.

    A known account's row of margin is compared as it was written. `valued` is at the contracts' own
    prices, the only ones that views know. An account whose own reads failed is asked nothing.
    Raises: KeyError for an account that the state does not hold.
    """
    state = valued.state
    bench = Bench(state, valued.valuation)
    rows = {row.account_id: row for row in margin}
    out = list(shared_judges(bench))
    for account_id in account_ids:
        number = int(account_id)
        if number in state.unreadable:
            continue
        account = state.accounts[number]
        out += account_judges(bench, account, rows.get(account_id))
    return out
