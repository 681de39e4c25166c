from __future__ import annotations

import math
import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from analyzer.devnet.roles import log_uniform, of_role, role_counts


@dataclass(frozen=True)
class Somebody:
    address: str
    role: str


def test_roles_have_their_share_but_never_fewer_than_the_least() -> None:
    roles = (("few", 0.0, 2), ("tenth", 0.1, 1), ("half", 0.5, 1))
    assert role_counts(roles, 40, rest="others") == {"few": 2, "tenth": 4, "half": 20, "others": 14}


def test_those_of_a_role_keep_their_order() -> None:
    people = [Somebody("1", "a"), Somebody("2", "b"), Somebody("3", "c"), Somebody("4", "a")]
    assert [p.address for p in of_role(people, "a", "c")] == ["1", "3", "4"]


@given(st.integers(), st.floats(0.001, 10.0), st.floats(1.0, 1e6))
def test_a_log_uniform_number_lies_between_its_limits(seed: int, low: float, ratio: float) -> None:
    found = log_uniform(random.Random(seed), low, low * ratio)
    assert found >= low * (1 - 1e-9)
    assert found <= low * ratio * (1 + 1e-9)
    assert math.isfinite(found)
