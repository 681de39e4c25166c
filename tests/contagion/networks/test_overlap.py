"""The indirect contagion index, against the matrix that it never forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.overlap import indirect_contagion


def test_one_asset_gives_the_holdings_themselves() -> None:
    found = indirect_contagion([[3.0], [4.0]], [2.0])
    np.testing.assert_allclose(found.index, [0.6, 0.8], rtol=1e-12)
    assert found.eigenvalue == pytest.approx(25 / 2)


def test_two_accounts_with_half_in_common() -> None:
    # Omega = [[2, 1], [1, 2]]: its Perron vector is (1, 1) / sqrt 2, with 3.
    found = indirect_contagion([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]], [1.0, 1.0, 1.0])
    np.testing.assert_allclose(found.index, [0.5**0.5] * 2, rtol=1e-12)
    assert found.eigenvalue == pytest.approx(3)


def test_who_shares_no_asset_with_the_most_entangled_has_none() -> None:
    found = indirect_contagion([[5.0, 0.0], [5.0, 0.0], [0.0, 6.0]], [1.0, 1.0])
    np.testing.assert_allclose(found.index, [0.5**0.5, 0.5**0.5, 0.0], atol=1e-12)


@given(
    st.lists(st.lists(st.floats(0.01, 100), min_size=3, max_size=3), min_size=1, max_size=6),
    st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    st.floats(1e-6, 1e12),
)
def test_it_is_the_perron_vector_of_omega(held: Any, depth: Any, unit: float) -> None:
    holdings = np.array(held)
    omega = (holdings / np.array(depth)) @ holdings.T
    values, vectors = np.linalg.eigh(omega)
    found = indirect_contagion(holdings * unit, depth)
    np.testing.assert_allclose(found.index, abs(vectors[:, -1]), atol=1e-7)
    assert found.eigenvalue == pytest.approx(values[-1] * unit**2, rel=1e-9)


def test_a_hundred_thousand_accounts_need_no_square() -> None:
    holdings = np.ones((100_000, 4))
    found = indirect_contagion(holdings, np.ones(4))
    np.testing.assert_allclose(found.index, 100_000**-0.5, rtol=1e-9)
    assert found.eigenvalue == pytest.approx(400_000)


def test_nobody_holding_anything_is_entangled_with_nobody() -> None:
    found = indirect_contagion([[0.0, 0.0]], [1.0, 1.0])
    assert (found.index.tolist(), found.eigenvalue) == ([0.0], 0.0)


@pytest.mark.parametrize(
    ("held", "depth", "text"),
    [
        ([[-1.0]], [1.0], r"holdings\[0, 0\] must be finite and not negative"),
        ([[1.0]], [0.0], r"depth\[0\] must be above zero"),
        ([[1.0]], [1.0, 2.0], "depth must have 1 entries"),
    ],
)
def test_what_is_no_book_is_refused(held: Any, depth: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        indirect_contagion(held, depth)
