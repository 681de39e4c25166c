"""The integer swap against the published invariant in many digits; and the curve beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from analyzer.market.depth.stable_swap import (
    FEE_UNIT,
    StableState,
    get_d,
    get_dy,
    stable_curve,
)
from analyzer.model.errors import InputError, UnreadError

DAI, USDC, USDT = ("0x" + digit * 40 for digit in "123")
POOL = StableState(
    address="0x" + "9" * 40,
    coins=(DAI, USDC, USDT),
    balances=(160_000_000 * 10**18, 170_000_000 * 10**6, 90_000_000 * 10**6),
    rates=(10**18, 10**30, 10**30),
    decimals=(18, 6, 6),
    amplification=2_000,
    precision=1,
    fee=1_000_000,
    source="here",
)
STAKED = replace(
    POOL,
    coins=(DAI, USDC),
    balances=(40_000 * 10**18, 30_000 * 10**18),
    rates=(10**18, 1_130_000_000_000_000_000),
    decimals=(18, 18),
    amplification=50_00,
    precision=100,
)


def root(state: StableState, sold: int, bought: int, amount: int) -> mpf:
    """The balance at par that stays of `bought`, from the published equation; D by bisection."""
    n = len(state.coins)
    at_par = [mpf(b) * r / mpf(10) ** 18 for b, r in zip(state.balances, state.rates, strict=True)]
    ann = mpf(state.amplification) / state.precision * n

    def gap(d: mpf, balances: list[mpf]) -> mpf:
        product = mpf(1)
        for balance in balances:
            product *= balance
        return ann * sum(balances) + d - ann * d - d ** (n + 1) / (mpf(n) ** n * product)

    low, high = mpf(0), sum(at_par) * 2
    for _ in range(300):
        d = (low + high) / 2
        low, high = (d, high) if gap(d, at_par) > 0 else (low, d)
    after = list(at_par)
    after[sold] += mpf(amount) * state.rates[sold] / mpf(10) ** 18
    low, high = mpf(0), at_par[bought]
    for _ in range(300):
        after[bought] = (low + high) / 2
        if gap(d, after) < 0:
            low = after[bought]
        else:
            high = after[bought]
    return at_par[bought] - high


@settings(max_examples=20, deadline=None)
@given(
    amount=st.integers(1, 10**8),
    ways=st.sampled_from([(0, 1), (1, 0), (1, 2), (2, 0)]),
)
def test_a_swap_is_the_equations_to_a_unit_of_its_eighteen_decimals_less_the_fee(
    amount: int, ways: tuple[int, int]
) -> None:
    sold, bought = ways
    raw = amount * 10 ** POOL.decimals[sold]
    with mp.workdps(80):
        before_fee = root(POOL, sold, bought, raw)
        exact = before_fee * (1 - mpf(POOL.fee) / FEE_UNIT) * mpf(10) ** 18 / POOL.rates[bought]
        off = exact - get_dy(POOL, sold, bought, raw)
    # the iteration may stop one unit of 18 decimals off D and off y; then one is taken off
    allowed = 1 + 10 * 10**18 / POOL.rates[bought]
    assert -allowed < off < allowed


def test_rates_count_the_coins_at_what_they_are_worth_at_par() -> None:
    # the invariant's root in 80 digits: one staked coin against what it stakes
    with mp.workdps(80):
        exact = root(STAKED, 1, 0, 10**18) * (1 - mpf(STAKED.fee) / FEE_UNIT)
    assert abs(exact - get_dy(STAKED, 1, 0, 10**18)) < 20
    assert get_dy(STAKED, 1, 0, 10**18) > 1.12 * 10**18


def test_a_constant_sum_pays_what_goes_in() -> None:
    flat = replace(POOL, amplification=10**12, fee=0)
    assert get_dy(flat, 0, 1, 10**24) == pytest.approx(10**12, rel=1e-6)


def test_nothing_in_gives_nothing_out_and_more_never_gives_less() -> None:
    amounts = [get_dy(POOL, 0, 2, n * 10**24) for n in range(1, 400, 20)]
    assert amounts == sorted(amounts)
    assert amounts[-1] < POOL.balances[2]
    assert get_dy(POOL, 0, 1, 0) <= 0


def test_an_iteration_that_goes_back_and_forth_is_a_revert() -> None:
    # balances so far apart that D alternates by more than a unit until the contract gives up
    with pytest.raises(UnreadError, match="does not settle"):
        get_d([1_164_115_433_906_158_533, 126_614_243], 100, 100)


@pytest.mark.parametrize(("asset", "other"), [(DAI, USDC), (USDC, USDT), (USDT, None)])
def test_the_curve_of_a_pool_pays_what_its_swap_pays(asset: str, other: str | None) -> None:
    curve = stable_curve(POOL, asset, other, quote_usd=1.0)
    sold, bought = POOL.index(asset), POOL.index(other or DAI)
    for dollars in (10**4, 10**6, 5 * 10**7):
        raw = dollars * 10 ** POOL.decimals[sold]
        paid = get_dy(POOL, sold, bought, raw) / 10 ** POOL.decimals[bought]
        small = 10 ** (POOL.decimals[sold] + 2)
        price = get_dy(replace(POOL, fee=0), sold, bought, small) / 100
        v = dollars * price / 10 ** POOL.decimals[bought]
        assert curve.average_ratio(0, v) * v == pytest.approx(paid, rel=1e-6)
    assert curve.source == "here"


def test_a_coin_that_is_worth_more_than_par_counts_at_its_own_price() -> None:
    curve = stable_curve(STAKED, DAI, USDC, quote_usd=2_260.0)
    # 30,000 coins of 1.13 at par: there are 67.8 M USD to be had
    assert curve.balances_usd[1] == pytest.approx(67.8e6)
    assert curve.average_ratio(0, 1e12) * 1e12 == pytest.approx(67.8e6, rel=2e-3)


def test_a_coin_that_the_pool_does_not_trade_is_wrong_input() -> None:
    with pytest.raises(InputError, match="does not trade 0x4"):
        stable_curve(POOL, "0x" + "4" * 40, None, quote_usd=1.0)
    with pytest.raises(InputError, match="is not sold for itself"):
        stable_curve(POOL, DAI, DAI, quote_usd=1.0)
