"""Cash, interest, options' names and perps' unsettled cash, by hand."""

from __future__ import annotations

from dataclasses import replace
from math import expm1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.derive_v2.records.cash import CashState, RateModel
from analyzer.protocols.derive_v2.records.options import (
    STRIKE_UNIT,
    OptionId,
    decode_sub_id,
    encode_sub_id,
)
from analyzer.protocols.derive_v2.records.perps import PerpPosition
from analyzer.protocols.derive_v2.value.cash import exchange_rate, owed, shortfall
from analyzer.protocols.derive_v2.value.interest import accrue, balance_with_interest, borrow_rate
from analyzer.protocols.derive_v2.value.perps import premium, unsettled
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

E18 = 10**18
PERCENT = E18 // 100
YEAR = 31_536_000
MODEL = RateModel(
    min_rate=2 * PERCENT,
    rate_multiplier=8 * PERCENT,
    high_rate_multiplier=90 * PERCENT,
    optimal_util=80 * PERCENT,
)
CASH = CashState(
    address="0xCash",
    total_supply=1_000 * E18,
    total_borrow=400 * E18,
    accrued_sm_fees=0,
    net_settled_cash=0,
    borrow_index=E18,
    supply_index=E18,
    last_timestamp=0,
    sm_fee_percentage=20 * PERCENT,
    previous_sm_fee_percentage=0,
    withdraw_fee_enabled=False,
    sm_account=2,
    stable_held=600 * E18,
    rate_model=MODEL,
)


@pytest.mark.parametrize(
    ("supply", "borrow", "expected"),
    [(100, 0, 200), (100, 50, 600), (100, 80, 840), (100, 90, 1_740), (100, 500, 2_640)],
)
def test_the_rate_is_kinked_and_never_beyond_full_use(
    supply: int, borrow: int, expected: int
) -> None:
    assert borrow_rate(MODEL, supply=supply * E18, borrow=borrow * E18) == expected * E18 // 10_000


def test_interest_goes_to_lenders_less_the_fee() -> None:
    found = accrue(CASH, YEAR)
    assert found.total_borrow == CASH.total_borrow + found.interest
    assert found.total_supply == CASH.total_supply + found.interest - found.sm_fee
    assert found.sm_fee == found.interest * 20 // 100
    assert found.interest == pytest.approx(400e18 * expm1(0.052), rel=1e-12)
    grown = found.total_borrow * E18 // CASH.total_borrow
    assert found.borrow_index == grown


@pytest.mark.parametrize(
    ("cash", "now"), [(replace(CASH, last_timestamp=9), 9), (replace(CASH, total_borrow=0), YEAR)]
)
def test_without_time_or_borrowers_there_is_no_interest(cash: CashState, now: int) -> None:
    found = accrue(cash, now)
    assert (found.borrow_index, found.supply_index, found.interest) == (E18, E18, 0)


def test_burned_settlements_count_as_supply_in_the_utilisation() -> None:
    burned = accrue(replace(CASH, net_settled_cash=-1_000 * E18), YEAR).interest
    minted = accrue(replace(CASH, net_settled_cash=1_000 * E18), YEAR).interest
    plain = accrue(CASH, YEAR).interest
    assert burned < plain == minted


def test_a_rate_model_that_was_not_read_is_a_reason() -> None:
    with pytest.raises(UnreadableNumberError) as caught:
        accrue(replace(CASH, rate_model=Unreadable("rate model", "not recorded", False)), YEAR)
    assert caught.value.unreadable.reason == "not recorded"


def test_debts_grow_with_one_index_and_claims_with_the_other() -> None:
    found = accrue(replace(CASH, borrow_index=2 * E18, supply_index=3 * E18), 0)
    assert balance_with_interest(-100, E18, found) == -200
    assert balance_with_interest(100, E18, found) == 300
    assert balance_with_interest(100, 0, found) == 100
    assert balance_with_interest(0, E18, found) == 0


def test_cash_is_whole_while_the_stable_coin_backs_it() -> None:
    assert owed(CASH) == 600 * E18
    assert (exchange_rate(CASH), shortfall(CASH)) == (E18, 0)
    hole = replace(CASH, stable_held=450 * E18)
    assert (exchange_rate(hole), shortfall(hole)) == (75 * PERCENT, 150 * E18)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**63 - 1).map(lambda one: one * STRIKE_UNIT),
    st.booleans(),
)
def test_a_sub_id_names_one_option(expiry: int, strike: int, is_call: bool) -> None:
    option = OptionId(expiry, strike, is_call)
    assert decode_sub_id(encode_sub_id(option)) == option


def test_unsettled_cash_is_funding_and_pnl_since_the_last_settlement() -> None:
    position = PerpPosition(1_900 * E18, 5 * E18, 7 * E18, 3 * E18)
    found = unsettled(size=-2 * E18, position=position, price=2_000 * E18, aggregated=13 * E18)
    assert found == (20 - 200 + 5 + 7) * E18


@pytest.mark.parametrize(
    ("bid", "ask", "expected"), [(101, 102, 1), (98, 99, -1), (99, 101, 0), (103, 103, 3)]
)
def test_the_premium_is_what_lies_outside_the_impact_prices(
    bid: int, ask: int, expected: int
) -> None:
    assert premium(index=100 * E18, bid=bid * E18, ask=ask * E18) == expected * PERCENT


def test_crossed_impact_prices_are_refused() -> None:
    with pytest.raises(UnreadableNumberError) as caught:
        premium(index=E18, bid=2, ask=1)
    assert caught.value.unreadable.reason == "PA_InvalidImpactPrices"
