"""Exposures that are known by their sums alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.exposures import maximum_entropy


def test_r6_is_the_matrix_of_the_paper(all_cases: dict[str, Any]) -> None:
    case = all_cases["R6"]
    given_, wanted = case["inputs"], case["expected"]["matrix_2dp"]
    found = maximum_entropy(given_["row_sums_assets"], given_["col_sums_liabilities"])
    assert found == pytest.approx(np.array(wanted), abs=0.005)


def test_three_equal_nodes_owe_each_other_the_same() -> None:
    assert maximum_entropy([2, 2, 2], [2, 2, 2]) == pytest.approx(1 - np.eye(3))


@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=4, max_size=4))
def test_margins_are_met_and_nobody_owes_itself(rows: list[list[int]]) -> None:
    truth = np.array(rows, dtype=float) + 1.0
    np.fill_diagonal(truth, 0.0)
    found = maximum_entropy(truth.sum(axis=1), truth.sum(axis=0))
    assert found.sum(axis=1) == pytest.approx(truth.sum(axis=1))
    assert found.sum(axis=0) == pytest.approx(truth.sum(axis=0))
    assert not found.diagonal().any()
    assert (found >= 0).all()


def test_nobody_who_lends_nothing_has_a_claim() -> None:
    found = maximum_entropy([0, 3, 2], [4, 0, 1])
    assert not found[0].any()
    assert not found[:, 1].any()
    assert maximum_entropy([0, 0], [0, 0]).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("rows", "columns", "text"),
    [
        ([1, 2], [2, 2], "they are one sum"),
        ([3, 1], [3, 1], "node 0 has more claims and debts"),
        ([1, -1], [0, 0], "row_sums"),
        ([1, 2, 3], [6], "col_sums"),
    ],
)
def test_what_no_matrix_has_is_refused(rows: Any, columns: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        maximum_entropy(rows, columns)
