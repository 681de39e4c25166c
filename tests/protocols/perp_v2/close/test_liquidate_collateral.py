"""Liquidations of collateral tokens that can be computed by hand, as the Vault takes them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor

import pytest
from bare_book import bare_book

from analyzer.model.closure import Closure, Transfer
from analyzer.protocols.perp_v2.close.liquidate import close_position, liquidate
from analyzer.protocols.perp_v2.close.liquidate_collateral import close_collateral
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import value

E18 = 10**18
USD = 10**6
ONE = f"0x{1:040x}"
MakeState = Callable[..., PerpState]
MakeAccount = Callable[..., Account]


def closures(state: PerpState) -> list[Closure]:
    """What may be liquidated of the state's first account."""
    return liquidate(value(bare_book(state), reference_prices(state)), next(iter(state.accounts)))


def test_a_healthy_account_refuses_both_kinds_of_liquidation(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-100 * USD, weth=E18, eth=(E18, -E18)))
    valuation, account = Valuation(state), state.accounts[ONE]
    position = close_position(valuation, account, next(iter(state.markets)))
    collateral = close_collateral(valuation, account, next(iter(state.collateral)))
    assert (position.amount, position.reverts, collateral.reverts) == (0, "CH_EAV", "V_NL")


@pytest.mark.parametrize(
    ("requested", "in_settlement", "collateral", "repaid", "reverts"),
    [
        (None, False, 315_005_727_376_861_398, 567_010_309, None),
        (315_005_727_376_861_398, False, 315_005_727_376_861_398, 567_010_309, None),
        (567_010_309, True, 315_005_727_376_861_398, 567_010_309, None),
        (100_000_000, True, 55_555_555_555_555_556, 100_000_000, None),
        (55_555_555_555_555_555, False, 55_555_555_555_555_555, 99_999_999, None),
        (567_010_310, True, 315_005_727_777_777_778, 567_010_310, "V_MSAE"),
        (E18, False, E18, 1_800 * USD, "V_MCAE"),
    ],
)
def test_a_part_of_the_collateral_is_bought_by_either_amount(
    make_state: MakeState,
    make_account: MakeAccount,
    requested: int | None,
    in_settlement: bool,
    collateral: int,
    repaid: int,
    reverts: str | None,
) -> None:
    state = make_state(make_account(usdc=-1_100 * USD, weth=E18))
    token = next(iter(state.collateral))
    closure = close_collateral(
        Valuation(state), state.accounts[ONE], token, requested, in_settlement=in_settlement
    )
    assert (closure.amount, closure.after["repaid_settlement"], closure.reverts) == (
        collateral,
        repaid,
        reverts,
    )


def test_half_of_a_collateral_debt_is_repaid_and_the_fee_comes_on_top(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Debt 1,100: half is 550, with 3 % of the whole for the fund; the token sells at 1,800."""
    state = make_state(make_account(usdc=-1_100 * USD, weth=E18))
    repay = Fraction(550 * 10**6, 970_000) * E18
    tokens = ceil(Fraction(floor(repay) * 10**8, 1_800 * 10**8))
    repaid = floor(repay / 10**12)
    fee = repaid * 3 // 100
    assert (repaid, fee) == (567_010_309, 17_010_309)
    token = next(iter(state.collateral))
    full = tokens * 2_000
    assert closures(state) == [
        Closure(
            account_id=ONE,
            kind="collateral",
            asset_id=token,
            amount=tokens,
            price_e18=1_800 * E18,
            value_e18=tokens * 1_800,
            penalty_e18=full - repaid * 10**12 + fee * 10**12,
            transfers=(
                Transfer(ONE, "liquidator", full, "WETH at its full price"),
                Transfer("liquidator", ONE, 550 * E18, "debt repaid"),
                Transfer(
                    "liquidator", "insurance_fund", fee * 10**12, "collateral liquidation fee"
                ),
            ),
            reverts=None,
            after={
                "owed_realized_pnl": 0,
                "settlement_balance": -550 * USD,
                "insurance_fund_owed_realized_pnl": 0,
                "insurance_fund_settlement_balance": fee,
                "bad_debt_settled": 0,
                "token_balance": E18 - tokens,
                "repaid_settlement": repaid,
                "insurance_fund_fee": fee,
            },
        )
    ]


def test_a_debt_that_is_dust_is_repaid_whole(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-500 * USD, weth=E18 // 4))
    state.config.debt_threshold = 1
    (closure,) = closures(state)
    # 500 / 0.97 would be 515.46, more than the 450 that a quarter token sells for.
    assert (closure.amount, closure.after["repaid_settlement"]) == (E18 // 4, 450 * USD)
    state = make_state(make_account(usdc=-500 * USD, weth=E18))
    state.config.debt_threshold = 1
    (closure,) = closures(state)
    assert closure.after["settlement_balance"] == 0


def test_the_last_token_sold_passes_the_rest_of_the_debt_to_the_fund(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-1_000 * USD, weth=E18 // 10))
    (closure,) = closures(state)
    # 180 repaid, 5.4 of it for the fund: 825.4 remain, which the fund takes over.
    picked = (
        "repaid_settlement",
        "bad_debt_settled",
        "settlement_balance",
        "insurance_fund_settlement_balance",
        "token_balance",
    )
    assert [closure.after[name] for name in picked] == [
        180 * USD,
        825_400_000,
        0,
        5_400_000 - 825_400_000,
        0,
    ]
    assert state.accounts[ONE].balances[next(iter(state.collateral))] == E18 // 10
