"""What the contract's own views are asked, and what the rebuild expects of them."""

from __future__ import annotations

from dataclasses import replace

from aave_market import ALICE, E18, NOW, USD, account, asset_of, data_of, market, reserve
from bare_book import bare_book

from analyzer.abi.contract import load_abi
from analyzer.protocols.aave_v3.judge.truth import JUDGE_SELECTORS, SIX_FIELDS, truth
from analyzer.protocols.aave_v3.ray_math import RAY
from analyzer.protocols.aave_v3.records.accounts import StableLoan
from analyzer.protocols.aave_v3.state.state import AaveState, Category
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.base import Judge
from analyzer.protocols.kit.unreadable import Unreadable

WETH, DAI = asset_of("WETH"), asset_of("DAI")


def a_market(revision: int = 10) -> AaveState:
    """One borrower."""
    holder = account(supplied={"WETH": E18, "DAI": 0}, borrowed={"DAI": 7}, emode=2)
    holder.stable = {DAI: StableLoan(5, 6, NOW)}
    return market(
        revision,
        [reserve(0, "WETH", 2_000 * USD), reserve(1, "DAI", debt_ray=2 * RAY)],
        [holder],
        [Category(2, 9_000, 9_100, 10_100)],
    )


def judges(state: AaveState) -> list[Judge]:
    """All judges about Alice and the reserves."""
    return truth(value(bare_book(state), reference_prices(state)), [], [ALICE])


def test_an_account_is_asked_for_its_six_numbers_its_flags_and_every_balance() -> None:
    state = a_market()
    found = judges(state)
    assert [(j.contract, j.fields, j.expected) for j in found] == [
        ("Pool", ("getReserveNormalizedIncome",), (RAY,)),
        ("Pool", ("getReserveNormalizedVariableDebt",), (RAY,)),
        ("Pool", ("getReserveNormalizedIncome",), (RAY,)),
        ("Pool", ("getReserveNormalizedVariableDebt",), (2 * RAY,)),
        ("Pool", SIX_FIELDS, data_of(state).six),
        ("Pool", ("getUserConfiguration",), (0b0110,)),
        ("Pool", ("getUserEMode",), (2,)),
        ("AToken", ("scaledBalanceOf",), (E18,)),
        ("AToken", ("scaledBalanceOf",), (0,)),
        ("VariableDebtToken", ("scaledBalanceOf",), (7,)),
    ]
    assert {j.request.data[:10] for j in found} <= JUDGE_SELECTORS


def test_stable_debts_are_judged_where_the_revision_has_them() -> None:
    found = [j for j in judges(a_market(1)) if j.contract == "StableDebtToken"]
    assert [(j.fields[0], j.expected[0]) for j in found] == [
        ("principalBalanceOf", 5),
        ("getUserStableRate", 6),
        ("getUserLastUpdated", NOW),
    ]


def test_where_the_oracle_reverts_the_view_is_expected_to_revert() -> None:
    state = a_market()
    dead = replace(
        state.reserves[DAI],
        price=replace(state.reserves[DAI].price, price=Unreadable("price", "gone", True)),
    )
    found = judges(replace(state, reserves={**state.reserves, DAI: dead}))
    (six,) = [j for j in found if j.fields == SIX_FIELDS]
    assert (six.expected_revert, six.expected) == ("", (None,) * 6)


def test_where_a_price_was_not_read_nothing_is_expected_of_the_view() -> None:
    state = a_market()
    dead = replace(
        state.reserves[DAI],
        price=replace(state.reserves[DAI].price, price=Unreadable("price", "not recorded")),
    )
    found = judges(replace(state, reserves={**state.reserves, DAI: dead}))
    assert [j for j in found if j.fields == SIX_FIELDS] == []


def test_the_views_that_hold_what_is_rebuilt_are_all_judges() -> None:
    pool = load_abi("aave_v3/Pool")
    for name in ("getUserAccountData", "getUserConfiguration", "getUserEMode"):
        assert pool.function(name).selector in JUDGE_SELECTORS
    assert load_abi("aave_v3/AToken").function("scaledBalanceOf").selector in JUDGE_SELECTORS
