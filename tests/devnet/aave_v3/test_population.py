from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from analyzer.devnet.aave_v3.plans import CATEGORIES, DROPPED, RESERVES, STAKING_CATEGORY
from analyzer.devnet.aave_v3.population import MIN_ACCOUNTS, ROLES, Person, populate
from analyzer.devnet.roles import role_counts
from analyzer.devnet.world import World

SYMBOLS = {plan.symbol for plan in RESERVES} - {DROPPED}


def people(seed: int, accounts: int, *, first: bool, owners: Sequence[str] = ()) -> list[Person]:
    world = World(None, None, seed)  # type: ignore[arg-type]  # only the seed is used
    return populate(world, accounts, first_revision=first, owners=owners)


@given(st.integers(min_value=MIN_ACCOUNTS, max_value=5_000))
def test_every_role_is_there_and_all_roles_together_are_the_accounts(accounts: int) -> None:
    counts = role_counts(ROLES, accounts, rest="borrower")
    assert sum(counts.values()) == accounts
    assert [role for role, _, least in ROLES if counts[role] < least] == []
    assert counts["borrower"] > 0


@given(
    st.integers(min_value=MIN_ACCOUNTS, max_value=150),
    st.integers(min_value=0, max_value=50),
    st.booleans(),
)
def test_a_population_is_what_its_counts_say_and_uses_assets_and_categories_that_exist(
    accounts: int, seed: int, first: bool
) -> None:
    found = people(seed, accounts, first=first)
    assert Counter(p.role for p in found) == Counter(role_counts(ROLES, accounts, rest="borrower"))
    assert len({p.address for p in found}) == accounts
    known = {0, *(c.id for c in CATEGORIES)} - ({STAKING_CATEGORY} if first else set())
    for person in found:
        assert {*person.collateral, *person.debts} - SYMBOLS == set()
        assert person.category in known
        assert 0 <= person.usage < 1
        assert person.wealth_usd > 0


def test_owners_from_elsewhere_take_the_places_of_ordinary_people() -> None:
    owners = [f"0x{i:040x}" for i in range(20)]
    before, after = people(3, 60, first=False), people(3, 60, first=False, owners=owners)
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [b.address for _, b in changed] == owners
    assert {b.role for _, b in changed} & {"bank", "liquidator"} == set()
    assert [a.role for a, _ in changed] == [b.role for _, b in changed]


def test_the_same_seed_gives_the_same_population_and_another_seed_another() -> None:
    assert people(1, 60, first=True) == people(1, 60, first=True)
    assert people(1, 60, first=True) != people(2, 60, first=True)
