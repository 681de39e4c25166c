"""Changes: dense arithmetic, blocks, nonlinear accounts asked, and days that are not known."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.contagion.linear.book import holdings_book
from analyzer.market.history import on_grid
from analyzer.risk import losses
from analyzer.risk.days import Days, days_of
from analyzer.risk.losses import changes, unknown_accounts

DAY = 86_400
FACTORS = ("ETH", "BTC", "LINK")


@pytest.fixture
def days() -> Days:
    random = np.random.default_rng(0)
    times = np.arange(1, 42) * DAY
    prices = np.exp(np.cumsum(random.standard_normal((41, 2)) * 0.03, axis=0))
    history = on_grid({"ETH": (times, prices[:, 0]), "BTC": (times, prices[:, 1])}, DAY)
    return days_of(history, FACTORS)


def random_book(accounts: int) -> object:
    random = np.random.default_rng(1)
    count = random.integers(0, 3, accounts)
    column = np.concatenate([random.permutation(2)[:n] for n in count]).astype(int)
    return holdings_book(
        np.r_[0, np.cumsum(count)],
        column,
        random.standard_normal(len(column)) * 1e4,
        random.standard_normal(accounts) * 1e4,
        maintenance=[0.1, 0.2, 0.3],
        factors=FACTORS,
    )


def test_equals_the_dense_product_in_blocks_of_any_size(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = random_book(57)
    moved = 1 + days.values.T
    one = np.ones((3, 1))
    equity = book.equity_at(moved) - book.equity_at(one)
    headroom = book.headroom_at(moved) - book.headroom_at(one)
    for size in (40, 400, 10**6):
        monkeypatch.setattr(losses, "BLOCK", size)
        blocks = list(changes(book, days, np.arange(57)))
        np.testing.assert_allclose(np.vstack([b.equity for b in blocks]), equity, atol=1e-6)
        np.testing.assert_allclose(np.vstack([b.headroom for b in blocks]), headroom, atol=1e-6)
        assert np.concatenate([b.accounts for b in blocks]).tolist() == list(range(57))


def test_some_accounts_in_their_order(days: Days) -> None:
    book = random_book(57)
    [all_of] = changes(book, days, np.arange(57))
    [some] = changes(book, days, np.array([3, 20, 41]))
    np.testing.assert_array_equal(some.equity, all_of.equity[[3, 20, 41]])


def test_who_holds_what_has_no_days_has_no_figure(days: Days) -> None:
    book = holdings_book(
        [0, 1, 2], [0, 2], [5.0, 5.0], [0.0, 0.0], maintenance=[0.1] * 3, factors=FACTORS
    )
    assert unknown_accounts(book, days).tolist() == [False, True]
    [found] = changes(book, days, np.arange(2))
    assert np.isfinite(found.equity[0]).all()
    assert np.isnan(found.equity[1]).all()


def test_days_of_other_factors_are_refused(days: Days) -> None:
    book = holdings_book([0, 1], [0], [1.0], [0.0], maintenance=[0.1], factors=["ETH"])
    with pytest.raises(ValueError, match="other factors"):
        list(changes(book, days, np.arange(1)))
