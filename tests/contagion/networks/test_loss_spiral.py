"""The loss spiral: R16, and the fixed point that it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.firesale import threshold
from analyzer.contagion.networks.loss_spiral import final_drop, kappa, multiplier


def r16(given_: dict[str, Any]) -> tuple[Any, Any]:
    """Drops and quantities of R16."""
    n = given_["n"]
    return given_["w"] * (np.arange(n) + 0.5) / n, np.full(n, 1 / n)


def test_r16_kappa_multiplier_and_final_drop(cases: dict[str, Any]) -> None:
    inputs = cases["R16"]["inputs"]
    drops, quantities = r16(inputs)
    for row in cases["R16"]["expected"]["rows"]:
        impact = row["kappa"] * inputs["w"]
        found = kappa(drops, quantities, impact, [inputs["x"], 0.3], bandwidth=0.05)
        np.testing.assert_allclose(found, row["kappa"], rtol=2e-3)
        end = final_drop(drops, quantities, impact, inputs["x"])
        assert end == pytest.approx(row["final_drop"], abs=1e-4)
        inside = row["final_drop"] <= inputs["w"]
        assert (end == pytest.approx(inputs["x"] * multiplier(found)[0], rel=2e-2)) == inside


def test_at_a_drop_of_zero_only_half_of_the_window_counts() -> None:
    drops = (np.arange(1000) + 0.5) / 1000
    found = kappa(drops, np.full(1000, 1e-3), 0.5, [0.0, 0.5, 1.0, 3.0], bandwidth=0.1)
    # Beyond the last level only half of the window holds any, and then none.
    np.testing.assert_allclose(found, [0.5, 0.5, 0.25, 0.0], rtol=0.02)


def test_from_kappa_one_on_there_is_no_multiplier() -> None:
    assert multiplier([0.0, 0.5, 1.0, 2.0]).tolist() == [1.0, 2.0, np.inf, np.inf]


def test_a_shock_below_every_level_stays_what_it_is() -> None:
    assert final_drop([0.2, 0.5], [1.0, 1.0], 0.4, 0.1) == 0.1
    # A level that is just reached is not passed.
    assert final_drop([0.2, 0.5], [1.0, 1.0], 0.4, 0.2) == 0.2
    assert final_drop([], [], 0.4, 0.2) == 0.2


def test_one_closing_after_the_other_until_one_stands() -> None:
    # 0.25 passes 0.2: 0.25 + 0.25 = 0.5 passes 0.4: 0.75, and 0.9 stands.
    assert final_drop([0.9, 0.4, 0.2], [1.0, 1.0, 1.0], 0.25, 0.25) == 0.75


levels = st.lists(st.integers(1, 63), min_size=1, max_size=8)


@given(levels, st.data())
def test_it_is_where_the_cascade_ends(places: list[int], data: st.DataObject) -> None:
    # Dyadic: equal numbers are equal, and no breach is rounding.
    drops = np.array(places) / 64 + 1 / 256
    quantities = np.array([float(data.draw(st.integers(1, 4))) for _ in places])
    impact = data.draw(st.integers(0, 8)) / 256
    shock = data.draw(st.integers(0, 32)) / 64
    end = final_drop(drops, quantities, impact, shock)
    cascade = threshold(
        quantities[:, None], -quantities * (1 - drops), [1.0], [-shock], [impact], [0.0]
    )
    assert 1 - cascade.prices[-1, 0] == pytest.approx(min(end, 1.0), abs=1e-12)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"bandwidth": 0}, "bandwidth must be above zero"),
        ({"drops": [-0.1]}, r"drops\[0\] must be finite and not negative"),
        ({"quantities": [1, 2]}, "quantities must have 1 entries"),
        ({"impact": -1}, "impact must be a number"),
    ],
)
def test_what_is_no_spiral_is_refused(changed: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {"drops": [0.1], "quantities": [1], "impact": 1, "at": [0.1]}
    with pytest.raises(ValueError, match=text):
        kappa(**{"bandwidth": 1, **arguments, **changed})
