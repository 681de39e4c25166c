"""One liquidation at a time: amounts worked out by hand, and every refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aave_market import (
    ALICE,
    BOB,
    E18,
    NOW,
    USD,
    account,
    asset_of,
    data_of,
    market,
    reserve,
)
from bare_book import bare_book
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.close.liquidate import liquidate
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import StableLoan
from analyzer.protocols.aave_v3.state.state import AaveState, Category
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.liquidation_call import NO_WORDS, Call, Liquidation, Outcome
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable

WETH, DAI, USDC = asset_of("WETH"), asset_of("DAI"), asset_of("USDC")
PAIR = Call(WETH, DAI)


def state_at(
    revision: int,
    price: int = 1_000,
    *,
    supplied: int = 10 * E18,
    borrowed: int = 8_600 * E18,
    **settings: int | bool,
) -> AaveState:
    """10 WETH against 8,600 DAI: at a price of 1,000 the health factor is 0.988."""
    eth = reserve(0, "WETH", price * USD, **settings)
    holder = account(supplied={"WETH": supplied}, borrowed={"DAI": borrowed})
    return market(revision, [eth, reserve(1, "DAI")], [holder])


def at_work(state: AaveState) -> Liquidation:
    """The account's liquidations."""
    return Liquidation(Valuation(state, reference_prices(state)), data_of(state))


def outcome_of(state: AaveState, call: Call = PAIR) -> Outcome:
    """What the pool does with the call."""
    return at_work(state).execute(call)


@pytest.mark.parametrize("revision", range(1, 12))
def test_half_of_the_debt_is_repaid_while_the_health_factor_is_above_ninety_five(
    revision: int,
) -> None:
    found = outcome_of(state_at(revision))
    assert (found.debt_repaid, found.to_liquidator, found.fee) == (
        4_300 * E18,
        4_515 * E18 // 1_000,
        0,
    )
    assert found.scaled_debt_after == 4_300 * E18
    assert found.scaled_collateral_after == 10 * E18 - 4_515 * E18 // 1_000
    assert (found.collateral_flag_after, found.no_collateral_left) == (True, False)


@pytest.mark.parametrize("revision", range(1, 12))
def test_at_ninety_five_or_below_all_of_it_is(revision: int) -> None:
    found = outcome_of(state_at(revision, price=961))
    assert found.debt_repaid == 8_600 * E18
    # 8,600 / 961 = 8.949011446409989594, times 1.05 = 9.3964620187304890737
    last_digit = 3 if revision == 11 else 4
    assert found.to_liquidator == 9_396_462_018_730_489_070 + last_digit
    assert found.scaled_debt_after == 0


@pytest.mark.parametrize("revision", range(1, 12))
def test_small_pairs_are_closed_whole_from_revision_7_on(revision: int) -> None:
    found = outcome_of(state_at(revision, supplied=2 * E18, borrowed=1_720 * E18))
    assert found.debt_repaid == (860 if revision <= 6 else 1_720) * E18


@pytest.mark.parametrize(("revision", "repaid"), [(6, 3_000), (7, 4_300), (10, 4_300)])
def test_half_is_of_the_whole_debt_from_revision_7_on(revision: int, repaid: int) -> None:
    """6,000 DAI and 2,600 USDC of debt: half of 8,600 is 4,300."""
    holder = account(supplied={"WETH": 10 * E18}, borrowed={"DAI": 6_000 * E18, "USDC": 2_600})
    reserves = [
        reserve(0, "WETH", 1_000 * USD),
        reserve(1, "DAI"),
        reserve(2, "USDC", USD, decimals=0),
    ]
    state = market(revision, reserves, [holder])
    assert outcome_of(state).debt_repaid == repaid * E18
    # A debt that is less than half of the whole is closed whole, or by half before revision 7.
    small = outcome_of(state, Call(WETH, USDC)).debt_repaid
    assert small == (1_300 if revision == 6 else 2_600)


@pytest.mark.parametrize(("revision", "fee"), [(1, 50), (8, 50), (9, 50), (10, 50), (11, 50)])
def test_the_protocol_takes_a_share_of_the_bonus(revision: int, fee: int) -> None:
    """A bonus of 500 on 10,000, a tenth of it for the protocol."""
    holder = account(supplied={"WETH": 100_000}, borrowed={"DAI": 90_000})
    eth = reserve(0, "WETH", USD, decimals=0, protocol_fee_bps=1_000)
    state = market(revision, [eth, reserve(1, "DAI", USD, decimals=0)], [holder])
    found = outcome_of(state, Call(WETH, DAI, 10_000))
    assert (found.to_liquidator, found.fee) == (10_500 - fee, fee)


@pytest.mark.parametrize(
    ("revision", "seized", "fee"),
    [(10, 106, 1), (11, 105, 1)],
)
def test_revision_11_rounds_every_step_against_the_liquidator(
    revision: int, seized: int, fee: int
) -> None:
    """101 with 5 % is 106.05; with a price ratio that makes 100.5 the half decides."""
    holder = account(supplied={"WETH": 100_000}, borrowed={"DAI": 90_000})
    eth = reserve(0, "WETH", 2 * USD, decimals=0, bonus_bps=10_550, protocol_fee_bps=1_000)
    debt = reserve(1, "DAI", 2 * USD, decimals=0)
    state = market(revision, [eth, debt], [holder])
    found = outcome_of(state, Call(WETH, DAI, 100))
    assert (found.to_liquidator + found.fee, found.fee) == (seized, fee)


@pytest.mark.parametrize(
    ("revision", "repaid"), [(1, 9_524), (8, 9_524), (9, 9_524), (10, 9_524), (11, 9_524)]
)
def test_where_the_collateral_does_not_reach_the_debt_repaid_shrinks(
    revision: int, repaid: int
) -> None:
    """All 10,000 of collateral pay for 9,523.8 of debt: up from revision 9 on, half up before."""
    holder = account(supplied={"WETH": 10_000}, borrowed={"DAI": 12_000})
    eth = reserve(0, "WETH", USD, decimals=0)
    state = market(revision, [eth, reserve(1, "DAI", USD, decimals=0)], [holder])
    found = outcome_of(state)
    assert (found.debt_repaid, found.to_liquidator) == (repaid, 10_000)
    assert found.scaled_collateral_after == 0
    assert found.collateral_flag_after is False
    assert found.deficits == ({} if revision < 7 else {DAI: 12_000 - repaid})
    assert found.scaled_debt_after == (12_000 - repaid if revision < 7 else 0)


def test_every_other_debt_is_burned_into_its_own_deficit() -> None:
    holder = account(supplied={"WETH": 10_000}, borrowed={"DAI": 12_000, "USDC": 500, "LINK": 7})
    reserves = [
        reserve(0, "WETH", USD, decimals=0),
        reserve(1, "DAI", USD, decimals=0),
        reserve(2, "USDC", USD, decimals=0),
        reserve(3, "LINK", USD, decimals=0, active=False),
    ]
    found = outcome_of(market(10, reserves, [holder]))
    assert found.deficits == {DAI: 2_476, USDC: 500}


def test_a_second_collateral_keeps_the_debt_alive() -> None:
    holder = account(
        supplied={"WETH": 10_000, "USDC": 1}, borrowed={"DAI": 12_000}, collateral=(0, 2)
    )
    reserves = [
        reserve(0, "WETH", USD, decimals=0),
        reserve(1, "DAI", USD, decimals=0),
        reserve(2, "USDC", USD, decimals=0),
    ]
    found = outcome_of(market(10, reserves, [holder]))
    assert (found.no_collateral_left, found.deficits) == (False, {})
    assert found.scaled_debt_after == 12_000 - 9_524


@pytest.mark.parametrize(("revision", "text"), [(7, "103"), (8, "MustNotLeaveDust")])
def test_neither_side_may_keep_dust_from_revision_7_on(revision: int, text: str) -> None:
    state = state_at(revision, price=961)
    call = replace(PAIR, debt_to_cover=8_000 * E18)
    assert outcome_of(state, call) == Outcome(reverts=text)
    assert outcome_of(state_at(6, price=961), call).debt_repaid == 8_000 * E18


def test_the_largest_liquidation_that_leaves_no_dust_is_found() -> None:
    """3,000 of collateral value beside 2,890 of debt: half of the debt leaves 1,483 of collateral
    but only 1,445 of debt, both enough; a second collateral makes the whole smaller."""
    holder = account(
        supplied={"WETH": 2_050, "USDC": 1_400}, borrowed={"DAI": 3_000}, collateral=(0, 2)
    )
    reserves = [
        reserve(0, "WETH", USD, decimals=0),
        reserve(1, "DAI", USD, decimals=0),
        reserve(2, "USDC", USD, decimals=0),
    ]
    state = market(10, reserves, [holder])
    work = at_work(state)
    assert work.execute(PAIR).reverts == "MustNotLeaveDust"
    found = work.largest(PAIR)
    assert found.reverts is None
    assert 2_050 - found.to_liquidator >= 1_000
    more = work.execute(replace(PAIR, debt_to_cover=found.debt_repaid + 1))
    assert more.reverts == "MustNotLeaveDust"


def refused(state: AaveState, call: Call = PAIR) -> str | None:
    """The words of the refusal."""
    return outcome_of(state, call).reverts


@pytest.mark.parametrize(
    ("revision", "inactive", "paused", "healthy", "flag", "debt"),
    [
        (1, "27", "29", "45", "46", "47"),
        (
            10,
            "ReserveInactive",
            "ReservePaused",
            "HealthFactorNotBelowThreshold",
            "CollateralCannotBeLiquidated",
            "SpecifiedCurrencyNotBorrowedByUser",
        ),
    ],
)
def test_every_refusal_has_the_contracts_words(
    revision: int, inactive: str, paused: str, healthy: str, flag: str, debt: str
) -> None:
    assert refused(state_at(revision, active=False)) == inactive
    assert refused(state_at(revision, paused=True)) == paused
    assert refused(state_at(revision, price=2_000)) == healthy
    assert refused(state_at(revision), Call(DAI, DAI)) == flag
    assert refused(state_at(revision), Call(WETH, WETH)) == debt
    assert refused(state_at(revision), Call(WETH, USDC)) == inactive


def test_collateral_without_a_threshold_cannot_be_taken_until_revision_9() -> None:
    def delisted(revision: int) -> str | None:
        return refused(state_at(revision, threshold_bps=0, ltv_bps=0, bonus_bps=0))

    assert (delisted(1), delisted(9)) == ("46", "CollateralCannotBeLiquidated")
    assert delisted(10) == "InvalidBurnAmount"
    fee = state_at(10, threshold_bps=0, ltv_bps=0, bonus_bps=0, protocol_fee_bps=1_000)
    assert refused(fee) == NO_WORDS


@pytest.mark.parametrize("revision", range(1, 12))
def test_the_sentinel_delays_accounts_at_ninety_five_or_more_until_revision_10(
    revision: int,
) -> None:
    state = replace(state_at(revision), sentinel="0x5", sentinel_allows=False)
    words = "59" if revision <= 7 else "PriceOracleSentinelCheckFailed"
    assert refused(state) == (words if revision <= 10 else None)
    deep = replace(state_at(revision, price=900), sentinel="0x5", sentinel_allows=False)
    assert refused(deep) is None
    unread = replace(state, sentinel_allows=Unreadable("sentinel", "not recorded"))
    assert refused(unread) == (words if revision <= 10 else None)


@pytest.mark.parametrize(("until", "expected"), [(NOW, True), (NOW + 1, True), (NOW - 1, False)])
def test_a_grace_period_stops_liquidations_to_its_last_second(until: int, expected: bool) -> None:
    state = state_at(10)
    reserves = {k: replace(r, grace_until=until) for k, r in state.reserves.items()}
    words = refused(replace(state, reserves=reserves))
    assert words == ("LiquidationGraceSentinelCheckFailed" if expected else None)
    old = replace(state_at(1), reserves=reserves)
    assert refused(old) is None


def test_nobody_liquidates_themselves_from_revision_8_on() -> None:
    call = replace(PAIR, liquidator=ALICE)
    assert refused(state_at(7), call) is None
    assert refused(state_at(8), call) == "SelfLiquidation"
    assert refused(state_at(8), replace(PAIR, liquidator=BOB)) is None


def test_a_category_gives_its_bonus_and_until_revision_4_its_price() -> None:
    category = Category(
        1, 9_000, 9_300, 10_200, collateral_bitmap=1, price_source="0x9", price=990 * USD
    )
    for revision, seized in ((4, 1_020), (5, 1), (10, 1)):
        state = state_at(revision, borrowed=9_800 * E18, emode_category=1)
        state.categories[1] = category
        state.accounts[ALICE].emode = 1
        found = outcome_of(state, replace(PAIR, debt_to_cover=10**6))
        # Until revision 4 the debt, too, has the category's price: a DAI buys 1.02 WETH.
        assert found.to_liquidator == seized * 1_000 + (0 if revision == 4 else 20)


def test_stable_debt_is_burned_after_variable_debt() -> None:
    state = state_at(1, borrowed=1_000 * E18)
    state.accounts[ALICE].stable = {DAI: StableLoan(7_700 * E18, 0, NOW)}
    found = outcome_of(state)
    assert found.debt_repaid == 4_350 * E18
    assert (found.scaled_debt_after, found.stable_debt_after) == (0, 4_350 * E18)


def test_the_fee_shrinks_to_what_two_roundings_leave() -> None:
    """At an index of 3 the liquidator's part and the fee each round up to a scaled unit more."""
    holder = account(supplied={"WETH": 3_400}, borrowed={"DAI": 12_000})
    eth = reserve(0, "WETH", USD, decimals=0, income_ray=3 * RAY, protocol_fee_bps=1_000)
    state = market(10, [eth, reserve(1, "DAI", USD, decimals=0)], [holder])
    found = outcome_of(state)
    # 10,200 in all: bonus 486, fee 49, liquidator 10,151 = 3,384 scaled; 16 scaled are left.
    assert (found.to_liquidator, found.fee) == (10_151, 48)
    assert found.scaled_collateral_after == 0


def test_closures_name_who_gives_what_to_whom() -> None:
    state = state_at(10, price=860, protocol_fee_bps=1_000)
    (closure,) = liquidate(value(bare_book(state), reference_prices(state)), ALICE)
    assert (closure.account_id, closure.kind, closure.asset_id) == (ALICE, "collateral", WETH)
    assert (closure.amount, closure.price_e18, closure.reverts) == (10 * E18, 860 * E18, None)
    assert closure.value_e18 == 8_600 * E18
    assert closure.after["debt_repaid"] == 8_190_476_190_476_190_476_191
    assert closure.after["deficit_1"] == 8_600 * E18 - closure.after["debt_repaid"]
    assert [(t.from_party, t.to_party, t.what) for t in closure.transfers] == [
        (ALICE, "liquidator", "WETH seized"),
        (ALICE, "treasury", "protocol fee in WETH"),
        ("liquidator", ALICE, "DAI debt repaid"),
        ("suppliers", ALICE, "DAI deficit"),
    ]


@pytest.mark.parametrize(("liquidity", "needs"), [(0, 1), (10**30, 0)])
def test_a_reserve_that_cannot_pay_out_can_only_give_a_tokens(liquidity: int, needs: int) -> None:
    state = state_at(10)
    reserves = {k: replace(r, virtual_balance=liquidity) for k, r in state.reserves.items()}
    state = replace(state, reserves=reserves)
    (closure,) = liquidate(value(bare_book(state), reference_prices(state)), ALICE)
    assert closure.after["needs_a_token"] == needs


def test_a_healthy_account_has_no_closures() -> None:
    state = state_at(10, price=2_000)
    assert liquidate(value(bare_book(state), reference_prices(state)), ALICE) == []


@given(
    st.integers(min_value=1, max_value=11),
    st.integers(min_value=1, max_value=10**26),
    st.integers(min_value=1, max_value=10**26),
    st.integers(min_value=RAY, max_value=2 * RAY),
    st.integers(min_value=0, max_value=10_000),
)
def test_a_liquidation_takes_no_more_than_there_is(
    revision: int, supplied: int, borrowed: int, index: int, fee: int
) -> None:
    eth = reserve(0, "WETH", 1_000 * USD, income_ray=index, protocol_fee_bps=fee)
    dai = reserve(1, "DAI", USD, debt_ray=index)
    holder = account(supplied={"WETH": supplied}, borrowed={"DAI": borrowed})
    state = market(revision, [eth, dai], [holder])
    found = at_work(state).largest(PAIR)
    if found.reverts is not None:
        return
    held = state.supply(holder, eth)
    assert found.to_liquidator >= 0
    assert 0 <= found.to_liquidator + found.fee <= held
    assert 0 <= found.scaled_collateral_after <= supplied
    assert 0 <= found.scaled_debt_after <= borrowed
    assert 0 <= found.debt_repaid <= state.variable_debt(holder, dai)
    assert sum(found.deficits.values()) + found.debt_repaid <= state.variable_debt(holder, dai)
