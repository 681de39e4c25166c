"""PMRM_2's scenario margin on portfolios that can be computed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.protocols.derive_v2.records.parameters import (
    BasisParams,
    LibParams,
    MarginParams,
    OtherParams,
    Scenario,
    SkewParams,
    VolParams,
    VolShock,
)
from analyzer.protocols.derive_v2.value.pmrm import MarginResult, ScenarioPricer
from analyzer.protocols.derive_v2.value.portfolio import (
    CollateralHolding,
    ExpiryHolding,
    ExpiryTerms,
    OptionHolding,
    Portfolio,
    naked_shorts,
)
from analyzer.protocols.kit.unreadable import UnreadableNumberError

E18 = 10**18
PERCENT = E18 // 100
PARAMS = LibParams(
    BasisParams(105 * PERCENT, 95 * PERCENT, 25 * PERCENT, E18),
    OtherParams(
        peg_loss_threshold=98 * PERCENT,
        peg_loss_factor=2 * E18,
        conf_threshold=50 * PERCENT,
        conf_margin=E18,
        mm_perp=PERCENT,
        im_perp=2 * PERCENT,
        mm_option=PERCENT,
        im_option=2 * PERCENT,
    ),
    MarginParams(125 * PERCENT, 80 * PERCENT, E18, E18, 0, 0, E18, E18),
    VolParams(50 * PERCENT, 30 * PERCENT, 30 * PERCENT, 13 * PERCENT, 86_400, 40 * PERCENT),
    SkewParams(15 * PERCENT, 15 * PERCENT, 0, 0, PERCENT, 4 * E18, 60 * PERCENT, -10 * PERCENT),
)
UP = Scenario(120 * PERCENT, VolShock.NONE, E18)
DOWN = Scenario(80 * PERCENT, VolShock.NONE, E18)
DAMPED = Scenario(50 * PERCENT, VolShock.NONE, 10 * PERCENT)
EMPTY = Portfolio(2_000 * E18, E18, 0, 0, 2_000 * E18, 0, E18, (), ())
TERMS = ExpiryTerms(1, 30 * 86_400, 0, 2_000 * E18, 5 * PERCENT, E18)
CALL = OptionHolding(2_000 * E18, True, -E18, 60 * PERCENT)


def margins(portfolio: Portfolio, *scenarios: Scenario) -> tuple[MarginResult, MarginResult]:
    """(maintenance, initial)."""
    found = ScenarioPricer(PARAMS, scenarios).assess(portfolio)
    return found.margin(initial=False), found.margin(initial=True)


def usd(value: int) -> int:
    """Whole USD: exact here."""
    assert value % E18 == 0
    return value // E18


def test_a_perp_loses_its_worst_scenario_and_its_contingencies() -> None:
    short = replace(EMPTY, cash=1_000 * E18, perp_position=-E18, perp_value=30 * E18)
    mm, im = margins(short, DOWN, UP, DAMPED)
    assert (usd(mm.margin), mm.worst_scenario) == (1_030 - 320 - 20, 1)
    assert (usd(im.margin), im.worst_scenario) == (1_030 - 500 - 20 - 40, 1)
    assert usd(mm.mark_to_market) == usd(im.mark_to_market) == 1_030


def test_damping_shrinks_a_tail() -> None:
    long = replace(EMPTY, perp_position=E18)
    found = ScenarioPricer(PARAMS, (DAMPED,)).assess(long)
    assert found.scenario_pnl == (-100 * E18,)


def test_without_a_losing_scenario_the_basis_contingency_decides() -> None:
    mm, im = margins(replace(EMPTY, cash=5 * E18), UP, DOWN)
    assert (mm, im) == (MarginResult(5 * E18, 5 * E18, 2), MarginResult(5 * E18, 5 * E18, 2))


def test_ties_keep_the_earlier_scenario() -> None:
    long = replace(EMPTY, perp_position=E18)
    mm, _ = margins(long, UP, DOWN, DOWN)
    assert mm.worst_scenario == 1


def test_one_scenario_alone_is_numbered_as_the_contract_numbers_it() -> None:
    long = replace(EMPTY, perp_position=E18)
    found = ScenarioPricer(PARAMS, (UP, DOWN)).assess(long)
    assert found.margin(initial=False, scenarios=(1,)).worst_scenario == 0
    assert found.margin(initial=False, scenarios=(0,)).worst_scenario == 1


def test_a_lost_peg_raises_the_initial_factor_alone() -> None:
    long = replace(EMPTY, perp_position=E18, stable=88 * PERCENT)
    mm, im = margins(long, DOWN)
    assert usd(mm.margin) == -320 - 20
    assert usd(im.margin) == -400 * 145 // 100 - 20 - 40


def test_an_unsure_feed_is_charged_on_notional_in_initial_margin_alone() -> None:
    long = replace(EMPTY, perp_position=E18, confidence=25 * PERCENT)
    mm, im = margins(long, DOWN)
    assert usd(mm.margin) == -320 - 20
    assert usd(im.margin) == -500 - 20 - 40 - 1_500


@pytest.mark.parametrize(("cancels", "loss"), [(True, 200), (False, 0)])
def test_collateral_moves_with_spot_only_where_it_cancels_risk(cancels: bool, loss: int) -> None:
    held = CollateralHolding("0xBase", 1_000 * E18, E18, cancels, 5 * PERCENT, 10 * PERCENT)
    mm, im = margins(replace(EMPTY, collaterals=(held,)), DOWN)
    assert usd(mm.margin) == 1_000 - loss * 80 // 100 - 50
    assert usd(im.margin) == 1_000 - loss * 125 // 100 - 50 - 100


def test_a_skew_scenario_counts_its_worse_sign() -> None:
    held = ExpiryHolding(TERMS, (replace(CALL, strike=2_500 * E18),), E18)
    bought = ExpiryHolding(TERMS, (replace(CALL, strike=2_500 * E18, amount=E18),), E18)
    skew = Scenario(E18, VolShock.LINEAR, E18)
    for one in (held, bought):
        found = ScenarioPricer(PARAMS, (skew,)).assess(replace(EMPTY, expiries=(one,)))
        assert found.scenario_pnl[0] < 0


def test_volatility_shocks_hurt_who_is_short_or_long() -> None:
    up, down = (Scenario(E18, kind, E18) for kind in (VolShock.UP, VolShock.DOWN))
    flat = replace(TERMS, rate=0)
    sold = replace(EMPTY, expiries=(ExpiryHolding(flat, (CALL,), E18),))
    bought = replace(EMPTY, expiries=(ExpiryHolding(flat, (replace(CALL, amount=E18),), E18),))
    assert [
        value < 0 for value in ScenarioPricer(PARAMS, (up, down)).assess(sold).scenario_pnl
    ] == [
        True,
        False,
    ]
    found = ScenarioPricer(PARAMS, (up, down)).assess(bought).scenario_pnl
    assert [value < 0 for value in found] == [False, True]


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (((True, -3), (False, 2)), 1),
        (((True, -3), (False, -2)), 5),
        (((True, 3), (False, -4)), 1),
        (((True, 3), (False, 4)), 0),
        (((True, -1),), 1),
    ],
)
def test_a_short_call_is_covered_by_a_long_put_of_its_strike(
    amounts: tuple[tuple[bool, int], ...], expected: int
) -> None:
    options = [OptionHolding(E18, is_call, amount, 0) for is_call, amount in amounts]
    assert naked_shorts(options) == expected


def test_shorts_of_other_strikes_do_not_cover_each_other() -> None:
    options = [OptionHolding(E18, True, -2, 0), OptionHolding(2 * E18, False, 2, 0)]
    assert naked_shorts(options) == 2


def test_what_the_library_refuses_is_refused() -> None:
    found = ScenarioPricer(PARAMS, (UP,)).assess(EMPTY)
    for scenarios, name in (((), "PMRML2_InvalidGetMarginState"), ((9,), "Panic(0x32)")):
        with pytest.raises(UnreadableNumberError) as caught:
            found.margin(initial=False, scenarios=scenarios)
        assert caught.value.unreadable.reason == name


AMOUNTS = st.integers(-(10**20), 10**20).filter(bool)
BOOKS = st.lists(
    st.builds(
        OptionHolding,
        strike=st.integers(10, 40).map(lambda one: one * 100 * E18),
        is_call=st.booleans(),
        amount=AMOUNTS,
        volatility=st.just(60 * PERCENT),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(BOOKS, AMOUNTS)
def test_initial_margin_is_never_easier_and_cash_is_worth_itself(
    options: list[OptionHolding], perp: int
) -> None:
    held = replace(EMPTY, perp_position=perp, expiries=(ExpiryHolding(TERMS, tuple(options), E18),))
    kinds = (VolShock.NONE, VolShock.UP, VolShock.DOWN)
    scenarios = [Scenario(s * PERCENT, kind, E18) for s in (80, 100, 120) for kind in kinds]
    mm, im = margins(held, *scenarios)
    richer_mm, richer_im = margins(replace(held, cash=17), *scenarios)
    assert im.margin <= mm.margin
    assert (richer_mm.margin - mm.margin, richer_im.margin - im.margin) == (17, 17)
