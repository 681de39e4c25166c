"""The kernel on a book of the size that tests can afford, against scipy's plain CSR x dense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plain_cascade import plain_cascade
from synthetic_book import Synthetic, synthetic

from analyzer.contagion.batch import fused
from analyzer.contagion.batch.kernel import Cascades, cascades, rules

ROUNDS = 2


@pytest.fixture(scope="module")
def given() -> Synthetic:
    """20,000 accounts x 100 assets x 70 scenarios (a whole block and a part of one)."""
    return synthetic(20_000, 100, 70)


@pytest.fixture(scope="module")
def tiles(given: Synthetic) -> Cascades:
    """The kernel's answer by matrix products."""
    by = rules(given.book, rounds=ROUNDS, engine="tiles", penalty=0.01)
    return cascades(given.book, given.shocks, given.impacts, by=by)


def flags(batch: Cascades) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """[account, scenario]."""
    return np.stack([batch.closed_in(s) for s in range(len(batch.failed))], axis=1)


def test_the_same_accounts_are_closed_at_the_same_prices_as_by_plain_float64(
    given: Synthetic, tiles: Cascades
) -> None:
    closed, prices, computed = plain_cascade(
        given.book, given.shocks, given.impacts.depth[:, 0], dtype=np.float64, rounds=ROUNDS
    )
    assert 0.05 < closed.mean() < 0.95
    assert computed == 2 * ROUNDS
    np.testing.assert_array_equal(flags(tiles), closed)
    np.testing.assert_array_equal(tiles.failed, closed.sum(axis=0))
    np.testing.assert_allclose(tiles.prices, prices, rtol=1e-11)


def test_the_screen_changes_nothing(given: Synthetic, tiles: Cascades) -> None:
    by = rules(given.book, rounds=ROUNDS, engine="tiles", penalty=0.01, boxes=False, tile=1000)
    bare = cascades(given.book, given.shocks, given.impacts, by=by)
    np.testing.assert_array_equal(flags(bare), flags(tiles))
    np.testing.assert_allclose(bare.bad_debt, tiles.bad_debt, rtol=1e-10)
    np.testing.assert_allclose(bare.shortfall, tiles.shortfall, rtol=1e-10)
    np.testing.assert_allclose(bare.notional, tiles.notional, rtol=1e-6)


def test_bad_debt_and_the_costliest_owners_are_those_of_a_dense_sum(given: Synthetic) -> None:
    # After one round everybody closed has traded at the one executed price of each asset.
    book = replace(given.book, owner=np.arange(len(given.book)) // 3)
    shocks, few = given.shocks[:, :7], 7
    batch = cascades(book, shocks, given.impacts, by=rules(book, rounds=1, engine="tiles", ranks=3))
    closed = flags(batch)
    sold = np.zeros((len(book.factors), few))
    for scenario in range(few):
        moved = book.sold * closed[book.row, scenario]
        sold[:, scenario] = np.bincount(book.column, moved, minlength=len(book.factors))
    share = sold / given.impacts.depth
    still = share == 0
    executed = shocks * np.where(still, 1.0, -np.expm1(-share) / np.where(still, 1.0, share))
    short = np.where(closed, np.maximum(-book.equity_at(executed), 0.0), 0.0)
    np.testing.assert_allclose(batch.bad_debt, short.sum(axis=0), rtol=1e-10)
    by_owner = np.add.reduceat(short, np.arange(0, len(book), 3), axis=0)
    np.testing.assert_allclose(batch.shortfall, np.sort(by_owner, axis=0)[::-1][:3], rtol=1e-10)
    np.testing.assert_array_equal(batch.shortfall_owner[0], by_owner.argmax(axis=0))


@pytest.mark.skipif(not fused.installed(), reason="needs numba (the extra `fast`)")
def test_compiled_code_says_what_matrix_products_say(given: Synthetic, tiles: Cascades) -> None:
    by = rules(given.book, rounds=ROUNDS, engine="fused", penalty=0.01)
    quick = cascades(given.book, given.shocks, given.impacts, by=by)
    np.testing.assert_array_equal(flags(quick), flags(tiles))
    np.testing.assert_allclose(quick.prices, tiles.prices, rtol=1e-11)
    np.testing.assert_allclose(quick.bad_debt, tiles.bad_debt, rtol=1e-10)
    np.testing.assert_allclose(quick.shortfall, tiles.shortfall, rtol=1e-10)
    np.testing.assert_array_equal(quick.shortfall_owner, tiles.shortfall_owner)
    np.testing.assert_allclose(quick.notional, tiles.notional, rtol=1e-6)
