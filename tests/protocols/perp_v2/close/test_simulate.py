"""The simulation of Perp V2: what follows from a price, by hand, by the ledger and step by step."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from perp_motion import E18, ONE, TWO, USD, MakeAccount, MakeState, equities, names, simulation

from analyzer.contagion.cascade.venue import terms_of
from analyzer.model.book import Prices, make_book
from analyzer.model.closure import Transfer
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.close.simulate import PerpSimulation
from analyzer.protocols.perp_v2.records import (
    AccountMarket,
    FundingGrowth,
    MarketStatus,
    Order,
)
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.valuation import Valuation


def inflow(transfers: tuple[Transfer, ...], outside: set[str]) -> int:
    """What came to the protocol's accounts from parties outside of it."""
    return sum(
        t.amount_e18 * ((t.from_party in outside) - (t.to_party in outside)) for t in transfers
    )


def test_a_price_moves_accounts_and_pools_and_nothing_of_the_book(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=30 * USD, weth=E18 // 1000, eth=(100 * E18, -120 * E18)))
    market, token, _ = names(state)
    sim = simulation(state)
    before = sim.standing(ONE)
    sim.set_prices({market: 11 * E18 // 10, token: 1_000 * E18})
    after = sim.standing(ONE)
    assert before is not None
    assert after is not None
    assert (before.equity_e18, after.equity_e18) == (12 * E18, 21 * E18)
    # 21 less 30 % of the token, less 6.25 % of 110
    assert after.headroom_e18 == 21 * E18 - 3 * E18 // 10 - 6_875 * E18 // 1000
    assert sim.prices_e18()[market] == 11 * E18 // 10
    assert state.markets[market].sqrt_price_x96 == 2**96
    assert sim.state.markets[market].sqrt_price_x96 ** 2 <= 11 * 2**192 // 10


def test_a_price_in_use_leaves_the_pool_where_it_is_and_the_blocks_own_puts_it_back(
    make_state: MakeState,
) -> None:
    state = make_state()
    market, _, _ = names(state)
    state.markets[market].sqrt_price_x96 = 2**96 + 12_345
    sim = simulation(state)
    sim.set_prices({market: E18})
    assert sim.state.markets[market].sqrt_price_x96 == 2**96 + 12_345
    sim.set_prices({market: 4 * E18})
    assert sim.state.markets[market].sqrt_price_x96 == 2 * 2**96
    sim.set_prices({market: E18})
    assert sim.state.markets[market].sqrt_price_x96 == 2**96 + 12_345


def test_a_pool_can_be_put_where_it_was_seen(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=1_000 * USD)
    state = make_state(account)
    market, _, _ = names(state)
    base, quote = amounts_in_range(2**96, -600, 600, 10**22)
    account.markets[market] = AccountMarket(
        orders={(-600, 600): Order("0x", -600, 600, 10**22, base, quote)}
    )
    sim = simulation(state)
    at_price = sim.equity_at(ONE, {market: E18})
    sim.set_pool(market, 2**96 * 101 // 100)
    standing = sim.standing(ONE)
    assert standing is not None
    assert at_price == 1_000 * E18
    assert standing.equity_e18 != at_price
    assert sim.prices_e18()[market] == E18


def test_a_maker_holds_at_the_new_price_what_its_range_holds_there(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """L = 1e4 from price 1 over the full range: value 2 L sqrt(p), owed L (p + 1)."""
    account = make_account(usdc=100_000 * USD)
    state = make_state(account)
    market, _, _ = names(state)
    base, quote = amounts_in_range(2**96, -887_220, 887_220, 10**22)
    order = Order("0x", -887_220, 887_220, 10**22, base, quote)
    account.markets[market] = AccountMarket(orders={(-887_220, 887_220): order})
    sim = simulation(state)
    for price, worth in ((4, 2 * 2 - 5), (Fraction(1, 4), Fraction(2, 2) - Fraction(5, 4))):
        equity = sim.equity_at(ONE, {market: int(price * E18)})
        assert equity is not None
        assert abs(equity - 100_000 * E18 - int(worth * 10_000 * E18)) < 10**5
    assert sim.standing(ONE) == simulation(state).standing(ONE)


def test_funding_and_fees_stand_still_while_prices_move(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """The block's pending funding, 1 % of the size in base, is owed at any price, once."""
    state = make_state(make_account(usdc=130 * USD, eth=(100 * E18, -120 * E18)))
    market, _, _ = names(state)
    held = state.markets[market]
    held.growth = FundingGrowth(2**96 * 864, 0)
    held.last_settled_timestamp = state.block_time - 3_600
    held.index_price_e18 = {0: E18, 900: E18 * 99 // 100}
    owed = AccountMath(Valuation(state), state.accounts[ONE]).pending_funding
    assert owed == E18 + 100 * E18 * 3_600 // (100 * 86_400) or owed > E18
    sim = simulation(state)
    sim.set_prices({market: 2 * E18})
    numbers = AccountMath(sim.valuation(), sim.state.accounts[ONE])
    assert numbers.pending_funding == owed
    done = sim.unwind(ONE)
    assert [executed.closure.after["funding_paid"] for executed in done] == [owed]
    standing = sim.standing(ONE)
    assert standing is not None
    assert standing.equity_e18 == 210 * E18 - owed


def test_prices_that_the_contract_does_not_use_are_left_alone(make_state: MakeState) -> None:
    state = make_state()
    market, token, settlement = names(state)
    held = state.markets[market]
    held.status, held.paused_timestamp = MarketStatus.PAUSED, state.block_time
    held.paused_index_price_e18 = 3 * E18
    sim = simulation(state)
    before = dict(sim.prices_e18())
    sim.set_prices({market: E18, settlement: 2 * E18})
    assert sim.prices_e18() == before == {market: 3 * E18, token: 2_000 * E18, settlement: E18}


def test_a_price_that_is_none_is_refused_and_nothing_moves(make_state: MakeState) -> None:
    state = make_state()
    market, token, _ = names(state)
    sim = simulation(state)
    with pytest.raises(KeyError):
        sim.set_prices({token: E18, "0xnobody": E18})
    with pytest.raises(ValueError, match="not positive"):
        sim.set_prices({token: E18, market: 0})
    assert sim.prices_e18()[token] == 2_000 * E18


def test_an_unknown_account_is_listed_and_never_touched(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(
        make_account(usdc=USD, eth=(100 * E18, -120 * E18)),
        make_account(usdc=-2_000 * USD, weth=E18, number=2),
    )
    market, token, _ = names(state)
    state.unreadable[ONE] = Unreadable("slot", "was not read")
    state.collateral[token].price = Unreadable("getPrice", "CPF_NP", True)
    sim = simulation(state)
    sim.set_prices({market: E18 // 2})
    assert sim.account_ids() == (ONE, TWO, state.insurance_fund)
    for account in (ONE, TWO):
        assert sim.standing(account) is None
        assert sim.equity_at(account, {market: E18}) is None
        assert list(sim.liquidate(account)) == list(sim.unwind(account)) == []
        assert list(sim.withdraw(account)) == []
    assert sim.breaching() == []


def test_a_visit_goes_on_until_the_account_no_longer_breaches(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Half, then (after a penalty of 12.5, value 37.5 against 31.25) no more."""
    state = make_state(make_account(usdc=150 * USD, eth=(1_000 * E18, -1_100 * E18)))
    market, _, _ = names(state)
    sim = simulation(state)
    assert sim.breaching() == [ONE]
    (executed,) = sim.liquidate(ONE)
    assert executed.sold == {market: 500 * E18}
    assert executed.closure.penalty_e18 == 125 * E18 // 10
    assert sim.breaching() == []
    standing = sim.standing(ONE)
    assert standing is not None
    assert (standing.equity_e18, standing.headroom_e18) == (375 * E18 // 10, 625 * E18 // 100)
    assert list(sim.liquidate(ONE)) == []
    sim.set_prices({market: 98 * E18 // 100})
    assert [e.closure.amount for e in sim.liquidate(ONE)] == [250 * E18]


def test_a_short_is_bought_back(make_state: MakeState, make_account: MakeAccount) -> None:
    state = make_state(make_account(usdc=50 * USD, eth=(-1_000 * E18, 1_000 * E18)))
    market, _, _ = names(state)
    (executed,) = simulation(state).liquidate(ONE)
    assert executed.sold == {market: -500 * E18}


def test_the_fund_that_one_deficit_empties_refuses_the_next(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Each leaves 12.5 to the fund, which has 20."""
    state = make_state(
        make_account(usdc=10 * USD, eth=(100 * E18, -120 * E18)),
        make_account(usdc=10 * USD, eth=(100 * E18, -120 * E18), number=2),
    )
    state.insurance_fund_wallet = 20 * USD
    sim = simulation(state)
    assert sim.breaching() == [ONE, TWO]
    (executed,) = sim.liquidate(TWO)
    assert executed.closure.transfers[-1] == Transfer(
        "insurance_fund", TWO, 125 * E18 // 10, "bad debt settled", bad_debt=True
    )
    assert sim.breaching() == []
    assert list(sim.liquidate(ONE)) == []
    standing = sim.standing(ONE)
    assert standing is not None
    assert standing.breaches
    assert [row.capacity_e18 for row in sim.backstops()][1:3] == [-125 * E18 // 10, 20 * E18]


def test_orders_that_stop_a_liquidation_are_cancelled_for_it(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18))
    state = make_state(account)
    market, _, _ = names(state)
    debt, _ = amounts_in_range(2**96, 60, 120, 10**22)
    account.markets[market].orders[(60, 120)] = Order("0x", 60, 120, 10**22, base_debt=debt)
    sim = simulation(state)
    assert sim.breaching() == [ONE]
    (executed,) = sim.liquidate(ONE)
    assert executed.closure.reverts is None
    assert sim.state.accounts[ONE].markets == {}
    assert account.markets[market].orders


def test_tokens_go_after_positions_until_the_debt_is_the_funds(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-1_000 * USD, weth=E18 // 10, eth=(E18, -E18)))
    market, token, settlement = names(state)
    sim = simulation(state)
    done = sim.liquidate(ONE)
    assert [(e.closure.kind, dict(e.sold)) for e in done] == [
        ("position", {market: E18}),
        ("collateral", {token: E18 // 10}),
    ]
    (debt,) = [t for e in done for t in e.closure.transfers if t.bad_debt]
    standing = sim.standing(ONE)
    assert standing is not None
    assert standing.equity_e18 == 0
    # 1,000 and the penalty of 0.025, less 180 for the token of which the fund has 5.4
    assert debt.amount_e18 == 825_425 * E18 // 1000
    held = sim.state.vault_settlement_balance
    assert held == 50_000 * USD + 180 * USD
    assert sim.state.accounts[ONE].balances == {settlement: 825_425_000 - 1_000 * USD + 174_600_000}


def test_every_position_and_every_token_is_offered_and_less_may_be_asked_for(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-1_000 * USD, weth=E18 // 10, eth=(E18, -E18)))
    market, token, _ = names(state)
    sim = simulation(state)
    position, collateral = sim.offers(ONE)
    assert (position.offer_id, position.most) == (f"position {market}", E18)
    assert (collateral.offer_id, collateral.most) == (f"collateral {token}", E18 // 10)
    half = sim.preview(position, E18 // 2)
    assert half is not None
    assert half.sold == {market: E18 // 2}
    assert sim.breaching() == [ONE]
    assert sim.execute(collateral, E18 // 20).sold == {token: E18 // 20}
    assert sim.state.accounts[ONE].balances[token] == E18 // 20
    # Of a token so little that nothing is repaid for it is nobody's purchase.
    (_, rest) = sim.offers(ONE)
    assert sim.preview(rest, 1) is None
    with pytest.raises(ValueError, match="1 cannot be closed"):
        sim.execute(rest, 1)
    assert sim.offers(state.insurance_fund) == []


def test_of_a_short_less_is_bought_back(make_state: MakeState, make_account: MakeAccount) -> None:
    state = make_state(make_account(usdc=50 * USD, eth=(-1_000 * E18, 1_000 * E18)))
    market, _, _ = names(state)
    sim = simulation(state)
    (offer,) = sim.offers(ONE)
    assert offer.most == 500 * E18
    assert sim.execute(offer, 200 * E18).sold == {market: -200 * E18}


def test_requirements_are_the_blocks_own_times_the_factor(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=150 * USD, eth=(1_000 * E18, -1_060 * E18)))
    sim = simulation(state)
    assert sim.breaching() == []
    for factor, breaching in ((Fraction(3, 2), [ONE]), (Fraction(1), []), (Fraction(3, 2), [ONE])):
        sim.scale_requirements(factor)
        assert sim.breaching() == breaching
    assert sim.state.config.mm_ratio == 93_750
    assert state.config.mm_ratio == 62_500
    for factor in (Fraction(1, 2), Fraction(17)):
        with pytest.raises(ValueError, match="cannot be scaled"):
            sim.scale_requirements(factor)


def test_it_gives_out_no_receipts(make_state: MakeState) -> None:
    assert simulation(make_state()).receipts() == ()


AMOUNT = st.integers(-(10**10), 10**10)


@st.composite
def crowds(draw: st.DrawFn) -> list[dict[str, object]]:
    """Up to six accounts: USDC, a token, a position with its entry."""
    out: list[dict[str, object]] = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        size = draw(st.integers(-(10**22), 10**22).filter(lambda size: abs(size) > 10))
        entry = abs(size) * draw(st.integers(800, 1_200)) // 1_000
        out.append(
            {
                "number": number,
                "usdc": draw(AMOUNT),
                "weth": draw(st.sampled_from((0, 0, 1, E18 // 100, 3 * E18))),
                "eth": (size, -entry if size > 0 else entry),
            }
        )
    return out


# The fixtures are factories: every example makes its own state.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(crowd=crowds(), price=st.integers(700, 1_400), wallet=st.integers(0, 10**11))
def test_the_ledger_of_every_visit_closes(
    make_state: MakeState,
    make_account: MakeAccount,
    crowd: list[dict[str, object]],
    price: int,
    wallet: int,
) -> None:
    """All accounts together change by what liquidators pay in and take out, and by roundings:
    two products of a price a position closed (its value before and after), one of a token sold."""
    state = make_state(*(make_account(**account) for account in crowd))
    state.insurance_fund_wallet = wallet
    market, token, _ = names(state)
    sim = simulation(state)
    sim.set_prices({market: price * E18 // 1_000, token: 2 * price * E18})
    for account_id in sim.breaching():
        before = equities(sim)
        done = sim.liquidate(account_id)
        # The fund may have been emptied by the visits before.
        transfers = tuple(t for executed in done for t in executed.closure.transfers)
        residue = equities(sim) - before - inflow(transfers, {"liquidator"})
        assert abs(residue) <= 3 * len(done)
        assert all(t.from_party == "insurance_fund" for t in transfers if t.bad_debt)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    crowd=crowds(),
    prices=st.lists(st.integers(500, 2_000), min_size=1, max_size=4),
    wallet=st.none() | st.integers(0, 200 * USD),
)
def test_the_screen_loses_nobody_whatever_happened_before(
    make_state: MakeState,
    make_account: MakeAccount,
    crowd: list[dict[str, object]],
    prices: list[int],
    wallet: int | None,
) -> None:
    state = make_state(*(make_account(**account) for account in crowd))
    state.insurance_fund_wallet = wallet
    market, token, _ = names(state)
    sim = simulation(state)
    for price in prices:
        sim.set_prices({market: price * E18 // 1_000, token: 2 * price * E18})
        found = list(sim.breaching())
        # One simulation an account: what the first closure pays into the fund may bear the next.
        fresh = {
            account_id: PerpSimulation(
                make_book(list(sim.account_ids()), [], ([] for _ in sim.account_ids()), sim.state),
                sim.state,
                sim.valuation().prices or Prices(),
            )
            for account_id in sim.account_ids()
        }
        assert found == [a for a, one in fresh.items() if one.liquidate(a)]
        for offer in (offer for account_id in found for offer in sim.offers(account_id)):
            made, terms = sim.preview(offer, offer.most), sim.terms(offer, offer.most)
            assert made is not None
            assert terms == replace(terms_of(made), by_fund=terms is not None and terms.by_fund)
        for account_id in found[:2]:
            sim.liquidate(account_id)
