"""Lost backing shared out: every rule sums to the same loss, to the last unit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.networks.impairment import (
    Allocation,
    Bearer,
    Holder,
    Side,
    allocate,
    total_e18,
)
from analyzer.model.rows import BackstopKind, BackstopRow

AMOUNTS = st.integers(0, 10**24)
HOLDERS = st.lists(
    st.builds(
        Holder,
        deployment=st.sampled_from(["a", "b"]),
        account_id=st.just("x"),
        equity_e18=st.integers(-(10**24), 10**24),
        loses_e18=AMOUNTS,
        there=st.booleans(),
        owes_e18=st.dictionaries(st.sampled_from(["u", "v"]), AMOUNTS),
        fund=st.sampled_from(["", "", "vault"]),
    ),
    max_size=6,
)


def layer(order: int, name: str, capacity: int | None, asset: str | None = None) -> BackstopRow:
    kind = BackstopKind.FUND if asset is None else BackstopKind.SOCIALISED
    return BackstopRow(order, name, None, capacity, False, "rule", kind, asset_id=asset)


@given(HOLDERS, AMOUNTS, AMOUNTS)
def test_every_allocation_sums_to_the_same_loss(
    holders: list[Holder], fund: int, supplied: int
) -> None:
    layers = {"a": [layer(1, "fund", fund), layer(2, "suppliers of u", supplied, "u")]}
    for rule in Allocation:
        parts = allocate(holders, layers, rule)
        assert sum(parts.values()) == total_e18(holders)
        assert all(part > 0 for part in parts.values())
        assert parts.get(Bearer("a", Side.BACKSTOP, "fund"), 0) <= fund


def test_a_fund_pays_once_for_two_reserves() -> None:
    # Nothing of its own: 30 are missing, 10 of u and 20 of v; the fund has 12.
    holder = Holder("a", "x", -5, 30, True, {"u": 100, "v": 200})
    parts = allocate([holder], {"a": [layer(1, "fund", 12)]}, Allocation.LENDERS_THERE)
    assert parts == {Bearer("a", Side.BACKSTOP, "fund"): 12, Bearer("a", Side.LENDERS, "v"): 18}


def test_a_backstop_that_holds_the_token_bears_its_own_part() -> None:
    vault = Holder("a", "x", 100, 30, True, {}, fund="vault")
    for rule in Allocation:
        assert allocate([vault], {}, rule) == {Bearer("a", Side.BACKSTOP, "vault"): 30}
