"""The fund against owners: Cover by hand, rescues by hand, and what must hold of both."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.contagion.batch import ScalarImpacts
from analyzer.contagion.cascade.counterfactual import leave_one_out, shapley
from analyzer.contagion.linear import LinearBook
from analyzer.market.depth.impact import Exponential, NoImpact
from analyzer.risk.clearing import covers, largest_owners, mean_debt, without

STILL = ScalarImpacts([NoImpact()])


def book(cash: list[float], coins: list[float], owners: list[int]) -> LinearBook:
    """Accounts with cash (a debt below 0) and coins of one dollar, liquidated at equity zero."""
    count = len(cash)
    value = np.array(coins, dtype=np.float64)
    return LinearBook(
        factors=("ETH",),
        account_ids=[str(n) for n in range(count)],
        owner=np.array(owners, dtype=np.int64),
        owner_names=[f"o{n}" for n in range(max(owners) + 1)],
        indptr=np.arange(count + 1),
        column=np.zeros(count, dtype=np.int32),
        headroom_cash=np.array(cash, dtype=np.float64),
        headroom=value,
        equity_cash=np.array(cash, dtype=np.float64),
        equity=value,
        sold=value,
        nonlinear=np.zeros(count, dtype=bool),
        unknown=np.zeros(count, dtype=bool),
    )


def test_what_two_owners_cost_is_what_their_accounts_lack() -> None:
    # At -50 %: 0 lacks 40, 1 lacks 10, 2 (the same owner as 1) lacks 20, 3 is safe.
    some = book([-90, -60, -70, 0], [100, 100, 100, 100], [0, 1, 1, 2])
    found = covers(some, np.array([[-0.5, 0.0]]), STILL, 50.0)
    assert (found.cover_1, found.cover_2, found.worst) == pytest.approx((40, 70, 70))
    assert found.cover_owners == ("o0", "o1")
    assert found.mean == pytest.approx(35)
    assert found.exhausted == 0.5
    assert found.error == pytest.approx(np.sqrt(0.25 / 2))
    assert covers(some, np.array([[-0.5]]), STILL, None).exhausted is None
    assert covers(some, np.array([[-0.5]]), STILL, 70.0).exhausted == 0


def test_a_rescue_saves_what_the_owner_lacks_where_nothing_moves() -> None:
    some = book([-90, -60, -70], [100, 100, 100], [0, 1, 1])
    run = mean_debt(some, np.array([[-0.5]]), STILL)
    assert leave_one_out(run, ["0", "1"]).saved == {"0": 4_000, "1": 3_000}
    values = shapley(run, ["0", "1"]).values
    assert {name: float(value) for name, value in values.items()} == {"0": 4_000, "1": 3_000}


def test_the_largest_owners_are_those_whose_accounts_move_most() -> None:
    some = book([0, 0, 0, 0], [10, 30, 25, 0], [0, 1, 0, 2])
    assert largest_owners(some, 5) == [0, 1]
    assert largest_owners(some, 1) == [0]


@settings(max_examples=15)
@given(st.integers(0, 1_000))
def test_whoever_is_left_out_is_in_no_figure(seed: int) -> None:
    random = np.random.default_rng(seed)
    some = book(
        (-random.uniform(0, 95, 8)).tolist(), [100.0] * 8, random.integers(0, 4, 8).tolist()
    )
    gone = frozenset({int(some.owner[0])})
    moves = np.array([[-0.4, -0.1]])
    left = covers(without(some, gone), moves, STILL, None)
    stays = ~np.isin(some.owner, sorted(gone))
    lacks = np.maximum(-(some.equity_cash[:, None] + 100 * (1 + moves)), 0)[stays]
    assert left.worst == pytest.approx(lacks.sum(axis=0).max())
    assert not {some.owner_names[n] for n in gone} & set(left.cover_owners)


def test_nobody_known_is_no_figure() -> None:
    some = book([float("nan")], [1.0], [0])
    some.unknown[0] = True
    with pytest.raises(ValueError, match="no scenario"):
        covers(some, np.array([[-0.5]]), STILL, 1.0)


def test_shapley_of_owners_is_the_mean_over_all_orders_and_alike_owners_are_alike() -> None:
    # Selling moves the price, so that what one owner adds depends on who sells before it.
    moved = ScalarImpacts([Exponential(400.0)])
    some = book([-90, -80, -80, -70], [100, 100, 100, 100], [0, 1, 2, 3])
    run = mean_debt(some, np.array([[-0.15, -0.25]]), moved)
    names = ["0", "1", "2", "3"]
    found = shapley(run, names)
    by_hand = dict.fromkeys(names, 0)
    orders = list(permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            before, after = frozenset(order[place:]), frozenset(order[place + 1 :])
            by_hand[name] += run(after) - run(before)
    assert {name: value * len(orders) for name, value in found.values.items()} == by_hand
    assert found.values["1"] == found.values["2"]
    assert sum(found.values.values()) == run(frozenset()) - run(frozenset(names))
    assert sum(leave_one_out(run, names).saved.values()) != sum(found.values.values())
