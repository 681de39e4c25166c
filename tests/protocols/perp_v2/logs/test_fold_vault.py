"""Balances and owed PnL from the Vault's events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from perp_story import ALICE, BOB, FUND, USDC, WETH, Story

from analyzer.protocols.perp_v2.logs.fold import PerpLedger


def balances(ledger: PerpLedger, trader: str) -> tuple[int, dict[str, int], int]:
    """(settlement balance at 6 decimals, other tokens, owed PnL) of an account."""
    entry = ledger.accounts[trader]
    return (
        entry.settlement_balance(6),
        entry.account.balances,
        entry.account.owed_realized_pnl,
    )


def test_deposits_and_withdrawals_add_up_per_token() -> None:
    story = Story().weth().deposit(ALICE, 900).deposit(ALICE, 5, WETH).deposit(BOB, 7)
    story.withdraw(ALICE, 400).withdraw(ALICE, 2, WETH)
    ledger = story.fold()
    assert ledger.account_ids() == [ALICE, BOB]
    assert balances(ledger, ALICE) == (500, {WETH: 3}, 0)
    assert balances(ledger, BOB) == (7, {}, 0)


def test_a_settlement_withdrawal_folds_owed_pnl_in_and_drops_what_is_below_the_last_decimal() -> (
    None
):
    story = Story().deposit(ALICE, 1_000).pnl(ALICE, 5 * 10**12 + 999).withdraw(ALICE, 100)
    ledger = story.fold()
    assert balances(ledger, ALICE) == (1_000 - 100 + 5, {}, 0)
    assert ledger.accounts[ALICE].folded_owed_e18 == [5 * 10**12 + 999]


def test_a_folded_loss_is_rounded_away_from_the_account() -> None:
    ledger = Story().deposit(ALICE, 1_000).pnl(ALICE, -1).withdraw(ALICE, 0).fold()
    assert balances(ledger, ALICE) == (999, {}, 0)


def test_a_token_withdrawal_leaves_owed_pnl_alone() -> None:
    story = Story().weth().deposit(ALICE, 10, WETH).pnl(ALICE, 10**18).withdraw(ALICE, 10, WETH)
    assert balances(story.fold(), ALICE) == (0, {}, 10**18)


def test_collateral_liquidation_moves_the_token_out_and_pays_trader_and_fund() -> None:
    story = Story().weth().deposit(ALICE, 10, WETH)
    story.tell(
        "vault",
        "CollateralLiquidated",
        trader=ALICE,
        collateralToken=WETH,
        liquidator=BOB,
        collateral=4,
        repaidSettlementWithoutInsuranceFundFeeX10_S=97,
        insuranceFundFeeX10_S=3,
        discountRatio=100_000,
    )
    ledger = story.fold()
    assert ledger.account_ids() == [ALICE, FUND], "the liquidator has no account by that"
    assert balances(ledger, ALICE) == (97, {WETH: 6}, 0)
    assert balances(ledger, FUND) == (3, {}, 0)


def test_bad_debt_moves_from_the_trader_to_the_fund_and_leaves_owed_pnl() -> None:
    story = Story().deposit(ALICE, 10).pnl(ALICE, -50 * 10**12)
    story.tell("vault", "BadDebtSettled", trader=ALICE, amount=40)
    ledger = story.fold()
    assert balances(ledger, ALICE) == (50, {}, -50 * 10**12)
    assert balances(ledger, FUND) == (-40, {}, 0)
    assert ledger.bad_debt_settled == 40


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["deposit", "withdraw", "pnl"]),
            st.integers(min_value=-(10**30), max_value=10**30),
        ),
        max_size=30,
    )
)
def test_balance_less_folded_pnl_is_what_was_paid_in_and_out(steps: list[tuple[str, int]]) -> None:
    story, paid = Story(), 0
    for step, amount in steps:
        if step == "pnl":
            story.pnl(ALICE, amount)
        else:
            getattr(story, step)(ALICE, abs(amount))
            paid += abs(amount) if step == "deposit" else -abs(amount)
    for entry in story.fold().accounts.values():
        assert entry.settlement_balance(6) - entry.folded_owed(6) == paid


def test_the_settlement_token_is_the_one_that_was_never_added_as_collateral() -> None:
    ledger = Story().weth().deposit(ALICE, 1, WETH).deposit(ALICE, 2, USDC).fold()
    assert balances(ledger, ALICE) == (2, {WETH: 1}, 0)
