"""The six numbers of an account, revision by revision, with printed numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aave_market import ALICE, E18, USD, account, data_of, market, reserve
from bare_book import bare_book
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.judge.truth import truth
from analyzer.protocols.aave_v3.ray_math import MAX_UINT256, RAY
from analyzer.protocols.aave_v3.records.accounts import Account, StableLoan
from analyzer.protocols.aave_v3.state.state import AaveState, Category, ReserveState
from analyzer.protocols.aave_v3.value.account import Valuation
from analyzer.protocols.aave_v3.value.prices import reference_prices
from analyzer.protocols.aave_v3.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable

ALL = tuple(range(1, 12))
ETH = reserve(0, "WETH", 2_000 * USD)
DAI = reserve(1, "DAI", USD, decimals=18, ltv_bps=7_500, threshold_bps=7_800)
WSTETH = reserve(2, "wstETH", 2_400 * USD, ltv_bps=7_000, threshold_bps=7_900, emode_category=1)


def borrower(**changes: object) -> Account:
    """One WETH as collateral, 1,000 DAI of debt."""
    return replace(
        account(supplied={"WETH": E18}, borrowed={"DAI": 1_000 * E18}, collateral=(0,)), **changes
    )


@pytest.mark.parametrize("revision", ALL)
def test_one_collateral_and_one_debt(revision: int) -> None:
    state = market(revision, [ETH, DAI], [borrower()])
    assert data_of(state).six == (
        2_000 * USD,
        1_000 * USD,
        600 * USD,
        8_500,
        8_000,
        1_700_000_000_000_000_000,
    )


@pytest.mark.parametrize("revision", ALL)
def test_without_a_flag_nothing_counts(revision: int) -> None:
    state = market(revision, [ETH, DAI], [account(supplied={"WETH": E18}, collateral=())])
    assert data_of(state).six == (0, 0, 0, 0, 0, MAX_UINT256)


@pytest.mark.parametrize("revision", ALL)
def test_debt_without_collateral_has_a_health_factor_of_nothing(revision: int) -> None:
    state = market(revision, [ETH, DAI], [account(borrowed={"DAI": E18}, collateral=())])
    assert data_of(state).six == (0, USD, 0, 0, 0, 0)


@pytest.mark.parametrize("revision", ALL)
def test_a_flag_without_a_balance_adds_nothing(revision: int) -> None:
    state = market(revision, [ETH, DAI], [account(supplied={}, collateral=(0, 1, 5))])
    assert data_of(state).six == (0, 0, 0, 0, 0, MAX_UINT256)


@pytest.mark.parametrize(
    ("revision", "collateral", "debt"), [(1, 2, 1), (8, 2, 1), (9, 1, 2), (10, 1, 2), (11, 1, 2)]
)
def test_collateral_rounds_down_and_debt_up_from_revision_9_on(
    revision: int, collateral: int, debt: int
) -> None:
    """A supply of 1.5 and a debt of 1.25 tokens of no decimals, each worth one unit."""
    eth = reserve(0, "WETH", 1, decimals=0, income_ray=3 * RAY // 2)
    dai = reserve(1, "DAI", 1, decimals=0, debt_ray=5 * RAY // 4)
    state = market(revision, [eth, dai], [account(supplied={"WETH": 1}, borrowed={"DAI": 1})])
    assert data_of(state).six[:2] == (collateral, debt)


@pytest.mark.parametrize(("revision", "debt"), [(1, 0), (8, 0), (9, 1), (10, 1)])
def test_a_debt_below_one_base_unit_is_worth_one_from_revision_9_on(
    revision: int, debt: int
) -> None:
    state = market(revision, [ETH, DAI], [account(borrowed={"DAI": 1}, collateral=())])
    assert data_of(state).debt_base == debt


@pytest.mark.parametrize(
    ("revision", "health"), [(8, 850_200_000_000_000_000), (9, 850_299_980_000_000_000)]
)
def test_the_health_factor_loses_the_average_thresholds_fraction_until_revision_8(
    revision: int, health: int
) -> None:
    """5,001 at 85.02 % and 4,999 at 85.04 %: the average is 85.0299 %, floored to 85.02 %."""
    first = reserve(0, "A", 1, decimals=0, threshold_bps=8_502)
    second = reserve(1, "B", 1, decimals=0, threshold_bps=8_504)
    debt = reserve(2, "C", 1, decimals=0)
    holder = account(supplied={"A": 5_001, "B": 4_999}, borrowed={"C": 10_000}, collateral=(0, 1))
    data = data_of(market(revision, [first, second, debt], [holder]))
    assert (data.threshold_bps, data.health_factor) == (8_502, health)


CORRELATED = Category(1, 9_300, 9_500, 10_100, "ETH", collateral_bitmap=0b100)


def in_mode(revision: int, category: Category, wsteth: ReserveState = WSTETH) -> AaveState:
    """One wstETH and one WETH as collateral, in category 1, with a debt."""
    holder = account(
        supplied={"WETH": E18, "wstETH": E18},
        borrowed={"DAI": 1_000 * E18},
        collateral=(0, 2),
        emode=1,
    )
    return market(revision, [ETH, DAI, wsteth], [holder], [category])


@pytest.mark.parametrize("revision", ALL)
def test_a_category_sets_threshold_and_ltv_of_the_collateral_in_it(revision: int) -> None:
    data = data_of(in_mode(revision, CORRELATED))
    assert [(h.threshold_bps, h.ltv_bps) for h in data.holdings] == [
        (8_500, 8_000),
        (7_800, 7_500),
        (9_500, 9_300),
    ]
    assert data.threshold_bps == (2_000 * 8_500 + 2_400 * 9_500) // 4_400


@pytest.mark.parametrize("revision", ALL)
def test_an_asset_with_no_ltv_of_its_own_borrows_nothing_in_a_category_until_revision_9(
    revision: int,
) -> None:
    frozen = replace(WSTETH, config=replace(WSTETH.config, ltv_bps=0))
    data = data_of(in_mode(revision, CORRELATED, frozen))
    assert data.holdings[2].ltv_bps == (0 if revision <= 9 else 9_300)
    assert data.holdings[2].threshold_bps == 9_500


@pytest.mark.parametrize("revision", ALL)
def test_the_categorys_own_list_takes_the_ltv_away_from_revision_10_on(revision: int) -> None:
    data = data_of(in_mode(revision, replace(CORRELATED, ltv_zero_bitmap=0b100)))
    assert data.holdings[2].ltv_bps == (9_300 if revision <= 9 else 0)


@pytest.mark.parametrize("revision", ALL)
def test_an_isolated_category_takes_the_ltv_of_everything_else_in_revision_11(
    revision: int,
) -> None:
    data = data_of(in_mode(revision, replace(CORRELATED, isolated=True)))
    assert data.holdings[0].ltv_bps == (8_000 if revision <= 10 else 0)
    assert data.holdings[2].ltv_bps == 9_300


@pytest.mark.parametrize("revision", ALL)
def test_a_categorys_price_source_prices_its_assets_until_revision_4(revision: int) -> None:
    priced = replace(CORRELATED, price_source="0x" + "9" * 40, price=2_200 * USD)
    data = data_of(in_mode(revision, priced))
    assert [h.price for h in data.holdings] == [
        2_000 * USD,
        USD,
        2_200 * USD if revision <= 4 else 2_400 * USD,
    ]


@pytest.mark.parametrize("revision", ALL)
def test_collateral_without_a_threshold_counts_from_revision_10_on(revision: int) -> None:
    delisted = replace(ETH, config=replace(ETH.config, ltv_bps=0, threshold_bps=0))
    data = data_of(market(revision, [delisted, DAI], [borrower()]))
    assert data.six == (
        (0, 1_000 * USD, 0, 0, 0, 0) if revision <= 9 else (2_000 * USD, 1_000 * USD, 0, 0, 0, 0)
    )


def test_stable_debt_compounds_at_its_own_rate() -> None:
    """1,000 DAI at 10 % for a year, beside 500 of variable debt."""
    state = market(1, [ETH, DAI], [borrower()])
    holder = state.accounts[ALICE]
    holder.borrowed = {DAI.asset: 500 * E18}
    holder.stable = {DAI.asset: StableLoan(1_000 * E18, RAY // 10, state.block_time - 31_536_000)}
    data = data_of(state)
    assert data.holdings[1].stable_debt == 1_105_162_042_821_782_412_576
    assert data.debt_base == 160_516_204_282


@pytest.mark.parametrize("revision", [1, 10])
def test_a_price_that_reverts_makes_everyone_who_needs_it_unknown(revision: int) -> None:
    why = Unreadable("AaveOracle.getAssetPrice(DAI)", "execution reverted", True)
    dead = replace(DAI, price=replace(DAI.price, price=why))
    other = account("0x" + "c" * 40, supplied={"WETH": E18})
    state = market(revision, [ETH, dead], [borrower(), other])
    valuation = Valuation(state, reference_prices(state))
    assert valuation.account_data(ALICE) == why
    assert data_of(state, other.address).collateral_base == 2_000 * USD


def test_a_price_of_nothing_makes_whoever_needs_it_unknown_and_is_never_shown_as_zero() -> None:
    worthless = replace(ETH, price=replace(ETH.price, price=0))
    other = account("0x" + "c" * 40, supplied={"DAI": E18}, collateral=(1,))
    state = market(10, [worthless, DAI], [borrower(), other])
    price = reference_prices(state).by_asset[ETH.asset]
    assert (price.status, price.price_e18) == ("invalid", None)
    found = Valuation(state, reference_prices(state)).account_data(ALICE)
    assert isinstance(found, Unreadable)
    assert (found.reason, found.reverted) == ("the oracle answers 0 and the pool uses it", False)
    assert data_of(state, other.address).collateral_base == USD


@pytest.mark.parametrize("revision", [1, 10])
@pytest.mark.parametrize("answer", [2**255 - 1, 2**255, 2**256 - 1])
def test_where_the_pools_products_overflow_its_view_reverts_and_the_account_is_unknown(
    revision: int, answer: int
) -> None:
    absurd = replace(ETH, price=replace(ETH.price, price=answer))
    state = market(revision, [absurd, DAI], [borrower()])
    found = Valuation(state, reference_prices(state)).account_data(ALICE)
    assert found == Unreadable(
        "getUserAccountData", "Panic(0x11): a product does not fit 256 bits", True
    )
    assert reference_prices(state).by_asset[ETH.asset].status == "invalid"
    judges = truth(value(bare_book(state), reference_prices(state)), [], [ALICE])
    (six,) = [judge for judge in judges if judge.fields[0] == "totalCollateralBase"]
    assert six.expected_revert == ""


def test_a_price_that_the_pool_can_still_compute_with_is_computed_with() -> None:
    huge = replace(ETH, price=replace(ETH.price, price=2**128))
    dust = account(ALICE, supplied={"WETH": 1})
    state = market(10, [huge, DAI], [dust])
    assert data_of(state).collateral_base == 2**128 // E18


def test_an_unknown_revision_makes_every_account_unknown() -> None:
    state = replace(market(10, [ETH, DAI], [borrower()]), problem=Unreadable("POOL_REVISION", "12"))
    valuation = Valuation(state, reference_prices(state))
    assert valuation.account_data(ALICE) == Unreadable("POOL_REVISION", "12")


@given(
    st.sampled_from(ALL),
    st.integers(min_value=0, max_value=10**30),
    st.integers(min_value=0, max_value=10**30),
    st.integers(min_value=RAY, max_value=3 * RAY),
)
def test_more_collateral_never_lowers_the_health_factor(
    revision: int, supplied: int, borrowed: int, index: int
) -> None:
    eth = replace(ETH, income_ray=index)

    def health(amount: int) -> int:
        holder = account(supplied={"WETH": amount}, borrowed={"DAI": borrowed})
        return data_of(market(revision, [eth, DAI], [holder])).health_factor

    assert health(supplied + E18) >= health(supplied)
