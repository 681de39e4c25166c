"""Cliffs: by hand, by rational arithmetic, and none where bad debt grows evenly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.book import holdings_book
from analyzer.contagion.reverse.cliff import MATTERS, cliffs
from analyzer.contagion.reverse.rays import uniform_ray


def lenders(*accounts: tuple[float, float]) -> LinearBook:
    """Accounts of (ETH held, USD owed)."""
    return holdings_book(
        range(len(accounts) + 1),
        [0] * len(accounts),
        [held for held, _ in accounts],
        [-owed for _, owed in accounts],
        maintenance=[0.1],
        factors=["ETH"],
    )


def test_one_large_account_is_a_cliff_where_it_falls() -> None:
    # 1,000,000 that owes 699,950: short from a fall of 30.005 % on; another from 9.6 % on.
    book = lenders((1e6, 699_950.0), (1_000.0, 904.0))
    [first, *rest] = cliffs(book, uniform_ray(book.factors))
    assert first.level == pytest.approx(-0.30)
    assert first.after == pytest.approx(1e6 * 0.31 - 300_050 + 904 - 690, abs=1e-6)
    assert first.fell == 1
    assert first.most[0] == (0, pytest.approx(9_950.0))
    # After it bad debt grows by more than a quarter for some percents, less and less.
    assert [round(-one.level * 100) for one in rest] == [31, 32, 33]


def test_the_first_cents_are_no_cliff() -> None:
    book = lenders((1e6, 0.0), (100.0, 90.0))
    assert cliffs(book, uniform_ray(book.factors)) == []
    assert MATTERS * 1e6 > 90


def test_even_growth_has_none() -> None:
    # Short already: every percent adds the same.
    book = lenders((1e6, 1.2e6))
    assert cliffs(book, uniform_ray(book.factors)) == []


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8))
def test_equals_rational_arithmetic(accounts: list[tuple[int, int]]) -> None:
    book = lenders(*((float(held), float(owed)) for held, owed in accounts))
    debt = [
        sum(
            max(Fraction(owed) - held * (1 - Fraction(x, 100)), Fraction(0))
            for held, owed in accounts
        )
        for x in range(101)
    ]
    least = Fraction(MATTERS) * sum(held for held, _ in accounts)
    expected = {
        x: debt[x + 1] - debt[x]
        for x in range(100)
        if debt[x + 1] - debt[x] >= least and 4 * debt[x + 1] >= 5 * debt[x]
    }
    found = {
        round(-one.level * 100): one.after - one.before
        for one in cliffs(book, uniform_ray(book.factors))
    }
    # A rise that is the limit to the last digit may fall on either side of it.
    for x in set(expected) ^ set(found):
        near = abs(4 * debt[x + 1] - 5 * debt[x]) <= Fraction(1, 10**6) * (1 + debt[x])
        assert near or abs(debt[x + 1] - debt[x] - least) <= Fraction(1, 10**6) * (1 + least)
    for x in set(expected) & set(found):
        assert found[x] == pytest.approx(float(expected[x]), rel=1e-9, abs=1e-6)


def test_unknown_accounts_are_in_none() -> None:
    book = lenders((1e6, 7e5), (1e6, 7e5))
    book.unknown[1] = True
    book.equity_cash[1] = book.headroom_cash[1] = np.nan
    assert all(
        number == 0 for one in cliffs(book, uniform_ray(book.factors)) for number, _ in one.most
    )
