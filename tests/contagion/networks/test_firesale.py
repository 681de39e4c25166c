from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import comb
from typing import Any

import numpy as np
import pytest

from analyzer.contagion.linear.adl import pro_rata
from analyzer.contagion.networks.firesale import (
    FireSale,
    leverage_targeting,
    threshold,
    transmitted,
)

NAMES = ("A", "B", "C", "D")
RESCUE = 1e6
"""Cash that keeps an account of R15 out of any breach."""


def r15(given: dict[str, Any], rescued: frozenset[str] = frozenset()) -> FireSale:
    """The cascade of R15, with extra cash for `rescued`."""
    accounts = given["accounts"]
    return threshold(
        [[accounts[name]["q"]] for name in NAMES],
        [accounts[name]["cash"] + (RESCUE if name in rescued else 0) for name in NAMES],
        [given["P0"]],
        [given["shock"]],
        [given["impact_per_unit"]],
        [given["mmr"]],
    )


def test_r15_prices_failures_equity_and_bad_debt(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    result = r15(given)
    np.testing.assert_allclose(result.prices[:, 0], expected["price_path"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.executed[:, 0], [90.5, 86, 78.5], rtol=0, atol=1e-9)
    assert result.sold[:, 0].tolist() == [100, 200, 300]
    assert result.rounds == 3
    assert result.failed_round.tolist() == [0, 1, 2, -1]
    failed = [expected["failed_in_round"][name] for name in NAMES]
    assert [None if r < 0 else r for r in result.failed_round.tolist()] == failed
    equity = [expected["final_equity_before_waterfall"][name] for name in NAMES]
    np.testing.assert_allclose(result.equity, equity, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.bad_debt, [0, 0, expected["bad_debt"], 0], rtol=0, atol=1e-9)
    lost = [expected["exogenous_loss"][name] for name in "ABC"]
    np.testing.assert_allclose(result.exogenous_loss, [*lost, -800], rtol=0, atol=1e-9)


def test_r15_each_account_breaches_just_below_its_liquidation_price(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    for name, price in expected["liquidation_price"].items():
        account = given["accounts"][name]
        for step, rounds in ((1e-9, 0), (-1e-9, 1)):
            alone = threshold(
                [[account["q"]]], [account["cash"]], [price], [step], [0], [given["mmr"]]
            )
            assert alone.rounds == rounds


def test_r15_the_fund_pays_first_and_the_winner_the_rest(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    result = r15(given)
    deficit = float(result.bad_debt.sum())
    from_fund = min(deficit, given["insurance_fund"])
    assert from_fund == pytest.approx(expected["insurance_paid"], abs=1e-9)
    winner = given["accounts"]["D"]
    profit = winner["q"] * (result.prices[-1, 0] - given["P0"])
    taken = profit * pro_rata(deficit - from_fund, [profit])[0]
    assert taken == pytest.approx(expected["adl"], abs=1e-9)
    assert deficit - from_fund - taken == pytest.approx(expected["socialised"], abs=1e-9)


def test_r15_edges_add_up_to_the_loss_of_each_failed_account(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    result = r15(given)
    edges = transmitted([[given["accounts"][name]["q"]] for name in NAMES], result)
    direct = {
        f"{NAMES[i]}->{NAMES[j]}": edges[i, j] for i in range(3) for j in range(3) if edges[i, j]
    }
    assert direct == pytest.approx(expected["direct_edges"], abs=1e-9)
    loss = result.exogenous_loss + edges.sum(axis=0)
    to_failure = [expected["loss_to_failure"][name] for name in "ABC"]
    np.testing.assert_allclose(loss[:3], to_failure, rtol=0, atol=1e-9)
    # The winner gains from the shock and from every closing: 100 short from 100 to 74.
    assert loss[3] == pytest.approx(-2600, abs=1e-9)


def test_r15_shares_and_paths_follow_from_the_edges(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    result = r15(given)
    edges = transmitted([[given["accounts"][name]["q"]] for name in NAMES], result)
    shock, loss = result.exogenous_loss, result.exogenous_loss + edges.sum(axis=0)
    a_in_b = edges[0, 1] / loss[1]
    share_a = (edges[0, 2] + edges[1, 2] * a_in_b) / loss[2]
    roots = {name: float(Fraction(text)) for name, text in expected["root_shares_C"].items()}
    assert {"A": share_a, "exogenous": 1 - share_a} == pytest.approx(roots, abs=1e-9)
    paths = {
        "shock->C": shock[2],
        "shock->B->C": edges[1, 2] * shock[1] / loss[1],
        "shock->A->C": edges[0, 2],
        "shock->A->B->C": edges[1, 2] * a_in_b,
    }
    exact = {name: float(Fraction(text)) for name, text in expected["paths_to_C"].items()}
    assert paths == pytest.approx(exact, abs=1e-9)


def test_r15_rescuing_any_one_leaves_no_bad_debt(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    roots = expected["leave_one_out_bad_debt"]
    without = {name: r15(given, frozenset(name)).bad_debt.sum() for name in roots}
    assert without == pytest.approx(roots, abs=1e-9)


def test_r15_shapley_value_of_the_bad_debt(cases: dict[str, Any]) -> None:
    given, expected = cases["R15"]["inputs"], cases["R15"]["expected"]
    value = dict.fromkeys("ABC", 0.0)
    orders = list(permutations("ABC"))
    for order in orders:
        for place, name in enumerate(order):
            with_it = r15(given, frozenset(order[place + 1 :])).bad_debt.sum()
            without = r15(given, frozenset(order[place:])).bad_debt.sum()
            value[name] += float(with_it - without) / len(orders)
    assert value == pytest.approx(expected["shapley_bad_debt"], abs=1e-9)
    assert len(orders) == comb(3, 1) * 2


def test_r16_the_loss_spiral_multiplies_the_shock(cases: dict[str, Any]) -> None:
    given = cases["R16"]["inputs"]
    width, n, rate = given["w"], given["n"], given["mm"]
    levels = 1 - width * (np.arange(n) + 0.5) / n
    held = np.full((n, 1), 1 / n)
    for row in cases["R16"]["expected"]["rows"]:
        result = threshold(
            held,
            -(held[:, 0] * (1 - rate)) * levels,
            [1],
            [-given["x"]],
            [row["kappa"] * width],
            [rate],
        )
        assert 1 - result.prices[-1, 0] == pytest.approx(row["final_drop"], abs=1e-4)
        assert result.rounds == row["rounds"]


def test_r14_leverage_targeting(cases: dict[str, Any]) -> None:
    given, expected = cases["R14"]["inputs"], cases["R14"]["expected"]
    result = leverage_targeting(
        given["M"], given["assets"], given["equity"], given["L_diag"], given["shock"]
    )
    for name, values in (
        ("R1", result.returns),
        ("sales", result.sales),
        ("price_impact", result.price_impact),
        ("second_round", result.second_round),
        ("AV", result.aggregate_vulnerability),
        ("systemicness", result.systemicness),
        ("indirect_vuln", result.indirect_vulnerability),
    ):
        np.testing.assert_allclose(values, expected[name], rtol=1e-9, err_msg=name)
    assert result.systemicness.sum() == pytest.approx(result.aggregate_vulnerability, rel=1e-12)


def test_leverage_targeting_sells_where_nobody_breaches() -> None:
    spillover = leverage_targeting([[1.0]], [100.0], [10.0], [0.001], [-0.001])
    assert spillover.sales[0] < 0
    assert threshold([[100.0]], [-90.0], [1.0], [-0.001], [0.001], [0.05]).rounds == 0


# Two assets at 100, falling 1/2 for each unit sold, 10 % maintenance; only the first is shocked.
PRICES, IMPACT, RATE = [100, 100], [0.5, 0.5], [0.1, 0.1]


def test_with_shorts_a_larger_shock_may_close_fewer_and_leave_a_higher_price() -> None:
    held, cash = [[10, 30], [-10, 20]], [-3600, -580]
    small = threshold(held, cash, PRICES, [-6, 0], IMPACT, RATE)
    large = threshold(held, cash, PRICES, [-11, 0], IMPACT, RATE)
    # After the smaller shock the second account, short in the falling asset, lacks the gain that
    # would carry it through the first one's sale of the other asset, and sells that too.
    assert small.failed_round.tolist() == [0, 1]
    assert large.failed_round.tolist() == [0, -1]
    assert small.prices[-1].tolist() == [94, 75]
    assert large.prices[-1].tolist() == [84, 85]


def test_with_shorts_who_fails_depends_on_the_order() -> None:
    held, cash = [[20, 0], [10, 10], [20, -30]], [-1510, -1720, 1610]
    forward = threshold(held, cash, PRICES, [-9, 0], IMPACT, RATE, order=[0, 1, 2])
    backward = threshold(held, cash, PRICES, [-9, 0], IMPACT, RATE, order=[2, 1, 0])
    assert forward.failed_round.tolist() == [-1, 0, -1]
    assert backward.failed_round.tolist() == [1, 2, 0]
    assert forward.prices[-1].tolist() == [86, 95]
    assert backward.prices[-1].tolist() == [66, 110]


def test_even_long_only_the_bad_debt_depends_on_the_order() -> None:
    held, cash = [[20, 10], [30, 20]], [-2620, -4300]
    forward = threshold(held, cash, PRICES, [-9, 0], IMPACT, RATE, order=[0, 1])
    backward = threshold(held, cash, PRICES, [-9, 0], IMPACT, RATE, order=[1, 0])
    assert forward.prices[-1].tolist() == backward.prices[-1].tolist() == [66, 85]
    assert forward.bad_debt.tolist() == [0, 295]
    assert backward.bad_debt.tolist() == [325, 0]


def test_a_linear_price_stops_at_zero_and_the_rest_brings_nothing() -> None:
    # 10 a unit, 1 lower for each unit sold: the first ten bring 50, the other ten nothing.
    result = threshold([[20]], [-205], [11], [-1], [1], [0])
    assert result.prices[:, 0].tolist() == [10, 0]
    assert result.executed[:, 0].tolist() == [2.5]
    assert result.equity.tolist() == [50 - 205]


def test_the_exponential_curve_pays_its_average() -> None:
    depth = 40.0
    result = threshold([[20]], [-1900], [100], [-10], [1 / depth], [0.05], curve="exponential")
    assert result.prices[1, 0] == pytest.approx(90 * np.exp(-0.5), rel=1e-12)
    assert result.executed[0, 0] == pytest.approx(90 * (1 - np.exp(-0.5)) / 0.5, rel=1e-12)


def test_closings_that_offset_each_other_move_no_price_and_pass_nothing_on() -> None:
    held = [[10], [-10], [5]]
    result = threshold(held, [-1000, 1000, 0], [100], [0], [1], [0.05])
    assert result.failed_round.tolist() == [0, 0, -1]
    assert result.prices[:, 0].tolist() == [100, 100]
    assert result.equity.tolist() == [0, 0, 500]
    assert transmitted(held, result).tolist() == [[0.0] * 3] * 3


NAN = float("nan")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"holdings": [1, 2]}, "holdings must have two dimensions"),
        ({"holdings": [[NAN], [1]]}, r"holdings\[0, 0\] must be finite"),
        ({"cash": [1]}, "cash must have 2 entries"),
        ({"prices": [-1]}, r"prices\[0\] must be finite and not negative"),
        ({"shock": [-101]}, r"prices \+ shock\[0\] must be finite and not negative"),
        ({"impact": [-1]}, r"impact\[0\] must be"),
        ({"maintenance": [[0.1]]}, "maintenance must have one dimension"),
        ({"curve": "flat"}, "curve must be one of linear, exponential"),
        ({"order": [0, 0]}, "order must name each of the 2 accounts once"),
    ],
)
def test_what_is_no_fire_sale_is_refused(changed: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {
        "holdings": [[1], [2]],
        "cash": [0, 0],
        "prices": [100],
        "shock": [-1],
        "impact": [0],
        "maintenance": [0.1],
    }
    with pytest.raises(ValueError, match=text):
        threshold(**{**arguments, **changed})


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"weights": [[0.5, 0.4]]}, "rows of weights must sum to 1"),
        ({"equity": [0]}, r"equity\[0\] must be above zero"),
        ({"equity": [11]}, "equity above assets"),
        ({"shock": [NAN, 0]}, r"shock\[0\] must be finite"),
        ({"impact": [-1, 0]}, r"impact\[0\] must be"),
    ],
)
def test_what_is_no_leverage_is_refused(changed: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {
        "weights": [[0.5, 0.5]],
        "assets": [10],
        "equity": [5],
        "impact": [0, 0],
        "shock": [-0.1, 0],
    }
    with pytest.raises(ValueError, match=text):
        leverage_targeting(**{**arguments, **changed})
