"""Counterfactuals: leave-one-out and Shapley values, on R15 and on games with known values."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.cascade.counterfactual import leave_one_out, shapley
from analyzer.contagion.networks.firesale import threshold

NAMES = tuple("ABCDE")


def r15_bad_debt(given_: dict[str, Any], rescued: frozenset[str]) -> int:
    """Bad debt of R15 (whole numbers) with extra cash for `rescued`."""
    accounts = given_["accounts"]
    result = threshold(
        [[accounts[name]["q"]] for name in "ABCD"],
        [accounts[name]["cash"] + (10**6 if name in rescued else 0) for name in "ABCD"],
        [given_["P0"]],
        [given_["shock"]],
        [given_["impact_per_unit"]],
        [given_["mmr"]],
    )
    return round(float(result.bad_debt.sum()))


def test_r15_leave_one_out_and_shapley(cases: dict[str, Any]) -> None:
    inputs, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    one = leave_one_out(lambda rescued: r15_bad_debt(inputs, rescued), "ABC")
    assert one.without == expected["leave_one_out_bad_debt"]
    assert one.saved == dict.fromkeys("ABC", expected["bad_debt"])
    value = shapley(lambda rescued: r15_bad_debt(inputs, rescued), "ABC")
    assert value.values == expected["shapley_bad_debt"]
    assert (value.base, value.floor, value.exact, value.runs) == (450, 0, True, 8)
    assert value.errors == dict.fromkeys("ABC", 0.0)


@st.composite
def games(draw: st.DrawFn) -> tuple[list[str], dict[frozenset[str], int]]:
    """Players, and an outcome for every set of rescued ones."""
    players = list(NAMES[: draw(st.integers(1, 5))])
    outcomes = {
        frozenset(p for bit, p in enumerate(players) if subset >> bit & 1): draw(
            st.integers(-(10**30), 10**30)
        )
        for subset in range(1 << len(players))
    }
    return players, outcomes


def by_all_orders(players: list[str], outcomes: dict[frozenset[str], int]) -> dict[str, Fraction]:
    """Shapley values as they are defined: the mean over all orders."""
    values = dict.fromkeys(players, Fraction(0))
    orders = list(permutations(players))
    for order in orders:
        for place, player in enumerate(order):
            with_it = outcomes[frozenset(order[place + 1 :])]
            without = outcomes[frozenset(order[place:])]
            values[player] += Fraction(with_it - without, len(orders))
    return values


@given(games())
def test_subsets_give_what_all_orders_give_and_sum_to_the_whole(
    game: tuple[list[str], dict[frozenset[str], int]],
) -> None:
    players, outcomes = game
    found = shapley(outcomes.__getitem__, reversed(players))
    assert found.values == by_all_orders(players, outcomes)
    assert list(found.values) == sorted(players)
    assert sum(found.values.values()) == found.base - found.floor
    assert found.base == outcomes[frozenset()]
    assert found.floor == outcomes[frozenset(players)]
    assert found.runs == len(outcomes)


@given(games(), st.integers(0, 99))
def test_sampled_values_sum_to_the_whole_too_and_a_seed_repeats_them(
    game: tuple[list[str], dict[frozenset[str], int]], seed: int
) -> None:
    players, outcomes = game
    found = shapley(outcomes.__getitem__, players, exact_up_to=0, permutations=7, seed=seed)
    again = shapley(outcomes.__getitem__, players[::-1], exact_up_to=0, permutations=7, seed=seed)
    assert found == again
    assert not found.exact
    assert sum(found.values.values()) == found.base - found.floor


def test_sampling_is_within_its_standard_error() -> None:
    # 20 accounts; the outcome is the square of how many fail: each is worth n, by symmetry.
    players = [f"account {number:02d}" for number in range(20)]

    def run(rescued: frozenset[str]) -> int:
        return (20 - len(rescued)) ** 2

    found = shapley(run, players, permutations=400, seed=1)
    assert not found.exact
    assert found.base - found.floor == 400
    for player in players:
        assert 0.3 < found.errors[player] < 0.9
        assert abs(float(found.values[player]) - 20) < 4 * found.errors[player]


def test_an_account_that_changes_nothing_is_worth_nothing_and_equal_ones_are_equal() -> None:
    def run(rescued: frozenset[str]) -> int:
        return 0 if {"A", "B"} & rescued else 9

    found = shapley(run, "ABC")
    assert found.values == {"A": Fraction(9, 2), "B": Fraction(9, 2), "C": 0}


def test_every_set_is_run_once() -> None:
    seen: list[frozenset[str]] = []

    def run(rescued: frozenset[str]) -> int:
        seen.append(rescued)
        return len(rescued)

    shapley(run, "ABCD")
    assert len(seen) == len(set(seen)) == 16


def test_a_rescue_that_makes_it_worse_is_negative() -> None:
    def run(rescued: frozenset[str]) -> int:
        return 5 if "A" in rescued else 2

    assert leave_one_out(run, ["A"]).saved == {"A": -3}
    assert shapley(run, ["A"]).values == {"A": -3}


def test_nobody_has_no_values() -> None:
    found = shapley(lambda rescued: 7, [])
    assert (found.values, found.base, found.floor) == ({}, 7, 7)


def test_what_is_no_game_is_refused() -> None:
    with pytest.raises(ValueError, match="A is named twice"):
        shapley(lambda rescued: 0, ["A", "B", "A"])
    with pytest.raises(ValueError, match="A is named twice"):
        leave_one_out(lambda rescued: 0, "AA")
    with pytest.raises(ValueError, match=r"2\*\*16 runs"):
        shapley(lambda rescued: 0, "AB", exact_up_to=16)
    with pytest.raises(ValueError, match="two permutations"):
        shapley(lambda rescued: 0, "AB", permutations=1)
