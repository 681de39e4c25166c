"""What owners do in a simulation of Perp V2: defaults that are wound up, and withdrawals."""

from __future__ import annotations

from perp_motion import E18, ONE, USD, MakeAccount, MakeState, equities, names, simulation

from analyzer.model.closure import Transfer
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.perp_v2.records import (
    AccountMarket,
    FundingGrowth,
    Order,
)
from analyzer.protocols.perp_v2.value.account import AccountMath


def test_a_defaulted_owner_is_wound_up_at_the_mark_without_a_penalty(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """90 short of his debts: 90 / 2,000 of the token is sold, the rest stays his."""
    state = make_state(make_account(usdc=-70 * USD, weth=E18, eth=(100 * E18, -120 * E18)))
    market, token, _ = names(state)
    sim = simulation(state)
    before = equities(sim)
    assert [dict(e.sold) for e in sim.unwind(ONE)] == [{market: 100 * E18}, {token: 45 * 10**15}]
    assert equities(sim) == before
    assert sim.state.accounts[ONE].balances[token] == E18 - 45 * 10**15
    assert list(sim.unwind(ONE)) == []


def test_what_a_winding_up_lost_is_cash_less_and_more_of_the_tokens_is_sold_for_it(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-70 * USD, weth=E18, eth=(100 * E18, -120 * E18)))
    _, token, settlement = names(state)
    sim = simulation(state)
    sim.unwind(ONE)
    held = sim.state.accounts[ONE].balances[settlement]
    (paid,) = sim.bear(ONE, 20 * E18 - 1)
    assert (paid.from_party, paid.to_party, paid.amount_e18) == (ONE, "liquidator", 20 * E18 - 1)
    assert sim.state.accounts[ONE].balances[settlement] == held - 20 * USD
    assert [dict(e.sold) for e in sim.unwind(ONE)] == [{token: 10**16}]
    (gained,) = sim.bear(ONE, -5 * E18)
    assert (gained.from_party, gained.to_party, gained.amount_e18) == ("liquidator", ONE, 5 * E18)
    assert sim.state.accounts[ONE].balances[settlement] == held + 5 * USD
    assert list(sim.unwind(ONE)) == []


def test_a_debt_that_is_all_that_is_left_is_passed_to_the_fund(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-70 * USD))
    (executed,) = simulation(state).unwind(ONE)
    assert (executed.closure.kind, dict(executed.sold)) == ("bad_debt", {})
    assert executed.closure.transfers == (
        Transfer("insurance_fund", ONE, 70 * E18, "bad debt settled", bad_debt=True),
    )


def test_all_that_is_free_is_withdrawn_and_no_more(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """The token first (1,468 are free, it counts 1,400), then 100 less the loss of 20 and 10 %
    of the debt of 120."""
    state = make_state(make_account(usdc=100 * USD, weth=E18, eth=(100 * E18, -120 * E18)))
    _, token, settlement = names(state)
    sim = simulation(state)
    assert list(sim.withdraw(ONE)) == [
        Transfer(ONE, "owner", 2_000 * E18, "collateral withdrawn", asset_id=token),
        Transfer(ONE, "owner", 68 * E18, "collateral withdrawn", asset_id=settlement),
    ]
    assert list(sim.withdraw(ONE)) == []
    assert sim.state.vault_settlement_balance == 49_932 * USD


def test_tokens_are_withdrawn_at_their_ratio(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Of 2 tokens, counted at 2,800, 1,400 are needed for a debt of 14,000."""
    state = make_state(make_account(weth=2 * E18, eth=(14_000 * E18, -14_000 * E18)))
    _, token, _ = names(state)
    (taken,) = simulation(state).withdraw(ONE)
    assert (taken.amount_e18, taken.asset_id) == (2_000 * E18, token)


def test_the_vault_pays_out_no_more_than_it_holds_and_nothing_while_paused(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=100 * USD, owed=-5 * E18))
    state.vault_settlement_balance = 60 * USD
    state.vault_paused = True
    assert list(simulation(state).withdraw(ONE)) == []
    state.vault_paused = False
    sim = simulation(state)
    (taken,) = sim.withdraw(ONE)
    assert taken.amount_e18 == 60 * E18
    assert sim.state.accounts[ONE].balances == {state.settlement_token: 35 * USD}
    assert sim.state.accounts[ONE].owed_realized_pnl == 0


def test_funding_that_a_withdrawal_settles_is_owed_no_more_by_ranges_either(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=1_000 * USD)
    state = make_state(account)
    market, _, _ = names(state)
    base, quote = amounts_in_range(2**96, -600, 600, 10**21)
    order = Order("0x", -600, 600, 10**21, base, quote)
    account.markets[market] = AccountMarket(orders={(-600, 600): order})
    state.markets[market].growth = FundingGrowth(2**96 * 864, 2**97 * 864)
    sim = simulation(state)
    assert AccountMath(sim.valuation(), sim.state.accounts[ONE]).pending_funding != 0
    before = sim.standing(ONE)
    (taken,) = sim.withdraw(ONE)
    after = sim.standing(ONE)
    assert before is not None
    assert after is not None
    assert AccountMath(sim.valuation(), sim.state.accounts[ONE]).pending_funding == 0
    # Turning owed PnL into balance cuts it to the token's decimals.
    assert 0 <= before.equity_e18 - taken.amount_e18 - after.equity_e18 < 10**12
    assert list(sim.withdraw(ONE)) == []
