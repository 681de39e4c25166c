"""Many equities at once against sums that one writes by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.protocols.kit.equities import Equities

UNITS = [10**6, 10**18, 3]
Leg = tuple[int, int, int]
legs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(-(2**130), 2**130)), max_size=12
)
prices = st.lists(st.integers(1, 2**90), min_size=3, max_size=3)


def made(own: list[Leg], *, debts_up: bool = False) -> Equities:
    """Five accounts with these legs: (account, slot, amount)."""
    owner, slot, amount = ([leg[place] for leg in own] for place in range(3))
    return Equities(5, owner, slot, amount, UNITS, debts_up=debts_up)


def by_hand(own: list[Leg], at: list[int], *, debts_up: bool = False) -> list[int]:
    out = [0] * 5
    for account, slot, amount in own:
        worth, rest = divmod(abs(amount) * at[slot], UNITS[slot])
        out[account] += worth if amount >= 0 else -(worth + (debts_up and rest > 0))
    return out


@given(legs, prices, prices, st.booleans())
def test_they_are_the_sums_of_all_legs_at_any_prices(
    own: list[Leg], first: list[int], then: list[int], debts_up: bool
) -> None:
    found = made(own, debts_up=debts_up)
    for at in (first, then, [then[0], first[1], then[2]]):
        for slot, price in enumerate(at):
            found.move(slot, price)
        assert found.listed() == by_hand(own, at, debts_up=debts_up)
    assert found.listed(7) == [7 * equity for equity in by_hand(own, at, debts_up=debts_up)]


def test_a_copy_is_moved_by_itself_and_who_is_never_known_stays_so() -> None:
    own = [(0, 0, 5 * 10**6), (1, 1, 10**18), (1, 0, -(10**6))]
    found = made(own)
    found.move(0, 3)
    found.never_known(found.owners(1))
    copy = found.copied()
    copy.move(0, 4)
    assert found.listed() == [15, None, 0, 0, 0]
    assert copy.listed() == [20, None, 0, 0, 0]
    assert found.owners(0).tolist() == [0, 1]
    assert found.owners(2).tolist() == []
