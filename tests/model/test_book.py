"""The book of all accounts, and of some of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.book import Asset, Book, LegKind, make_book

COIN = Asset("0xC", "COIN", LegKind.COLLATERAL, 18, "ETH")
MARKET = Asset("m", "M", LegKind.POSITION, 18, "M")


def owned() -> Book:
    """Three accounts whose owners have other names; the second has nothing."""
    return Book(
        ["a", "b", "c"], ["x", "y", "z"], [COIN, MARKET],
        np.array([0, 2, 2, 3], dtype=np.int64), np.array([0, 1, 1], dtype=np.int32), [5, -6, 7],
        "state",
    )  # fmt: skip


def test_a_part_of_a_book_has_its_accounts_in_the_order_asked_and_their_legs() -> None:
    part = owned().part([2, 1, 0])
    assert (part.account_ids, part.owners, part.state) == (
        ["c", "b", "a"],
        ["z", "y", "x"],
        "state",
    )
    assert [part.legs(n) for n in range(3)] == [[(MARKET, 7)], [], [(COIN, 5), (MARKET, -6)]]


def test_a_part_without_legs_and_one_without_accounts_are_books() -> None:
    bare, none = owned().part([1]), owned().part([])
    assert (len(bare), bare.legs(0), len(none)) == (1, [], 0)
    for part in (bare, none):
        assert (part.amount, part.asset.dtype, part.indptr.dtype) == ([], np.int32, np.int64)
    assert none.indptr.tolist() == [0]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 1), st.integers(-(10**30), 10**30)))),
    st.data(),
)
def test_the_legs_of_a_part_are_those_of_the_whole(
    legs: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    whole = make_book([str(n) for n in range(len(legs))], [COIN, MARKET], legs, None)
    some = data.draw(st.lists(st.integers(0, len(legs) - 1)) if legs else st.just([]))
    part = whole.part(some)
    assert [part.legs(n) for n in range(len(some))] == [whole.legs(n) for n in some]
    assert list(part.account_ids) == [str(n) for n in some]
