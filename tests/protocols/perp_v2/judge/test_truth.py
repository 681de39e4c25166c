"""The judges: who is asked what, and what a wrong or a missing number does to the question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bare_book import bare_book

from analyzer.protocols.base import Judge
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.judge.truth import JUDGE_SELECTORS, truth
from analyzer.protocols.perp_v2.records import Account, AccountMarket, Order
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.value import value

E18 = 10**18
USD = 10**6
MakeState = Callable[..., PerpState]
MakeAccount = Callable[..., Account]


def judged(state: PerpState) -> list[Judge]:
    prices = reference_prices(state)
    ids = list(state.accounts)
    valued = value(bare_book(state), prices)
    return truth(valued, margin(valued), ids)


def answers(judges: list[Judge]) -> dict[str, object]:
    """`Contract.field` -> expected value, or `reverts: ...`."""
    out: dict[str, object] = {}
    for judge in judges:
        if judge.expected_revert is not None:
            out[f"{judge.contract}.{judge.fields[0]}"] = f"reverts: {judge.expected_revert}"
            continue
        for name, expected in zip(judge.fields, judge.expected, strict=True):
            out[f"{judge.contract}.{name}"] = expected
    return out


def busy(make_state: MakeState, make_account: MakeAccount) -> PerpState:
    """One account with a token, a position and an order."""
    account = make_account(usdc=30 * USD, weth=E18, owed=5, eth=(100 * E18, -120 * E18))
    base = next(iter(account.markets))
    account.markets[base].orders[(60, 120)] = Order("0x", 60, 120, 10**20, 7, 9, 1, 2, 3, 4)
    return make_state(account)


def test_every_selector_that_is_asked_is_one_that_the_rebuild_may_be_denied(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    asked = {judge.request.data[:10] for judge in judged(busy(make_state, make_account))}
    assert asked <= JUDGE_SELECTORS
    assert all(name == name.lower() and len(name) == 10 for name in JUDGE_SELECTORS)


def test_every_answer_of_an_account_is_expected_to_the_wei(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=30 * USD, weth=E18, owed=5, eth=(100 * E18, -120 * E18)))
    found = answers(judged(state))
    assert found == {
        "InsuranceFund.getInsuranceFundCapacity": 1_000 * USD,
        "Vault.getCollateralMmRatio": 64_500,
        "AccountBalance.getMarkPrice": E18,
        "Exchange.getSqrtMarketTwapX96(0 s)": 2**96,
        "Exchange.getSqrtMarketTwapX96(15 s)": 2**96,
        "Exchange.getSqrtMarketTwapX96(1800 s)": 2**96,
        "Exchange.getSqrtMarketTwapX96(900 s)": 2**96,
        "Vault.getAccountValue": 1_410 * USD,
        "ClearingHouse.getAccountValue": 1_410 * E18,
        "Vault.getFreeCollateral": 1_398 * USD,
        "Vault.getFreeCollateralByRatio(im)": 1_398 * USD,
        "Vault.getFreeCollateralByRatio(mm)": 1_402_500_000,
        "Vault.getSettlementTokenValue": 10 * USD,
        "Vault.isLiquidatable": False,
        "Vault.getMarginRequirementForCollateralLiquidation": 6_450 * E18 // 1000,
        "Vault.getBalance": 30 * USD,
        "Vault.getFreeCollateralByToken(USDC)": 30 * USD,
        "Vault.getBalanceByToken(WETH)": E18,
        "Vault.getFreeCollateralByToken(WETH)": 998571428571428572,
        "Vault.getMaxRepaidSettlementAndLiquidatableCollateral(WETH).settlement": 12_371_134,
        "Vault.getMaxRepaidSettlementAndLiquidatableCollateral(WETH).collateral": 6872852233676976,
        "AccountBalance.getPnlAndPendingFee.owedRealizedPnl": 5,
        "AccountBalance.getPnlAndPendingFee.unrealizedPnl": -20 * E18,
        "AccountBalance.getPnlAndPendingFee.pendingFee": 0,
        "AccountBalance.getTotalAbsPositionValue": 100 * E18,
        "AccountBalance.getTotalDebtValue": 120 * E18,
        "AccountBalance.getMarginRequirementForLiquidation": 6_250 * E18 // 1000,
        "AccountBalance.hasOrder": False,
        "Exchange.getAllPendingFundingPayment": 0,
        "AccountBalance.getAccountInfo.takerPositionSize": 100 * E18,
        "AccountBalance.getAccountInfo.takerOpenNotional": -120 * E18,
        "AccountBalance.getAccountInfo.lastTwPremiumGrowthGlobalX96": 0,
        "AccountBalance.getTakerPositionSize": 100 * E18,
        "AccountBalance.getTakerOpenNotional": -120 * E18,
        "AccountBalance.getBase": 100 * E18,
        "AccountBalance.getQuote": -120 * E18,
        "AccountBalance.getTotalPositionSize": 100 * E18,
        "AccountBalance.getTotalPositionValue": 100 * E18,
        "AccountBalance.getTotalOpenNotional": -120 * E18,
        "Exchange.getPendingFundingPayment": 0,
        "OrderBook.getTotalOrderDebt(base)": 0,
        "OrderBook.getTotalOrderDebt(quote)": 0,
        "AccountBalance.getLiquidatablePositionSize": 0,
    }


def test_an_order_is_compared_word_by_word(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    judges = [j for j in judged(busy(make_state, make_account)) if "getOpenOrder" in j.fields[0]]
    (order,) = judges
    assert order.expected == (10**20, 60, 120, 1, 2, 3, 4, 7, 9)
    assert order.types == (
        "uint128",
        "int24",
        "int24",
        "uint256",
        "int256",
        "int256",
        "int256",
        "uint256",
        "uint256",
    )


def test_an_account_is_asked_about_markets_that_the_rebuild_says_it_is_not_in(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = answers(judged(make_state(make_account(usdc=USD))))
    assert found["AccountBalance.getBase"] == 0
    assert found["AccountBalance.getQuote"] == 0


def test_the_row_as_written_is_what_is_judged(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """RED: a row that was corrupted after it was computed expects something else."""
    state = make_state(make_account(usdc=30 * USD, weth=E18, eth=(100 * E18, -120 * E18)))
    prices, ids = reference_prices(state), list(state.accounts)
    (row,) = margin(value(bare_book(state, ids), prices))
    assert row.margin_equity_e18 is not None
    assert row.maintenance_margin_e18 is not None
    assert row.free_collateral_e18 is not None
    wrong = replace(
        row,
        margin_equity_e18=row.margin_equity_e18 + 10**12,
        maintenance_margin_e18=row.maintenance_margin_e18 + 1,
        free_collateral_e18=row.free_collateral_e18 - 10**12,
        collateral_liquidatable=True,
    )
    valued = value(bare_book(state), prices)
    right, changed = (answers(truth(valued, [written], ids)) for written in (row, wrong))
    different = {name for name in right if right[name] != changed[name]}
    assert different == {
        "Vault.getAccountValue",
        "ClearingHouse.getAccountValue",
        "Vault.getFreeCollateral",
        "Vault.getFreeCollateralByRatio(im)",
        "Vault.isLiquidatable",
        "AccountBalance.getMarginRequirementForLiquidation",
    }


def test_views_that_need_a_refused_read_must_revert_and_the_others_are_still_compared(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18)))
    market = next(iter(state.markets.values()))
    market.tick_cumulatives[1800] = Unreadable("observe", "OLD", True)
    found = answers(judged(state))
    assert {name for name, value in found.items() if value == "reverts: "} == {
        "AccountBalance.getMarkPrice",
        "Exchange.getSqrtMarketTwapX96(1800 s)",
        "Vault.getAccountValue",
        "ClearingHouse.getAccountValue",
        "Vault.getFreeCollateral",
        "Vault.getFreeCollateralByRatio(im)",
        "Vault.getFreeCollateralByRatio(mm)",
        "Vault.getSettlementTokenValue",
        "Vault.getMarginRequirementForCollateralLiquidation",
        "Vault.getFreeCollateralByToken(USDC)",
        "AccountBalance.getPnlAndPendingFee.owedRealizedPnl",
        "AccountBalance.getTotalAbsPositionValue",
        "AccountBalance.getMarginRequirementForLiquidation",
        "AccountBalance.getTotalPositionValue",
    }
    assert found["Exchange.getPendingFundingPayment"] == 0
    assert found["AccountBalance.getTotalDebtValue"] == 120 * E18


def test_a_read_that_was_only_not_made_expects_nothing(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18)))
    next(iter(state.markets.values())).index_price_e18.clear()
    found = answers(judged(state))
    assert found["Vault.getAccountValue"] is None
    assert found["Exchange.getPendingFundingPayment"] is None
    assert found["AccountBalance.getBase"] == 100 * E18


def test_a_24_bit_share_that_does_not_fit_is_expected_to_revert_in_these_words(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(
        usdc=500 * USD, eth=(10_000 * E18, -10_000 * E18), other=(101 * E18, -101 * E18)
    )
    state = make_state(account)
    still = next(iter(state.markets.values()))
    state.markets["0x" + "d" * 40] = replace(still, base_token="0x" + "d" * 40)
    account.markets["0x" + "d" * 40] = account.markets.pop("other")
    sizes = [
        (judge.expected, judge.expected_revert)
        for judge in judged(state)
        if judge.fields == ("getLiquidatablePositionSize",)
    ]
    assert sizes == [
        ((10_000 * E18 * 505_050 // 10**6,), None),
        ((None,), "SafeCast: value doesn't fit in 24 bits"),
    ]


def test_an_account_whose_own_reads_failed_is_asked_nothing(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=USD)
    state = make_state(account)
    state.unreadable[account.address] = Unreadable("order slot", "time-out")
    assert all(judge.account_id is None for judge in judged(state))


def test_a_stale_price_makes_an_account_unknown_but_it_is_still_compared(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=USD, weth=E18))
    token, info = next(iter(state.collateral.items()))
    state.collateral[token] = replace(info, feed_time=1, feed_timeout_s=1)
    assert answers(judged(state))["Vault.getAccountValue"] == 1_401 * USD


def test_markets_left_over_from_registration_are_compared_too(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=USD)
    state = make_state(account)
    base = next(iter(state.markets))
    account.markets[base] = AccountMarket(last_tw_premium_growth_global_x96=11)
    found = answers(judged(state))
    assert found["AccountBalance.getAccountInfo.lastTwPremiumGrowthGlobalX96"] == 11
