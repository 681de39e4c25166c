"""No cascade of the batch engine leaves more bad debt than its ceiling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fire_sale_books import book_of
from formula_bank import FACTORS, Bank, book
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.batch.impacts import depth_impacts
from analyzer.contagion.batch.kernel import cascades
from analyzer.contagion.linear.arrays import Floats
from analyzer.contagion.linear.book import LinearBook, linear_book, nonlinear_accounts
from analyzer.contagion.reverse.ceiling import Impacts, Penalties, ceiling


def exponential(depth: Floats) -> Impacts:
    """exp(-v / D) of each factor by itself."""
    return lambda sold, bought: (np.exp(-sold / depth[:, None]), np.exp(bought / depth[:, None]))


class Nobody:
    """No account is nonlinear."""

    accounts = np.zeros(0, dtype=np.int64)

    def margin(self, multipliers: Floats) -> tuple[Floats, Floats]:
        raise AssertionError("nobody is to be asked")

    def one(self, number: int) -> Nobody:
        raise AssertionError("nobody is to be asked")

    def some(self, numbers: Sequence[int]) -> Nobody:
        raise AssertionError("nobody is to be asked")


def free(accounts: int, share: float = 0.0) -> Penalties:
    """The same penalty for everybody."""
    every = np.full(accounts, share)
    return Penalties(every, every, np.zeros(accounts, dtype=np.bool_))


def random_book(
    random: np.random.Generator, accounts: int, factors: int, shorts: bool
) -> LinearBook:
    """Leveraged holdings at a price of one."""
    value = random.uniform(0, 100, (accounts, factors)) * (random.random((accounts, factors)) < 0.7)
    if shorts:
        value *= np.where(random.random((accounts, factors)) < 0.4, -1, 1)
    gross = np.abs(value).sum(axis=1)
    cash = gross * random.uniform(0.05, 0.6, accounts) - value.sum(axis=1)
    return book_of(value, cash, np.ones(factors), np.full(factors, 0.05))


@given(st.integers(0, 10**9), st.booleans(), st.integers(1, 12), st.integers(1, 4))
def test_no_cascade_leaves_more_than_its_ceiling(
    seed: int, shorts: bool, accounts: int, factors: int
) -> None:
    random = np.random.default_rng(seed)
    found = random_book(random, accounts, factors, shorts)
    shocks = random.uniform(0.3, 1.3, (factors, 8))
    depth = random.uniform(100, 5000, factors)
    left = cascades(found, shocks, depth_impacts("exponential", depth)).bad_debt
    most = ceiling(found, Nobody(), shocks, exponential(depth), free(accounts))
    assert (left <= most * (1 + 1e-9) + 1e-6).all()


def test_without_impact_and_penalties_it_is_what_the_insolvent_lack() -> None:
    found = book_of([[1], [1], [-1]], [-80, -40, 130], [100], [0.05])
    shocks = np.array([[0.5, 0.9, 1.5]])
    flat: Impacts = lambda sold, bought: (np.ones_like(sold), np.ones_like(sold))  # noqa: E731
    most = ceiling(found, Nobody(), shocks, flat, free(3))
    assert most == pytest.approx([30.0, 0.0, 20.0])


def test_a_penalty_counts_for_who_may_be_closed_and_debts_pay_none() -> None:
    # Falls to 50: the first is insolvent and pays 10 % of 50; the second is never closed.
    found = book_of([[1], [1]], [-80, -10], [100], [0.05])
    shocks, flat = np.array([[0.5]]), lambda s, b: (np.ones_like(s), np.ones_like(s))
    assert ceiling(found, Nobody(), shocks, flat, free(2, 0.1)) == pytest.approx([35.0])
    owes = book_of([[-1], [1]], [40, -10], [100], [0.05])
    pays = Penalties(np.full(2, 0.1), np.full(2, 0.1), np.array([True, True]))
    assert ceiling(owes, Nobody(), shocks, flat, pays) == pytest.approx([10.0])


def test_nonlinear_accounts_are_asked_at_the_ends_of_the_box() -> None:
    """A curve in one factor, which the sale of another account moves."""

    def margin(account: int, m: Floats) -> tuple[Floats, Floats]:
        eth = m[FACTORS.index("ETH")]
        if account == 0:
            return 10 * eth - 9.5, 10 * eth - 9.0
        return 10 * np.sqrt(eth) - 9, 10 * np.sqrt(eth) - 8

    plug, accounts = Bank(margin), book([[], []])
    found = linear_book(plug, accounts)
    asked = nonlinear_accounts(plug, accounts, found)
    assert asked.accounts.tolist() == [1]
    shocks = np.ones((3, 1))
    shocks[FACTORS.index("ETH")] = 0.9

    def halved(sold: Floats, bought: Floats) -> tuple[Floats, Floats]:
        down = np.ones_like(sold)
        down[sold > 0] = 0.5
        return down, np.ones_like(sold)

    most = ceiling(found, asked, shocks, halved, free(2))
    assert most == pytest.approx([(9 - 4.5) + (8 - 10 * 0.45**0.5)])
