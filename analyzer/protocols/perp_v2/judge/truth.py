"""The judges: the contract's own views, and what the rebuild says that each of them answers.

Asked only to compare, never to compute: a node that refuses every selector of `JUDGE_SELECTORS`
changes no number of a scan. Accounts are judged at the contract's own prices, whatever their age,
so an account that is unknown for a stale price is still compared. A known account's row of margin
is compared as it was written, not as it would be computed again.
Source: views of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import MarginRow
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.judging import judge_selectors
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.protocols.perp_v2.deployments import ABI_FOLDER
from analyzer.protocols.perp_v2.judge.judges import (
    Bench,
    market_judges,
    protocol_judges,
)
from analyzer.protocols.perp_v2.judge.judges_account import account_judges
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued

JUDGES: dict[str, tuple[str, ...]] = {
    "Vault": (
        "getAccountValue",
        "getBalance",
        "getBalanceByToken",
        "getCollateralMmRatio",
        "getCollateralTokens",
        "getFreeCollateral",
        "getFreeCollateralByRatio",
        "getFreeCollateralByToken",
        "getLiquidatableCollateralBySettlement",
        "getMarginRequirementForCollateralLiquidation",
        "getMaxRepaidSettlementAndLiquidatableCollateral",
        "getRepaidSettlementByCollateral",
        "getSettlementTokenValue",
        "isLiquidatable",
    ),
    "ClearingHouse": ("getAccountValue",),
    "AccountBalance": (
        "getAccountInfo",
        "getBase",
        "getBaseTokens",
        "getLiquidatablePositionSize",
        "getMarginRequirementForLiquidation",
        "getMarkPrice",
        "getPnlAndPendingFee",
        "getQuote",
        "getTakerOpenNotional",
        "getTakerPositionSize",
        "getTotalAbsPositionValue",
        "getTotalDebtValue",
        "getTotalOpenNotional",
        "getTotalPositionSize",
        "getTotalPositionValue",
        "hasOrder",
    ),
    "Exchange": (
        "getAllPendingFundingPayment",
        "getPendingFundingPayment",
        "getPnlToBeRealized",
        "getSqrtMarkTwapX96",
        "getSqrtMarketTwapX96",
        "isOverPriceSpread",
    ),
    "OrderBook": (
        "getLiquidityCoefficientInFundingPayment",
        "getOpenOrder",
        "getOpenOrderById",
        "getOpenOrderIds",
        "getPendingFee",
        "getTotalOrderDebt",
        "getTotalQuoteBalanceAndPendingFee",
        "getTotalTokenAmountInPoolAndPendingFee",
        "hasOrder",
    ),
    "InsuranceFund": ("getInsuranceFundCapacity",),
}
"""Contract -> every view that computes or holds what the rebuild computes: none of them is asked
but to compare, and the list is wider than what `truth` asks."""

JUDGE_SELECTORS = judge_selectors(ABI_FOLDER, JUDGES)
"""Selectors (0x, lower case) of every judge: the rebuild uses none of them."""


def truth(
    valued: PerpValued, margin: Sequence[MarginRow], account_ids: Sequence[str]
) -> list[Judge]:
    """Questions about the fund, every market, and each account of `account_ids`.

    `margin`: the rows as they are written; an account without a row, or with an unknown one, is
    judged on what the state gives. Views know only the contract's own prices.
    An account whose own reads failed is asked nothing.
    Raises: KeyError for an account that the state does not hold.
    """
    state = valued.state
    bench = Bench(state)
    rows = {row.account_id: row for row in margin}
    out = list(protocol_judges(bench))
    for market in state.markets.values():
        out += market_judges(bench, market)
    for address in account_ids:
        if address in state.unreadable:
            continue
        numbers = valued.account(address)
        if not _priced_alike(numbers, bench.valuation):
            numbers = AccountMath(bench.valuation, state.accounts[address])
        out += account_judges(bench, numbers, rows.get(address))
    return out


def _priced_alike(account: AccountMath, contract: Valuation) -> bool:
    """Whether every price that the account can need is the one that the contract itself uses,
    which takes a price whatever its age."""
    given = account.valuation
    try:
        return all(
            given.reference_price_e18(base) == contract.reference_price_e18(base)
            for base in account.markets
        ) and all(given.token_price(name) == contract.token_price(name) for name in account.tokens)
    except UnreadableNumberError:
        return False
