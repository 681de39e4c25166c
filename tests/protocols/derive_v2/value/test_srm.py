"""The StandardManager's rules on portfolios that can be computed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.derive_v2.records.parameters import (
    OptionMarginParams,
    OracleContingency,
    SrmMarket,
)
from analyzer.protocols.derive_v2.value.srm import (
    ExpiryHolding,
    MarketHolding,
    MarketMargin,
    OptionHolding,
    PerpHolding,
    depeg_multiplier,
    market_margin,
    max_loss,
)

E18 = 10**18
PERCENT = E18 // 100
MARKET = SrmMarket(
    market_id=1,
    name="ETH",
    spot_feed="",
    forward_feed="",
    vol_feed="",
    perp_mm=5 * PERCENT,
    perp_im=10 * PERCENT,
    option=OptionMarginParams(
        max_spot_req=15 * PERCENT,
        min_spot_req=10 * PERCENT,
        mm_call_spot_req=8 * PERCENT,
        mm_put_spot_req=8 * PERCENT,
        mm_put_mtm_req=8 * PERCENT,
        unpaired_im_scale=120 * PERCENT,
        unpaired_mm_scale=110 * PERCENT,
        mm_offset_scale=105 * PERCENT,
    ),
    base_margin_factor=80 * PERCENT,
    base_im_scale=50 * PERCENT,
    contingency=OracleContingency(50 * PERCENT, 50 * PERCENT, 50 * PERCENT, 40 * PERCENT),
)
EMPTY = MarketHolding(MARKET, 2_000 * E18, E18, None, (), 0)


def margins(holding: MarketHolding, *, stable: int = E18, depeg: int = 0) -> tuple[int, int, int]:
    """(IM, MM, mark to market), whole USD."""
    initial = market_margin(holding, initial=True, depeg=depeg, stable=stable)
    maintenance = market_margin(holding, initial=False, depeg=0, stable=stable)
    assert initial.mark_to_market == maintenance.mark_to_market
    values = (initial.margin, maintenance.margin, initial.mark_to_market)
    assert all(value % E18 == 0 for value in values)
    im, mm, mtm = (value // E18 for value in values)
    return im, mm, mtm


def with_options(*options: OptionHolding, confidence: int = E18) -> MarketHolding:
    """A market with one expiry."""
    return replace(EMPTY, expiries=(ExpiryHolding(1, 2_000 * E18, confidence, options),))


def test_a_perp_needs_its_share_of_notional_and_counts_what_it_has_not_settled() -> None:
    perp = PerpHolding(-2 * E18, 2_010 * E18, E18, 30 * E18)
    assert margins(replace(EMPTY, perp=perp)) == (30 - 402, 30 - 201, 30)


def test_an_unsure_perp_feed_costs_initial_margin_alone() -> None:
    perp = PerpHolding(2 * E18, 2_000 * E18, 25 * PERCENT, 0)
    assert margins(replace(EMPTY, perp=perp)) == (-400 - 1_200, -200, 0)


def test_base_is_lent_at_spot_and_marked_in_stable_coin() -> None:
    held = replace(EMPTY, base=3 * E18)
    assert margins(held, stable=E18 // 2) == (2_400, 4_800, 12_000)


def test_an_unsure_spot_feed_costs_base_only_where_base_lends_anything() -> None:
    held = replace(EMPTY, base=E18, spot_confidence=0)
    assert margins(held) == (800 - 800, 1_600, 2_000)
    nothing = replace(held, params=replace(MARKET, base_im_scale=0))
    assert margins(nothing) == (0, 1_600, 2_000)


def test_a_depeg_counts_perps_and_short_options_of_initial_margin() -> None:
    multiplier = depeg_multiplier(90 * PERCENT, 98 * PERCENT, 5 * E18 // 4)
    assert multiplier == 10 * PERCENT
    perp = PerpHolding(-E18, 2_000 * E18, E18, 0)
    short = OptionHolding(2_000 * E18, False, -E18, 100 * E18)
    long = OptionHolding(2_100 * E18, False, E18, 200 * E18)
    held = replace(with_options(short, long), perp=perp)
    before, after = margins(held), margins(held, depeg=multiplier)
    assert (after[0] - before[0], after[1] - before[1]) == (-400, 0)


def test_a_short_call_is_margined_alone_when_that_is_better() -> None:
    short = OptionHolding(2_000 * E18, True, -E18, 100 * E18)
    assert margins(with_options(short)) == (-400, -260, -100)


def test_a_short_put_is_margined_by_spot_or_by_its_own_price() -> None:
    short = OptionHolding(2_000 * E18, False, -E18, 100 * E18)
    assert margins(with_options(short)) == (-400, -260, -100)
    rich = replace(short, unit_price=1_500 * E18)
    assert margins(with_options(rich)) == (-1_800, -1_660, -1_500)


def test_a_far_option_needs_no_less_than_the_floor() -> None:
    far = OptionHolding(3_000 * E18, True, -E18, 0)
    assert margins(with_options(far)) == (-200, -160, 0)


def test_a_spread_needs_no_more_than_it_can_lose() -> None:
    short = OptionHolding(2_000 * E18, True, -E18, 100 * E18)
    long = OptionHolding(2_050 * E18, True, E18, 80 * E18)
    assert margins(with_options(short, long)) == (-50, -50, -20)


def test_unpaired_short_calls_add_a_multiple_of_the_forward_to_the_largest_loss() -> None:
    short = OptionHolding(2_000 * E18, True, -2 * E18, 2_000 * E18)
    long = OptionHolding(2_050 * E18, True, E18, 80 * E18)
    found = market_margin(with_options(short, long), initial=False, depeg=0, stable=E18)
    assert found.options == max(-4_000 - 320, -100 - 2_200) * E18


def test_the_parts_of_a_market_add_up_to_its_margin() -> None:
    held = replace(
        with_options(OptionHolding(2_000 * E18, True, -E18, 100 * E18), confidence=0),
        perp=PerpHolding(3 * E18, 2_000 * E18, 0, -7 * E18),
        base=E18,
        spot_confidence=0,
    )
    for initial in (True, False):
        found = market_margin(held, initial=initial, depeg=E18 // 10, stable=E18)
        assert isinstance(found, MarketMargin)
        parts = found.perp + found.options + found.base + found.depeg + found.unsettled
        assert parts == found.margin


OPTIONS = st.lists(
    st.builds(
        OptionHolding,
        strike=st.integers(1, 50).map(lambda one: one * 100 * E18),
        is_call=st.booleans(),
        balance=st.integers(-(10**21), 10**21).filter(bool),
        unit_price=st.integers(0, 10**22),
    ),
    max_size=8,
)


@given(OPTIONS)
def test_the_largest_loss_is_never_a_gain_and_no_strike_is_worse(
    options: list[OptionHolding],
) -> None:
    loss = max_loss(options)
    assert loss <= 0
    for one in options:
        at_strike = sum(
            option.balance
            * max(
                0,
                one.strike - option.strike if option.is_call else option.strike - one.strike,
            )
            // E18
            for option in options
        )
        assert at_strike >= loss - len(options)


@given(OPTIONS)
def test_initial_margin_is_never_easier_than_maintenance(options: list[OptionHolding]) -> None:
    held = with_options(*options)
    initial = market_margin(held, initial=True, depeg=0, stable=E18)
    maintenance = market_margin(held, initial=False, depeg=0, stable=E18)
    assert initial.options <= maintenance.options + len(options) + 2


@pytest.mark.parametrize("stable", [98 * PERCENT, E18])
def test_at_its_threshold_the_stable_coin_costs_nothing(stable: int) -> None:
    assert depeg_multiplier(stable, 98 * PERCENT, 2 * E18) == 0
