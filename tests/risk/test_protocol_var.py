"""The two classes: which days they are made of, and a book whose loss is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.contagion.batch import BasedImpacts, ScalarImpacts
from analyzer.contagion.linear.book import holdings_book
from analyzer.market.depth.impact import NoImpact
from analyzer.risk.protocol_var import at_risk, broad_downturn, broken_correlation, worst_days


@pytest.fixture(scope="module")
def days() -> np.ndarray:
    """Two factors that fall together on the first twenty days only."""
    random = np.random.default_rng(0)
    values = random.uniform(-0.01, 0.01, (400, 2))
    values[:20, 0] = values[:20, 1] = -np.linspace(0.1, 0.3, 20)
    return values


def test_the_worst_days_are_the_worst_share(days: np.ndarray) -> None:
    assert sorted(worst_days(days[:, 0]).tolist()) == list(range(20))
    assert worst_days([0.1, -0.5, 0.2]).tolist() == [1]


def test_a_broad_downturn_keeps_dates_whole_and_broken_correlation_does_not(
    days: np.ndarray,
) -> None:
    broad = broad_downturn(days, 0, 500, 1)
    broken = broken_correlation(days, 500, 1)
    np.testing.assert_array_equal(broad[0], broad[1])
    assert (broken <= -0.1).all()
    assert abs(np.corrcoef(broken)[0, 1]) < 0.15
    np.testing.assert_array_equal(broad, broad_downturn(days, 0, 500, 1))
    assert not np.array_equal(broad, broad_downturn(days, 0, 500, 2))


def test_figures_of_one_account_are_its_own_loss(days: np.ndarray) -> None:
    # Holds 100, owes 85: short by 85 - 100 (1 + r) where r < -15 %; closed in full at that price.
    book = holdings_book([0, 1], [0], [100.0], [-85.0], maintenance=[0.05, 0.05])
    impacts = BasedImpacts(ScalarImpacts([NoImpact(), NoImpact()]), np.array([-1, -1]))
    moves = broad_downturn(days, 0, 4_000, 3)
    found = at_risk("broad downturn", moves, 20, book, impacts)
    debt = np.maximum(85 - 100 * (1 + moves[0]), 0)
    closed = np.where(100 * (1 + moves[0]) * 0.95 < 85, 100 * (1 + moves[0]), 0)
    assert found.insolvency == pytest.approx(np.quantile(debt, 0.95))
    assert found.insolvency_mean == pytest.approx(debt.mean())
    assert found.liquidations == pytest.approx(np.quantile(closed, 0.95))
    assert (found.draws, found.days, found.unknown) == (4_000, 20, 0)
    assert found.insolvency_error >= 0


def test_draws_without_a_figure_are_counted_and_none_is_refused(days: np.ndarray) -> None:
    book = holdings_book([0, 1], [0], [100.0], [np.float64(-85.0)], maintenance=[0.05, 0.05])
    book.unknown[0] = True
    book.headroom_cash[0] = book.equity_cash[0] = np.nan
    impacts = BasedImpacts(ScalarImpacts([NoImpact(), NoImpact()]), np.array([-1, -1]))
    with pytest.raises(ValueError, match="fewer than two"):
        at_risk("x", broad_downturn(days, 0, 10, 3), 20, book, impacts)
