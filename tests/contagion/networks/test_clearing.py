from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from analyzer.contagion.networks.clearing import eisenberg_noe, rogers_veraart


def test_r1_everybody_owes_everybody_and_external_creditors(cases: dict[str, Any]) -> None:
    given, expected = cases["R1-EN"]["inputs"], cases["R1-EN"]["expected"]
    result = eisenberg_noe(given["L"], given["ea"], given["el"])
    exact = [float(Fraction(text)) for text in expected["p_fraction"]]
    np.testing.assert_allclose(result.payments, exact, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.payments, expected["p"], rtol=0, atol=1e-12)
    assert result.defaulted.tolist() == [bool(flag) for flag in expected["default"]]
    owed = np.array(expected["total_liabilities"])
    np.testing.assert_allclose(result.recovery, np.array(exact) / owed, rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.equity, [0, 0, 1 / 56], rtol=0, atol=1e-12)
    assert result.rounds == 2


def test_r1_is_the_case_of_full_recovery_of_rogers_and_veraart(cases: dict[str, Any]) -> None:
    given = cases["R1-EN"]["inputs"]
    one = rogers_veraart(given["L"], given["ea"], given["alpha"], given["beta"], given["el"])
    np.testing.assert_array_equal(
        one.payments, eisenberg_noe(given["L"], given["ea"], given["el"]).payments
    )


def test_r2_the_greatest_clearing_vector_is_the_one_without_default(cases: dict[str, Any]) -> None:
    given, expected = cases["R2"]["inputs"], cases["R2"]["expected"]
    result = rogers_veraart(given["L"], given["e"], given["alpha"], given["beta"], given["el"])
    np.testing.assert_allclose(result.payments, expected["p_greatest"], rtol=0, atol=1e-12)
    assert result.defaulted.tolist() == [False, False]
    np.testing.assert_allclose(result.equity, [1.2, 0.8], rtol=0, atol=1e-12)
    assert result.rounds == 0


def test_a_chain_of_claims_passes_the_shortfall_on() -> None:
    # 0 owes 1 ten and has four; 1 owes 2 eight and has one: 1 gets four, pays five.
    result = eisenberg_noe([[0, 10, 0], [0, 0, 8], [0, 0, 0]], [4, 1, 0])
    np.testing.assert_allclose(result.payments, [4, 5, 0])
    np.testing.assert_allclose(result.recovery, [0.4, 0.625, 1])
    np.testing.assert_allclose(result.equity, [0, 0, 5])
    assert result.defaulted.tolist() == [True, True, False]


def test_default_costs_take_their_share_of_both_kinds_of_assets() -> None:
    # 0 pays half of its 4; 1 has half of its 2 and a quarter of the 2 it gets.
    result = rogers_veraart([[0, 10, 0], [0, 0, 8], [0, 0, 0]], [4, 2, 0], 0.5, 0.25)
    np.testing.assert_allclose(result.payments, [2, 1.5, 0])
    np.testing.assert_allclose(result.equity, [0, 0, 1.5])


def test_a_loop_of_claims_without_any_assets_clears_in_full() -> None:
    third = 1 / 3
    result = eisenberg_noe([[0, third, 0], [0, 0, third], [third, 0, 0]], [0, 0, 0])
    assert result.defaulted.tolist() == [False, False, False]
    np.testing.assert_array_equal(result.payments, [third, third, third])


def test_with_default_costs_a_smaller_clearing_vector_exists_and_is_not_the_answer() -> None:
    owed, outside, share = 2.0, 0.5, 0.5
    # Both default: p = (p + outside) / 2 = 1/2, and then neither has the 2 it owes.
    run = 0.5
    assert run == share * (outside + run)
    assert run + outside < owed
    result = rogers_veraart([[0, owed], [owed, 0]], [outside, outside], share, share)
    np.testing.assert_array_equal(result.payments, [owed, owed])


def test_with_default_costs_the_payments_jump() -> None:
    network = [[0.0, 10.0], [0.0, 0.0]]
    solvent = rogers_veraart(network, [10.0, 0.0], 0.5, 0.5)
    just_not = rogers_veraart(network, [10.0 - 1e-6, 0.0], 0.5, 0.5)
    assert solvent.payments[0] == 10.0
    assert just_not.payments[0] == pytest.approx(5.0, abs=1e-6)


def test_a_shortfall_of_rounding_size_is_no_default() -> None:
    result = eisenberg_noe([[0.0, 1.0], [0.0, 0.0]], [1.0 - 1e-13, 0.0])
    assert result.defaulted.tolist() == [False, False]
    assert result.recovery.tolist() == [1.0, 1.0]


def test_a_network_without_nodes_has_nothing_to_clear() -> None:
    assert eisenberg_noe(np.zeros((0, 0)), []).payments.shape == (0,)


def test_the_arrays_of_the_caller_stay_as_they_are() -> None:
    network, outside = np.array([[0.0, 3.0], [1.0, 0.0]]), np.array([1.0, 0.0])
    eisenberg_noe(network, outside)
    assert network.tolist() == [[0.0, 3.0], [1.0, 0.0]]
    assert outside.tolist() == [1.0, 0.0]


NAN = float("nan")


@pytest.mark.parametrize(
    ("liabilities", "outside", "others", "text"),
    [
        ([1.0], [1.0], None, "liabilities must have two dimensions"),
        ([[0.0, 1.0]], [1.0], None, "liabilities must be square"),
        ([[1.0]], [1.0], None, r"liabilities\[0, 0\] must be 0"),
        ([[0.0, -1.0], [0.0, 0.0]], [1.0, 1.0], None, r"liabilities\[0, 1\] must be finite and"),
        ([[0.0, NAN], [0.0, 0.0]], [1.0, 1.0], None, r"liabilities\[0, 1\] must be finite and"),
        ([[0.0, 1.0], [0.0, 0.0]], [1.0], None, "external_assets must have 2 entries"),
        ([[0.0, 1.0], [0.0, 0.0]], [1.0, -1.0], None, r"external_assets\[1\] must be finite and"),
        ([[0.0, 1.0], [0.0, 0.0]], [1.0, 1.0], [NAN, 0.0], r"external_liabilities\[0\] must be"),
    ],
)
def test_what_is_no_network_of_claims_is_refused(
    liabilities: Any, outside: Any, others: Any, text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        eisenberg_noe(liabilities, outside, others)


@pytest.mark.parametrize(("alpha", "beta"), [(1.1, 1.0), (1.0, -0.1), (NAN, 1.0)])
def test_a_share_that_survives_default_is_between_zero_and_one(alpha: float, beta: float) -> None:
    with pytest.raises(ValueError, match="must"):
        rogers_veraart([[0.0]], [1.0], alpha, beta)
