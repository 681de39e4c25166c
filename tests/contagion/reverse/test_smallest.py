from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fire_sale_books import book_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.linear.book import LinearBook, holdings_book
from analyzer.contagion.reverse.rays import ray, uniform_ray
from analyzer.contagion.reverse.smallest import (
    distances,
    smallest_static,
    static_equity,
)

ONE = ("0",)


def test_a_long_and_a_short_fall_at_their_closed_form_levels() -> None:
    # risk-models 1.3: long b = (1 - 1/l) / (1 - mm), short b = (1 + 1/l) / (1 + mm).
    leverage, rate = 5.0, 0.05
    book = book_of([[1], [-1]], [-100 + 20, 100 + 20], [100], [rate])
    found = distances(book, uniform_ray(ONE))
    assert found.liquidation_down[0] == pytest.approx((1 - 1 / leverage) / (1 - rate) - 1)
    assert found.liquidation_up[1] == pytest.approx((1 + 1 / leverage) / (1 + rate) - 1)
    assert found.insolvency_down[0] == pytest.approx(-1 / leverage)
    assert found.insolvency_up[1] == pytest.approx(1 / leverage)
    assert found.liquidation_up[0] == np.inf
    assert found.liquidation_down[1] == -np.inf
    assert found.liquidation.tolist() == [found.liquidation_down[0], found.liquidation_up[1]]


def test_r15_levels_are_the_liquidation_prices_of_the_case(cases: dict[str, Any]) -> None:
    inputs, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    names = list(expected["liquidation_price"])
    book = book_of(
        [[inputs["accounts"][n]["q"]] for n in names],
        [inputs["accounts"][n]["cash"] for n in names],
        [inputs["P0"]],
        [inputs["mmr"]],
    )
    found = distances(book, uniform_ray(ONE)).liquidation
    levels = inputs["P0"] * (1 + found)
    np.testing.assert_allclose(levels, list(expected["liquidation_price"].values()), rtol=1e-12)


def test_an_account_that_is_below_already_is_at_distance_zero() -> None:
    found = distances(book_of([[1]], [-99], [100], [0.05]), uniform_ray(ONE))
    assert found.liquidation_down.tolist() == found.liquidation_up.tolist() == [0.0]
    assert found.insolvency_down[0] == pytest.approx(-0.01)


def test_a_price_that_reaches_zero_falls_no_further() -> None:
    # The first asset has beta 2: it is worth nothing from -50 % on. Then only the second falls.
    book = book_of([[1, 1]], [-20], [100, 100], [0, 0])
    along = ray(book.factors, {"0": 2.0, "1": 1.0})
    found = distances(book, along)
    # 200 - 300 t = 20 would be t = 0.6, beyond the kink; from there 100 - 100 t = 20.
    assert found.liquidation_down[0] == pytest.approx(-0.8, rel=1e-12)


def test_the_label_says_which_ray_it_is() -> None:
    assert ray(("ETH", "BTC", "USDC"), {"ETH": 1.2, "BTC": 1}).label == "ETH x 1.2, BTC x 1"
    assert uniform_ray(("ETH", "USDC"), still=("USDC",)).label == (
        "all prices alike, USDC as they are"
    )


@pytest.mark.parametrize(
    ("betas", "text"),
    [
        ({"SOL": 1.0}, "the book has no factor SOL"),
        ({}, "needs a factor that moves"),
        ({"ETH": float("nan")}, "must be finite"),
    ],
)
def test_what_is_no_ray_is_refused(betas: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ray(("ETH",), betas)


@st.composite
def books(draw: st.DrawFn) -> LinearBook:
    """Small books in whole numbers, longs and shorts, some below already."""
    accounts, assets = draw(st.integers(1, 6)), draw(st.integers(1, 3))

    def numbers(low: int, high: int, count: int) -> Any:
        return [float(draw(st.integers(low, high))) for _ in range(count)]

    held = np.reshape(numbers(-9, 9, accounts * assets), (accounts, assets))
    return book_of(held, numbers(-60, 60, accounts), np.full(assets, 4.0), np.full(assets, 0.125))


BETAS = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, -1.0]), min_size=3, max_size=3).filter(
    lambda found: found[0] != 0
)


@given(books(), BETAS, st.sampled_from(("down", "up")))
def test_headroom_changes_sign_at_the_distance_and_at_no_smaller_one(
    book: LinearBook, betas: Any, direction: Any
) -> None:
    along = ray(book.factors, dict(zip(book.factors, betas, strict=False)))
    found = distances(book, along)
    level = found.liquidation_down if direction == "down" else found.liquidation_up
    sign = -1.0 if direction == "down" else 1.0
    reach = 1.0 if direction == "down" else 10.0
    scale = book.gross(np.full(len(book.factors), 11.0))
    for account, x in enumerate(level):
        inside = np.linspace(0, min(abs(x), reach), 200)[:-1]
        before = book.headroom_at(along.at(sign * inside))[account]
        if x != 0:
            assert (before >= -1e-12 * scale[account]).all()
        if np.isfinite(x):
            # Outwards of the level it is below, unless the level is the far end of the ray.
            beyond = book.headroom_at(along.at(x + sign * 1e-9))[account, 0]
            assert beyond < 0 or abs(x) >= reach


def brute_force(book: LinearBook, betas: list[float], target: Fraction) -> Fraction | None:
    """The first t of a falling market, in rational numbers: every pair of turning points tried."""
    zero = Fraction(0)
    count = len(book)
    entries = [range(int(book.indptr[i]), int(book.indptr[i + 1])) for i in range(count)]

    def debt(t: Fraction) -> Fraction:
        total = zero
        for account in range(count):
            equity = Fraction(float(book.equity_cash[account]))
            for entry in entries[account]:
                beta = Fraction(betas[book.column[entry]])
                equity += Fraction(float(book.equity[entry])) * max(1 - beta * t, zero)
            total += max(-equity, zero)
        return total

    cuts = {zero, Fraction(1), *(1 / Fraction(b) for b in betas if b >= 1)}
    for first, last in pairwise(sorted(cuts)):
        for account in range(count):
            constant, slope = Fraction(float(book.equity_cash[account])), zero
            for entry in entries[account]:
                beta = Fraction(betas[book.column[entry]])
                if beta <= 0 or 1 / beta > first:
                    constant += Fraction(float(book.equity[entry]))
                    slope -= Fraction(float(book.equity[entry])) * beta
            if slope and first < -constant / slope < last:
                cuts = cuts | {-constant / slope}
    ordered = sorted(cuts)
    if debt(zero) >= target:
        return zero
    for first, last in pairwise(ordered):
        low, high = debt(first), debt(last)
        if high >= target:
            return first + (last - first) * (target - low) / (high - low)
    return None


@given(books(), BETAS, st.integers(1, 120))
def test_the_smallest_shock_for_a_bad_debt_is_that_of_rational_arithmetic(
    book: LinearBook, betas: Any, target: int
) -> None:
    along = ray(book.factors, dict(zip(book.factors, betas, strict=False)))
    found = smallest_static(book, along, float(target))
    exact = brute_force(book, list(betas[: len(book.factors)]), Fraction(target))
    if exact is None:
        assert found.x is None
        assert found.bad_debt < target
    else:
        assert found.x is not None
        assert found.x == pytest.approx(-float(exact), rel=1e-12, abs=1e-12)
        assert found.bad_debt == pytest.approx(target, rel=1e-9) or found.x == 0.0
        equity = static_equity(book, along, found.x)
        assert found.accounts == (equity < 0).sum()


def test_a_target_that_is_none_is_refused() -> None:
    book, along = book_of([[1]], [0], [100], [0]), uniform_ray(ONE)
    with pytest.raises(ValueError, match="target must be above 0"):
        smallest_static(book, along, 0.0)


def test_a_million_hinges_keep_their_digits() -> None:
    # Equal accounts: n of them lack (t - 0.1) each, from 10 % on.
    count = 200_000
    book = holdings_book(
        np.arange(count + 1), np.zeros(count), np.ones(count), np.full(count, -0.9),
        maintenance=[0.0],
    )  # fmt: skip
    found = smallest_static(book, uniform_ray(ONE), 0.125 * count)
    assert found.x == pytest.approx(-0.225, rel=1e-14)


@dataclass(frozen=True)
class Curves:
    """Accounts with X = long m + curve sqrt(m) - owed, and one that falls by a step at m = 0.7."""

    accounts: NDArray[np.int64]
    calls: list[int]

    def margin(self, multipliers: Floats) -> tuple[Floats, Floats]:
        self.calls.append(multipliers.shape[1])
        n, m = self.accounts[:, None].astype(np.float64), multipliers[:1]
        found = (1 + n) * m + 3 * np.sqrt(m) - (0.2 + 0.9 * n)
        found[self.accounts == STEP] = np.where(m < 0.7, -1.0, 5.0)
        return found, found + 0.1

    def one(self, number: int) -> Curves:
        return self.some([number])

    def some(self, numbers: Sequence[int]) -> Curves:
        return Curves(self.accounts[list(numbers)], self.calls)


STEP = 17


def test_the_roots_of_curves_are_found_together_in_a_few_calls() -> None:
    count = 60
    book = holdings_book(
        np.arange(count + 1), np.zeros(count), np.ones(count), np.ones(count), maintenance=[0.0]
    )
    book = replace(book, nonlinear=np.ones(count, dtype=np.bool_))
    asked = Curves(np.arange(count), [])
    found = distances(book, uniform_ray(book.factors), asked).liquidation_down
    for n in range(count):
        root = (-3 + (9 + 4 * (1 + n) * (0.2 + 0.9 * n)) ** 0.5) / (2 * (1 + n))
        expected = 0.7 - 1 if n == STEP else root**2 - 1
        assert found[n] == pytest.approx(expected, abs=2e-12)
    # Four walks, each once for the levels; six calls an account and walk would be 600 and more.
    assert len(asked.calls) < 120
