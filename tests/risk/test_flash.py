"""A flash crash in minutes: the batch cascade where it should be, and each term's own effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.contagion.batch import ScalarImpacts, cascades
from analyzer.contagion.linear import LinearBook
from analyzer.market.depth.impact import Exponential, NoImpact
from analyzer.risk.flash import Terms, flash

MANY = Terms(minutes=40)


def book(seed: int, accounts: int = 30) -> LinearBook:
    """Longs of two coins with debts, thresholds of eighty percent."""
    random = np.random.default_rng(seed)
    value = random.uniform(10, 100, (accounts, 2))
    debt = value.sum(axis=1) * random.uniform(0.4, 0.79, accounts)
    return LinearBook(
        factors=("A", "B"),
        account_ids=[str(n) for n in range(accounts)],
        owner=np.arange(accounts),
        owner_names=[str(n) for n in range(accounts)],
        indptr=np.arange(accounts + 1) * 2,
        column=np.tile(np.array([0, 1], dtype=np.int32), accounts),
        headroom_cash=-debt,
        headroom=0.8 * value.ravel(),
        equity_cash=-debt,
        equity=value.ravel(),
        sold=value.ravel(),
        nonlinear=np.zeros(accounts, dtype=bool),
        unknown=np.zeros(accounts, dtype=bool),
    )


IMPACTS = ScalarImpacts([Exponential(4_000.0, "a"), Exponential(6_000.0, "b")])


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.5, 1.0))
def test_without_terms_it_is_the_batch_cascade(seed: int, fall: float) -> None:
    jump = np.array([fall, (1 + fall) / 2])
    some = book(seed)
    found = flash(some, jump, IMPACTS, MANY)
    whole = cascades(some, jump[:, None], IMPACTS)
    assert int(found.closed.sum()) == int(whole.failed[0])
    assert found.bad_debt.sum() == pytest.approx(float(whole.bad_debt[0]), rel=1e-9, abs=1e-6)
    assert found.notional.sum() == pytest.approx(float(whole.notional[0]), rel=1e-9, abs=1e-6)
    np.testing.assert_allclose(found.market[-1], whole.prices[:, 0], rtol=1e-9)
    assert found.waiting.tolist() == [0] * MANY.minutes


def test_what_was_sold_is_absorbed_and_the_price_comes_back() -> None:
    some = book(1)
    found = flash(some, [0.7, 0.7], IMPACTS, replace(MANY, resilience=0.3, minutes=60))
    first = int(np.flatnonzero(found.closed)[-1])
    sold = -4_000 * np.log(found.market[first + 1, 0] / 0.7)
    later = -4_000 * np.log(found.market[first + 6, 0] / 0.7)
    assert later == pytest.approx(sold * np.exp(-0.3 * 5), rel=1e-9)
    assert found.market[-1, 0] == pytest.approx(0.7, rel=1e-6)
    assert (found.market <= 0.7 + 1e-12).all()


def test_thin_books_cost_more_and_less_the_sooner_they_fill() -> None:
    some = book(2)

    def lost(left: float, recovery: float) -> float:
        terms = replace(MANY, depth_left=left, recovery=recovery)
        found = flash(some, [0.75, 0.75], IMPACTS, terms)
        return float(found.bad_debt.sum() + found.lasting)

    assert lost(0.1, 60) > lost(0.1, 3) > lost(1.0, 0) - 1e-9


def test_a_minute_closes_no_more_than_its_capacity_and_nobody_is_forgotten() -> None:
    some = book(3)
    free = flash(some, [0.7, 0.7], ScalarImpacts([NoImpact(), NoImpact()]), MANY)
    terms = replace(MANY, capacity=150.0, minutes=200)
    slow = flash(some, [0.7, 0.7], ScalarImpacts([NoImpact(), NoImpact()]), terms)
    assert slow.closed.sum() == free.closed.sum()
    assert np.cumsum(slow.notional)[10] <= 150.0 * 11
    assert slow.waiting[0] > 0
    assert slow.waiting[-1] == 0
    # Nothing moves: waiting costs nobody anything here.
    assert slow.bad_debt.sum() == pytest.approx(free.bad_debt.sum())


def test_a_protocol_that_hears_later_closes_later() -> None:
    found = flash(book(4), [0.7, 0.7], IMPACTS, replace(MANY, delay=5))
    assert found.closed[:5].sum() == 0
    assert found.closed[5] > 0


def test_no_jump_and_healthy_accounts_are_no_minutes_of_anything() -> None:
    found = flash(book(5), [1.0, 1.0], IMPACTS, MANY)
    assert (found.closed.sum(), found.bad_debt.sum(), found.lasting) == (0, 0, 0)
    assert found.lowest.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("jump", "changed"),
    [
        ([0.5], {}), ([-1, 1], {}), ([1, 1], {"minutes": 0}), ([1, 1], {"depth_left": 0}),
        ([1, 1], {"resilience": -1}), ([1, 1], {"delay": -1}), ([1, 1], {"capacity": -5}),
    ],
)  # fmt: skip
def test_what_is_no_crash_is_refused(jump: list[float], changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"jump|minutes|depth|from 0"):
        flash(book(6), jump, IMPACTS, replace(MANY, **changed))
