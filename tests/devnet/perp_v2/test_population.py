from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.devnet.perp_v2.population import MIN_ACCOUNTS, ROLES, populate
from analyzer.devnet.roles import role_counts
from analyzer.devnet.world import World

FALLS = (0.3, 0.25, 0.35, 0.2)


def world(seed: int) -> World:
    """A world of which only the seed is used."""
    return World(None, None, seed)  # type: ignore[arg-type]


@given(st.integers(min_value=MIN_ACCOUNTS, max_value=5_000))
def test_every_role_is_there_and_all_roles_together_are_the_accounts(accounts: int) -> None:
    counts = role_counts(ROLES, accounts, rest="trader")
    assert sum(counts.values()) == accounts
    assert [role for role, _, least in ROLES if counts[role] < least] == []
    assert counts["trader"] > accounts * 0.3


@given(st.integers(min_value=MIN_ACCOUNTS, max_value=400), st.integers(min_value=0, max_value=50))
def test_a_population_is_what_its_counts_say_with_distinct_addresses(
    accounts: int, seed: int
) -> None:
    people = populate(world(seed), accounts, FALLS)
    assert Counter(p.role for p in people) == Counter(role_counts(ROLES, accounts, rest="trader"))
    assert len({p.address for p in people}) == accounts
    for person in people:
        assert 0 <= person.in_tokens <= 1
        assert person.wealth_usd > 0
        if person.shares and person.role != "anchor":
            assert sum(person.shares.values()) == pytest.approx(1)


def test_the_same_seed_gives_the_same_population_and_another_seed_another() -> None:
    assert populate(world(1), 60, FALLS) == populate(world(1), 60, FALLS)
    assert populate(world(1), 60, FALLS) != populate(world(2), 60, FALLS)
