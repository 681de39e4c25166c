from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.clearing import eisenberg_noe
from analyzer.contagion.networks.debtrank import Method, debtrank


def network_of(given: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    exposures = np.zeros((given["n"], given["n"]))
    for lender, borrower, amount in given["edges"]:
        exposures[int(lender), int(borrower)] = amount
    return exposures


def test_r4_stress_is_capped_when_sent_and_not_when_kept(all_cases: dict[str, Any]) -> None:
    given, expected = all_cases["R4-a"]["inputs"], all_cases["R4-a"]["expected"]
    result = debtrank(given["X"], given["buffer"], given["initial_stress"], given["weights"])
    np.testing.assert_allclose(result.stress, expected["stress"], rtol=0, atol=1e-12)
    numbers = {name: value for name, value in asdict(result).items() if name in expected}
    del numbers["stress"]
    assert numbers == pytest.approx(
        {name: value for name, value in expected.items() if name != "stress"}, rel=0, abs=1e-12
    )
    assert result.additional_defaults == 2


def test_r5_one_node_fully_stressed(all_cases: dict[str, Any]) -> None:
    given = all_cases["R5"]["inputs"]
    expected = all_cases["R5"]["expected"]["single_node_54_fully_stressed"]
    shock = np.zeros(given["n"])
    shock[54] = 1.0
    result = debtrank(
        network_of(given), given["buffer"], shock, given["weights"], stop_norm=given["stop_norm"]
    )
    numbers = {name: value for name, value in asdict(result).items() if name != "stress"}
    assert numbers == pytest.approx(expected, rel=1e-9)
    assert (result.additional_defaults, result.iterations) == (17, 6)


def test_r5_uniform_shocks(all_cases: dict[str, Any]) -> None:
    given = all_cases["R5"]["inputs"]
    exposures = network_of(given)
    for row in all_cases["R5"]["expected"]["uniform_shock"]:
        shock = np.full(given["n"], row["shock"])
        result = debtrank(
            exposures, given["buffer"], shock, given["weights"], stop_norm=given["stop_norm"]
        )
        assert result.original_losses == pytest.approx(row["original_losses"], rel=1e-9)
        assert result.additional_stress == pytest.approx(row["additional_stress"], rel=1e-9)
        assert result.additional_losses == pytest.approx(row["additional_losses"], rel=1e-9)
        assert result.additional_defaults == row["defaults"]


def test_a_larger_shock_may_add_less_stress(all_cases: dict[str, Any]) -> None:
    given = all_cases["R5"]["inputs"]
    added = [
        debtrank(
            network_of(given), given["buffer"], np.full(given["n"], shock), given["weights"]
        ).additional_stress
        for shock in (0.23, 0.25)
    ]
    assert added[0] > added[1]


def test_without_a_stop_norm_it_ends_where_nothing_changes(all_cases: dict[str, Any]) -> None:
    given = all_cases["R5"]["inputs"]
    exposures, buffer = network_of(given), np.array(given["buffer"])
    shock = np.full(given["n"], 0.1)
    result = debtrank(exposures, buffer, shock, given["weights"])
    limit = shock + (exposures / buffer[:, None]) @ np.minimum(result.stress, 1.0)
    np.testing.assert_allclose(result.stress, limit, rtol=1e-12)


def test_the_threshold_method_passes_on_only_defaults() -> None:
    exposures = [[0, 0, 0], [6, 0, 0], [0, 5, 0]]
    half = debtrank(exposures, [10, 10, 10], [0.5, 0, 0], [1, 1, 1], "threshold")
    assert half.stress.tolist() == [0.5, 0, 0]
    full = debtrank(exposures, [10, 10, 10], [1, 0, 0], [1, 1, 1], "threshold")
    assert full.stress.tolist() == [1, 0.6, 0]
    linear = debtrank(exposures, [10, 10, 10], [1, 0, 0], [1, 1, 1])
    np.testing.assert_allclose(linear.stress, [1, 0.6, 0.3])


def test_a_ring_of_three_by_hand() -> None:
    # 1 holds 6 of 0, 2 holds 8 of 1, 0 holds 4 of 2. 0 is gone: 1 has lost 6 of its 5 and is gone
    # too, so 2 has lost 8. With a capital of 10 it stands, and nothing comes back to 0; with 8 it
    # is gone as well, and 0 has lost another 4 of its 10.
    exposures = [[0, 0, 4], [6, 0, 0], [0, 8, 0]]
    stands = debtrank(exposures, [10, 5, 10], [1, 0, 0], [1, 1, 1], "threshold")
    np.testing.assert_allclose(stands.stress, [1, 1.2, 0.8], rtol=1e-15)
    assert (stands.additional_losses, stands.additional_defaults) == (14, 1)
    falls = debtrank(exposures, [10, 5, 8], [1, 0, 0], [1, 1, 1], "threshold")
    np.testing.assert_allclose(falls.stress, [1.4, 1.2, 1], rtol=1e-15)
    assert (falls.additional_losses, falls.additional_defaults) == (18, 2)
    # The linear form passes on what 2 has lost without being gone: 0.8 x 4 of 10.
    linear = debtrank(exposures, [10, 5, 10], [1, 0, 0], [1, 1, 1])
    np.testing.assert_allclose(linear.stress, [1.32, 1.2, 0.8], rtol=1e-15)


def test_it_does_not_order_cases_as_clearing_does() -> None:
    # Node 0 owes node 1 ten. In the first case 0 lost half of a large capital and still pays all;
    # in the second it is gone but for the nine it pays.
    exposures = [[0, 0], [10, 0]]
    solvent = debtrank(exposures, [100, 20], [0.5, 0], [1, 1])
    broken = debtrank([[0, 0], [2, 0]], [100, 20], [1, 0], [1, 1])
    assert solvent.stress[1] > broken.stress[1]
    lost_solvent = 10 - eisenberg_noe([[0, 10], [0, 0]], [60, 20]).payments[0]
    lost_broken = 2 - eisenberg_noe([[0, 2], [0, 0]], [1, 20]).payments[0]
    assert lost_solvent < lost_broken


def test_a_propagation_that_hardly_settles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each passes the whole of a tiny distress back: it grows by 1e-9 a step, up to 1.
    monkeypatch.setattr("analyzer.contagion.networks.debtrank.MOST_ITERATIONS", 50)
    with pytest.raises(ArithmeticError, match="give a stop_norm"):
        debtrank([[0, 1], [1, 0]], [1, 1], [1e-9, 0], [1, 1])
    assert debtrank([[0, 1], [1, 0]], [1, 1], [1e-9, 0], [1, 1], stop_norm=1e-6).iterations == 1


NAN = float("nan")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"exposures": [[0, 1]]}, "exposures must be square"),
        ({"exposures": [[0, -1], [0, 0]]}, r"exposures\[0, 1\] must be finite and not negative"),
        ({"exposures": [[0, 1], [0, 2]]}, r"exposures\[1, 1\] must be 0"),
        ({"capital": [1, 0]}, r"capital\[1\] must be above zero"),
        ({"capital": [1]}, "capital must have 2 entries"),
        ({"shock": [NAN, 0]}, r"shock\[0\] must be finite"),
        ({"shock": [-0.1, 0]}, r"shock\[0\] must be finite and not negative"),
        ({"weights": [0, 0]}, "weights must have a sum above zero"),
        ({"method": "cubic"}, "method must be one of linear, threshold, not 'cubic'"),
        ({"stop_norm": 0.0}, "stop_norm must be above zero"),
        ({"stop_norm": NAN}, "stop_norm must be a number"),
    ],
)
def test_what_it_cannot_mean_is_refused(changed: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {
        "exposures": [[0, 1], [1, 0]],
        "capital": [1, 1],
        "shock": [0.1, 0],
        "weights": [1, 1],
    }
    with pytest.raises(ValueError, match=text):
        debtrank(**{**arguments, **changed})


@st.composite
def systems(draw: st.DrawFn) -> tuple[Any, Any, Any, Any]:
    nodes = draw(st.integers(1, 6))
    quarters = st.integers(0, 8).map(lambda value: value / 4)
    exposures = np.array([[draw(quarters) for _ in range(nodes)] for _ in range(nodes)])
    np.fill_diagonal(exposures, 0.0)
    # Capital well above or well below what is held: neither factor is close to 1.
    capital = np.array([draw(st.sampled_from((1.0, 32.0))) for _ in range(nodes)])
    shock = np.array([draw(st.integers(0, 8)) / 8 for _ in range(nodes)])
    more = np.minimum(shock + np.array([draw(st.integers(0, 4)) / 8 for _ in range(nodes)]), 1.0)
    return exposures, capital, shock, more


@given(systems(), st.sampled_from(("linear", "threshold")))
def test_stress_is_never_below_the_shock_and_grows_with_it(system: Any, method: Method) -> None:
    exposures, capital, shock, more = system
    weights = np.ones(capital.size)
    less = debtrank(exposures, capital, shock, weights, method, 1e-9)
    greater = debtrank(exposures, capital, more, weights, method, 1e-9)
    assert (less.stress >= shock).all()
    assert (greater.stress >= less.stress - 1e-6).all()
    assert less.additional_losses >= 0
    assert -1e-12 <= less.additional_stress <= 1 - less.original_stress + 1e-12


@given(systems())
def test_linear_stress_is_at_least_threshold_stress_and_grows_with_the_claims(system: Any) -> None:
    exposures, capital, shock, _ = system
    weights = np.ones(capital.size)
    linear = debtrank(exposures, capital, shock, weights, "linear", 1e-9)
    threshold = debtrank(exposures, capital, shock, weights, "threshold", 1e-9)
    assert (linear.stress >= threshold.stress - 1e-6).all()
    larger = debtrank(1.5 * exposures, capital, shock, weights, "linear", 1e-9)
    assert (larger.stress >= linear.stress - 1e-6).all()


@given(systems())
def test_without_a_shock_nothing_happens(system: Any) -> None:
    exposures, capital, shock, _ = system
    result = debtrank(exposures, capital, 0 * shock, np.ones(capital.size))
    assert result.stress.tolist() == [0.0] * capital.size
    assert (result.additional_stress, result.additional_losses) == (0.0, 0.0)
    assert result.additional_defaults == 0
