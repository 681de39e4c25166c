"""The StableSwap curve: the published invariant in many digits, its two limits, and its fee."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import findroot, mp, mpf

from analyzer.market.depth import ConstantProduct, StablePool
from analyzer.market.depth.stable_pool import invariant

BALANCES = (120e6, 200e6, 90e6)


def exact_invariant(amplification: float, balances: tuple[float, ...]) -> mpf:
    """D from the published equation, in 60 digits."""
    n, total, product = len(balances), sum(map(mpf, balances)), mpf(1)
    for balance in balances:
        product *= balance
    ann = mpf(amplification) * n
    return findroot(
        lambda d: ann * total + d - ann * d - d ** (n + 1) / (mpf(n) ** n * product),
        (total * mpf("0.9"), total),
        solver="anderson",
        tol=mpf(10) ** -40,
    )


def exact_proceeds(amplification: float, balances: tuple[float, ...], sold: float) -> mpf:
    """What a sale into the first balance takes out of the second, by the same equation."""
    n, ann = len(balances), mpf(amplification) * len(balances)
    d = exact_invariant(amplification, balances)
    fixed = [mpf(balances[0]) + sold, *map(mpf, balances[2:])]
    product, total = mpf(1), sum(fixed)
    for balance in fixed:
        product *= balance
    # ann (total + y) + d = ann d + c / y: a quadratic in y
    c, b = d ** (n + 1) / (mpf(n) ** n * product), total + d / ann - d
    y = (-b + mp.sqrt(b * b + 4 * c / ann)) / 2
    return balances[1] - y


@pytest.mark.parametrize("amplification", [0.5, 1.0, 85.0, 2_000.0])
def test_the_invariant_is_the_root_of_the_published_equation(amplification: float) -> None:
    with mp.workdps(60):
        expected = exact_invariant(amplification, BALANCES)
    assert invariant(amplification, BALANCES) == pytest.approx(float(expected), rel=1e-14)


@settings(max_examples=25, deadline=None)
@given(sold=st.floats(1e4, 600e6), amplification=st.sampled_from([0.5, 30.0, 2_000.0]))
def test_a_sale_fetches_what_the_equation_leaves(sold: float, amplification: float) -> None:
    pool = StablePool(amplification, BALANCES)
    with mp.workdps(60):
        expected = exact_proceeds(amplification, BALANCES, sold)
        tiny = exact_proceeds(amplification, BALANCES, 1e-6) * mpf(10) ** 6
    # volumes count at the pool's own price before; a sale of `sold` at par is that times it
    v = sold * float(tiny)
    assert pool.average_ratio(0, v) * v == pytest.approx(float(expected), rel=1e-9)


def test_a_large_amplification_trades_at_par_until_the_other_coin_is_gone() -> None:
    pool = StablePool(1e9, (100e6, 100e6))
    assert pool.price_ratio(99e6) == pytest.approx(1, abs=1e-5)
    assert pool.average_ratio(0, 400e6) == pytest.approx(0.25, rel=1e-3)
    assert pool.most_buyable == pytest.approx(100e6, rel=1e-3)


def test_an_amplification_near_zero_is_a_constant_product() -> None:
    pool, known = StablePool(1e-9, (50e6, 80e6)), ConstantProduct(80e6)
    for v in (-60e6, -1e6, 2e6, 300e6):
        assert pool.price_ratio(v) == pytest.approx(known.price_ratio(v), rel=1e-6)
    assert pool.average_ratio(-1e6, 5e6) == pytest.approx(known.average_ratio(-1e6, 5e6), rel=1e-6)


def test_a_pool_out_of_balance_sells_its_plentiful_coin_worse() -> None:
    even, tilted = StablePool(200.0, (100e6, 100e6)), StablePool(200.0, (190e6, 10e6))
    assert 1 - tilted.average_ratio(0, 20e6) > 0.5
    assert 1 - even.average_ratio(0, 20e6) < 0.01


def test_the_fee_is_taken_from_what_comes_out_either_way_and_moves_no_price() -> None:
    free, paid = StablePool(200.0, BALANCES), StablePool(200.0, BALANCES, fee=0.01)
    assert paid.price_ratio(30e6) == free.price_ratio(30e6)
    assert paid.average_ratio(0, 30e6) == pytest.approx(0.99 * free.average_ratio(0, 30e6))
    assert paid.average_ratio(-9.9e6, 0) == pytest.approx(free.average_ratio(-10e6, 0) / 0.99)
    assert paid.average_ratio(5.0, 5.0) == pytest.approx(0.99, rel=1e-6)
    assert paid.most_buyable == pytest.approx(0.99 * free.most_buyable)
    assert paid.exhausted(-0.995 * free.most_buyable)


@pytest.mark.parametrize(
    ("balances", "fee", "words"),
    [
        ((1.0,), 0.0, "at least two balances"),
        ((1.0, 0.0), 0.0, "a balance has to be a number above zero"),
        ((1.0, 1.0), 1.0, "fee has to be at least 0 and below 1"),
    ],
)
def test_what_is_no_pool_is_refused(balances: tuple[float, ...], fee: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StablePool(100.0, balances, fee)
    with pytest.raises(ValueError, match="amplification has to be a number above zero"):
        StablePool(0.0, (1.0, 1.0))
