from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.linear.adl import capped, pro_rata, queue, risk_aware


def test_a_queue_takes_the_highest_rank_first_to_the_last_unit() -> None:
    assert queue(70, [50, 40, 100], [1, 9, 4]).tolist() == [0, 1, 0.3]


def test_a_queue_shares_pro_rata_among_equal_ranks() -> None:
    assert queue(70, [50, 40, 100], [2, 9, 2]).tolist() == [0.2, 1, 0.2]


def test_pro_rata_takes_the_same_fraction_of_all() -> None:
    assert pro_rata(30, [50, 0, 100]).tolist() == [0.2, 0, 0.2]


def test_caps_bind_one_after_the_other() -> None:
    # 60 of 300 would be 20 % each; the first is held at 10 %, so the others pay 25 %.
    assert capped(60, [100, 100, 100], [0.1, 1, 0.5]).tolist() == [0.1, 0.25, 0.25]


def test_caps_that_do_not_meet_the_budget_are_all_reached() -> None:
    assert capped(200, [100, 100], [0.1, 0.5]).tolist() == [0.1, 0.5]


def test_risk_aware_takes_in_proportion_to_profit_leverage_and_penalty() -> None:
    # Weights 100 * 1 * 1 and 100 * 4 * 2, together 900.
    haircuts = risk_aware(45, [100, 100], [1, 4], lambda level: level**0.5)
    np.testing.assert_allclose(haircuts, [0.05, 0.4], rtol=1e-12)


def test_risk_aware_spreads_over_the_others_what_one_cannot_pay() -> None:
    haircuts = risk_aware(145, [100, 100, 100], [8, 1, 2], lambda _: 1.0)
    np.testing.assert_allclose(haircuts, [1, 0.15, 0.3], rtol=1e-12)


def test_risk_aware_leaves_those_of_no_weight_alone_even_if_the_budget_is_not_met() -> None:
    assert risk_aware(150, [100, 100], [0, 3], lambda _: 1.0).tolist() == [0, 1]


def test_a_budget_above_all_profits_takes_them_whole() -> None:
    assert queue(500, [50, 40], [1, 2]).tolist() == [1, 1]
    assert pro_rata(500, [50, 40]).tolist() == [1, 1]
    assert pro_rata(5, []).tolist() == []


def test_a_deficit_in_two_parts_is_not_one_deficit_under_caps_or_weights() -> None:
    def in_two(rule: Callable[[float, Any], Any], half: float, profits: Any) -> Any:
        rest = profits - profits * rule(half, profits)
        return profits - rest + rest * rule(half, rest)

    profits = np.array([100.0, 100.0])
    at_once = profits * capped(100, profits, [0.2, 1.0])
    assert at_once.tolist() == [20, 80]
    assert in_two(lambda b, w: capped(b, w, [0.2, 1.0]), 50, profits)[0] == pytest.approx(36)
    level = [1.0, 3.0]
    weighed = profits * risk_aware(100, profits, level, lambda _: 1.0)
    np.testing.assert_allclose(weighed, [25, 75])
    assert in_two(lambda b, w: risk_aware(b, w, level, lambda _: 1.0), 50, profits)[0] > 26


def test_what_is_no_haircut_is_refused() -> None:
    with pytest.raises(ValueError, match="budget must be a number"):
        pro_rata(-1, [1])
    with pytest.raises(ValueError, match=r"profits\[1\] must be finite and not negative"):
        pro_rata(1, [1, -1])
    with pytest.raises(ValueError, match="rank must have 2 entries"):
        queue(1, [1, 1], [1])
    with pytest.raises(ValueError, match=r"rank\[0\] must be finite"):
        queue(1, [1, 1], [float("nan"), 1])
    with pytest.raises(ValueError, match="caps are fractions"):
        capped(1, [1], [1.5])
    with pytest.raises(ValueError, match=r"g\(leverage\)\[0\] must be finite and not negative"):
        risk_aware(1, [1], [2], lambda level: -level)


AMOUNTS = st.integers(0, 1000).map(float)
Winners = tuple[float, Any, Any, Any]


@st.composite
def winners(draw: st.DrawFn) -> Winners:
    """Budget, profits, scores (many of them equal), caps."""
    size = draw(st.integers(1, 8))
    profits = np.array([draw(AMOUNTS) for _ in range(size)])
    scores = np.array([float(draw(st.integers(0, 4))) for _ in range(size)])
    caps = np.array([draw(st.integers(0, 8)) / 8 for _ in range(size)])
    return draw(st.integers(0, 6000).map(float)), profits, scores, caps


RULES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    # The rule, and the most that it may take of each winner.
    "queue": (lambda b, w, s, c: queue(b, w, s), lambda s, c: np.ones(s.size)),
    "pro rata": (lambda b, w, s, c: pro_rata(b, w), lambda s, c: np.ones(s.size)),
    "capped": (lambda b, w, s, c: capped(b, w, c), lambda s, c: c),
    "risk aware": (
        lambda b, w, s, c: risk_aware(b, w, s, lambda level: 1 + level),
        lambda s, c: (s > 0).astype(float),
    ),
}


@pytest.mark.parametrize("name", RULES)
@given(case=winners())
def test_what_is_taken_is_the_budget_or_all_that_may_be_taken(name: str, case: Winners) -> None:
    rule, most = RULES[name]
    budget, profits, scores, caps = case
    haircuts = rule(budget, profits, scores, caps)
    limit = most(scores, caps)
    assert (haircuts >= 0).all()
    assert (haircuts <= limit).all()
    assert haircuts[profits == 0].tolist() == [0.0] * int((profits == 0).sum())
    expected = min(budget, float(profits @ limit))
    np.testing.assert_allclose(profits @ haircuts, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", RULES)
@given(case=winners(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_input_decides_nothing(name: str, case: Winners, random: Any) -> None:
    rule, _ = RULES[name]
    budget, profits, scores, caps = case
    turn = list(range(profits.size))
    random.shuffle(turn)
    base = rule(budget, profits, scores, caps)
    other = rule(budget, profits[turn], scores[turn], caps[turn])
    np.testing.assert_allclose(other, base[turn], rtol=1e-9, atol=1e-12)


@given(winners())
def test_in_a_queue_the_higher_rank_never_has_the_smaller_haircut(case: Winners) -> None:
    budget, profits, scores, _ = case
    haircuts = queue(budget, profits, scores)
    for i in np.flatnonzero(profits > 0):
        for j in np.flatnonzero((profits > 0) & (scores < scores[i])):
            assert haircuts[i] >= haircuts[j]


@given(winners())
def test_pro_rata_a_winner_who_splits_pays_the_same(case: Winners) -> None:
    budget, profits, _, _ = case
    whole = pro_rata(budget, profits)
    split = pro_rata(budget, [*profits[1:], profits[0] / 4, 3 * profits[0] / 4])
    paid = split[-2] * profits[0] / 4 + split[-1] * 3 * profits[0] / 4
    np.testing.assert_allclose(paid, whole[0] * profits[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(split[:-2], whole[1:], rtol=1e-9)


@pytest.mark.parametrize("gain", [5e-324, 2.225073858507203e-309, 1e-200])
def test_a_profit_too_small_for_a_quotient_is_taken_whole(gain: float) -> None:
    assert risk_aware(1.0, [gain], [1.0], lambda _: 1.0).tolist() == [1.0]
    # Its share is as its weight: half of 1e-200.
    assert risk_aware(1.0, [gain, 2.0], [1e-200, 1.0], lambda _: 1.0).tolist() == [5e-201, 0.5]
    assert risk_aware(0.0, [gain], [1.0], lambda _: 1.0).tolist() == [0.0]
