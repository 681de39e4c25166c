"""Sufficiency: constant product by hand, a shared market, and dust that forces nobody."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.book import holdings_book
from analyzer.market.depth.impact import ConstantProduct, NoImpact
from analyzer.risk.sufficiency import bought, coverage, room, sales, sold

POOL = ConstantProduct(1_000.0, "a pool")


def book(*accounts: tuple[float, float]) -> LinearBook:
    """Accounts of (ETH held, USD owed)."""
    return holdings_book(
        range(len(accounts) + 1),
        [0] * len(accounts),
        [held for held, _ in accounts],
        [-owed for _, owed in accounts],
        maintenance=[0.0],
    )


def test_a_pool_pays_what_its_invariant_says() -> None:
    # 100 into 1000: y x / (x + q) leaves 909.0909 of 1000.
    assert sold(POOL, 100.0) == (pytest.approx(90.9090909), 0.0)
    assert bought(POOL, 100.0) > 100


def test_alone_and_together() -> None:
    two = book((100.0, 80.0), (100.0, 80.0))
    found = coverage(two, [POOL])
    np.testing.assert_allclose(found.alone, 90.9090909 / 80)
    [sale] = sales(two, [POOL])
    assert sale.value == pytest.approx(160)
    np.testing.assert_allclose(found.together, 100 * (1 - sale.slippage) / 80)
    assert sale.slippage == pytest.approx(160 / 1160)


def test_a_debt_of_dust_forces_nobody_to_sell_all() -> None:
    [sale] = sales(book((1e6, 1e-9), (100.0, 80.0)), [POOL])
    assert sale.value == pytest.approx(80)


def test_who_owes_nothing_is_covered_without_end() -> None:
    found = coverage(book((100.0, 0.0)), [NoImpact()])
    assert np.isinf(found.alone).all()
    assert sales(book((100.0, 0.0)), [NoImpact()])[0].value == 0


def test_a_market_that_ends_leaves_the_rest_unsold() -> None:
    class Ends(NoImpact):
        most_sellable = 30.0

    [sale] = sales(book((100.0, 100.0)), [Ends()])
    assert (sale.received, sale.unsold) == (30.0, 70.0)
    assert sale.slippage == pytest.approx(0.7)


def test_room_by_hand() -> None:
    assert room(0.8, 0.1, 0.0) == pytest.approx(0.125)
    assert room(0.9, 0.2, 0.05) < 0
    with pytest.raises(ValueError, match="above zero"):
        room(0.0, 0.1, 0.1)
