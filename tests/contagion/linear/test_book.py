from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fire_sale_books import book_of
from formula_bank import EMPTY, FACTORS, Bank, book, four
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.batch.impacts import depth_impacts
from analyzer.contagion.batch.kernel import cascades
from analyzer.contagion.linear import book as linear
from analyzer.contagion.linear.book import linear_book, nonlinear_accounts
from analyzer.contagion.reverse.rays import ray, uniform_ray
from analyzer.contagion.reverse.smallest import distances, smallest_static
from analyzer.contagion.reverse.wall import liquidation_wall
from analyzer.model.book import LegKind
from analyzer.protocols.base import Repriced


def test_a_linear_account_is_found_coefficient_by_coefficient() -> None:
    found = linear_book(Bank(four), book(EMPTY))
    assert found.factors == ("ETH", "USD", "BTC")
    assert found.indptr.tolist()[:2] == [0, 3]
    entries = slice(0, 3)
    assert [found.factors[c] for c in found.column[entries]] == ["ETH", "USD", "BTC"]
    np.testing.assert_allclose(found.headroom[entries], [100, 0, -30], atol=1e-12)
    np.testing.assert_allclose(found.equity[entries], [120, 5, -20], atol=1e-12)
    np.testing.assert_allclose(found.sold[entries], found.equity[entries])
    assert found.headroom_cash[0] == pytest.approx(50)
    assert found.equity_cash[0] == pytest.approx(80)


def test_what_is_not_linear_is_listed_and_what_is_unknown_stays_it() -> None:
    found = linear_book(Bank(four), book(EMPTY))
    assert found.nonlinear.tolist() == [False, True, False, False]
    assert found.unknown.tolist() == [False, False, True, True]
    assert found.linear.tolist() == [True, False, False, False]
    assert np.isnan(found.headroom_cash[2:]).all()
    assert found.indptr.tolist()[2:] == [found.indptr[2]] * 3
    assert np.isnan(found.headroom_at(np.ones((3, 1)))[2:]).all()


def test_blocks_of_accounts_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = linear_book(Bank(four), book(EMPTY))
    monkeypatch.setattr(linear, "CELLS", 1)
    parts = linear_book(Bank(four), book(EMPTY))
    for name in ("indptr", "column", "headroom", "equity", "headroom_cash", "unknown", "nonlinear"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_only_the_legs_that_a_protocol_closes_are_sold() -> None:
    held = [[(0, 3 * 10**18), (2, -(10**18)), (3, 10**17)], [], [], []]
    found = linear_book(Bank(four), book(held), sells=frozenset({LegKind.POSITION}))
    sold = dict(zip([found.factors[c] for c in found.column[:3]], found.sold[:3], strict=True))
    assert sold == {"ETH": -2000, "BTC": 3000, "USD": 0}


def test_factors_that_are_not_named_keep_their_price() -> None:
    found = linear_book(Bank(four), book(EMPTY), factors=("BTC",))
    assert found.headroom[:1].tolist() == pytest.approx([-30])
    assert found.headroom_cash[0] == pytest.approx(150)
    with pytest.raises(ValueError, match="named once"):
        linear_book(Bank(four), book(EMPTY), factors=("BTC", "BTC"))


def test_a_nonlinear_account_is_asked_of_the_protocol_on_a_ray() -> None:
    accounts = book(EMPTY)
    found = linear_book(Bank(four), accounts)
    asked = nonlinear_accounts(Bank(four), accounts, found)
    away = distances(found, ray(found.factors, {"ETH": 1.0}), asked)
    # 10 sqrt(m) = 7 at m = 0.49, 12 sqrt(m) = 5 at m = 25 / 144.
    assert away.liquidation_down[1] == pytest.approx(0.49 - 1, abs=1e-12)
    assert away.insolvency_down[1] == pytest.approx(25 / 144 - 1, abs=1e-12)
    assert np.isnan(away.liquidation_down[2:]).all()
    assert np.isnan(away.liquidation[2:]).all()
    with pytest.raises(ValueError, match="1 accounts are nonlinear"):
        distances(found, uniform_ray(found.factors))


def test_bad_debt_on_a_ray_counts_nonlinear_accounts_by_the_protocol() -> None:
    accounts = book(EMPTY)
    found = linear_book(Bank(four), accounts)
    asked = nonlinear_accounts(Bank(four), accounts, found)
    shock = smallest_static(found, ray(found.factors, {"ETH": 1.0}), 1.0, nonlinear=asked)
    # Account 0 keeps 65 without ETH; 5 - 12 sqrt(m) = 1 at m = 1 / 9.
    assert shock.x == pytest.approx(1 / 9 - 1, abs=1e-11)
    assert (shock.accounts, shock.bad_debt) == (1, pytest.approx(1.0, abs=1e-9))
    never = smallest_static(found, ray(found.factors, {"ETH": 1.0}), 5.5, nonlinear=asked)
    assert (never.x, never.bad_debt) == (None, pytest.approx(5.0))


def test_the_wall_holds_nonlinear_accounts_at_their_own_levels() -> None:
    accounts = book([[], [(2, 10**18)], [], []])
    found = linear_book(Bank(four), accounts, sells=frozenset({LegKind.POSITION}))
    asked = nonlinear_accounts(Bank(four), accounts, found)
    walls = liquidation_wall(found, ray(found.factors, {"ETH": 1.0}), nonlinear=asked)
    (wall,) = walls.walls
    np.testing.assert_allclose(wall.levels, [0.51], rtol=1e-11)
    assert wall.total == 2000
    assert walls.unknown == 2


def test_a_cascade_asks_the_protocol_for_nonlinear_accounts_and_counts_unknown_ones() -> None:
    accounts = book(EMPTY)
    found = linear_book(Bank(four), accounts)
    asked = nonlinear_accounts(Bank(four), accounts, found)
    shocks = np.array([[0.5, 0.48, 0.1], [1.0] * 3, [1.0] * 3])
    flat = depth_impacts("none", np.ones(3))
    batch = cascades(found, shocks, flat, nonlinear=asked)
    assert [batch.closed_in(s).tolist() for s in range(3)] == [
        [False] * 4,
        [False, True, False, False],
        [False, True, False, False],
    ]
    assert batch.undecided.tolist() == [2, 2, 2]
    assert batch.bad_debt[2] == pytest.approx(5 - 12 * np.sqrt(0.1))
    with pytest.raises(ValueError, match="1 accounts are nonlinear"):
        cascades(found, shocks, flat)


@given(st.data())
def test_any_linear_account_is_given_back_at_prices_that_were_no_probe(data: Any) -> None:
    number = st.floats(-1e9, 1e9).map(lambda x: round(x, 3))
    a, b = ([data.draw(number) for _ in range(4)] for _ in "ab")

    def margin(account: int, m: Any) -> tuple[Any, Any]:
        return a[3] + np.tensordot(a[:3], m, 1), b[3] + np.tensordot(b[:3], m, 1)

    found = linear_book(Bank(margin), book([[]]))
    assert found.linear.all()
    m = np.array([[0.3], [1.7], [0.01]])
    order = [FACTORS.index(f) for f in found.factors]
    scale = sum(map(abs, a + b)) * 2
    x, e = margin(0, m)
    np.testing.assert_allclose(found.headroom_at(m[order]), [x], atol=1e-11 * scale)
    np.testing.assert_allclose(found.equity_at(m[order]), [e], atol=1e-11 * scale)


def test_holdings_that_do_not_fit_together_are_refused() -> None:
    for changed, text in (
        ({"indptr": [0, 2]}, "indptr must run"),
        ({"column": [0]}, "one entry each"),
        ({"column": [0, 5]}, "one of 2 factors"),
        ({"value": [1, np.inf]}, "must be finite"),
    ):
        given_: dict[str, Any] = {
            "indptr": [0, 1, 2], "column": [0, 1], "value": [1, 2], "cash": [0, 0],
        } | changed  # fmt: skip
        if "indptr" in changed:
            given_["cash"] = [0, 0]
        with pytest.raises(ValueError, match=text):
            linear.holdings_book(**given_, maintenance=[0, 0])


def test_gross_value_counts_every_part_without_its_sign() -> None:
    found = book_of([[1, -2]], [-50], [100, 100], [0, 0])
    assert found.gross([1.0, 0.5]).tolist() == [50 + 100 + 100]


def test_by_every_test_the_nearest_one_counts_and_without_more_tests_maintenance_does() -> None:
    class TwoTests(Bank):
        """A second test, which the price of ETH alone decides."""

        def reprice(self, valued: Any, factors: Any, shocks: Any) -> Repriced:
            found = super().reprice(valued, factors, shocks)
            second = 40.0 * shocks[list(factors).index("ETH")] - 25.0
            least = np.minimum(found.margin_equity, second[None, :])
            return replace(found, headroom=least)

    plain = linear_book(TwoTests(four), book(EMPTY))
    every = linear_book(TwoTests(four), book(EMPTY), every_test=True)
    assert plain.headroom_at(np.ones((3, 1)))[0, 0] == 120.0
    assert every.headroom_at(np.ones((3, 1)))[0, 0] == 15.0
    again = linear_book(Bank(four), book(EMPTY), every_test=True)
    assert again.headroom_at(np.ones((3, 1)))[0, 0] == 120.0
    asked = nonlinear_accounts(TwoTests(four), book(EMPTY), every)
    half = np.array([[0.5], [1.0], [1.0]])
    assert asked.margin(half)[0].min() == -5.0
