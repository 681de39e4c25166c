"""The cheapest firewall: a cut that parts roots from payers, and no set of edges is cheaper."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transmissions import FUND, R15_UNIT, A, B, C, Cascade, D, cascades, r15_edges, wide_cascade

from analyzer.contagion.trace.attribution import roots_of
from analyzer.contagion.trace.edges import (
    CLOSED_FIRST,
    ORIGINS,
    SHOCK,
    Channel,
    Edge,
    kind_of,
    move_node,
)
from analyzer.contagion.trace.firewall import cheapest_firewall


def reaches(
    edges: list[Edge], roots: set[str], protected: set[str], cut: list[Edge] | None = None
) -> bool:
    """Whether a way in time leads from a root to the protected once `cut` is taken out: by brute
    force, edge by edge until nothing changes."""
    kept = [edge for edge in edges if edge.amount_e18 > 0 and edge.channel != Channel.OFFSET]
    into = {(edge.to_node, edge.round) for edge in kept}
    for edge in cut or []:
        kept.remove(edge)
    came: dict[str, set[int]] = {root: {-1} for root in roots}

    def leaves(edge: Edge) -> bool:
        rounds = came.get(edge.from_node, set())
        if edge.from_node in roots or kind_of(edge.from_node) in CLOSED_FIRST:
            return any(at < edge.round for at in rounds)
        if (edge.from_node, edge.round) in into:
            return edge.round in rounds
        return any(at <= edge.round for at in rounds)

    while True:
        passing = [e for e in kept if leaves(e) and e.round not in came.get(e.to_node, set())]
        if not passing:
            return any(node in came for node in protected)
        for edge in passing:
            came.setdefault(edge.to_node, set()).add(edge.round)


def test_r15_paying_what_c_lacks_is_cheaper_than_stopping_the_price() -> None:
    found = cheapest_firewall(r15_edges().edges, [FUND, D])
    assert {(e.from_node, e.to_node, e.amount_e18 // R15_UNIT) for e in found.cut} == {
        (C, FUND, 100),
        (C, D, 350),
    }
    assert (found.amount_e18, found.protected_e18) == (450 * R15_UNIT, 450 * R15_UNIT)


def test_a_small_push_that_brought_down_a_large_account_is_cheap_to_stop() -> None:
    move = move_node("X", 1)
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 5),
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", B, 90),
        Edge(1, A, Channel.PRICE, "X", move, 2),
        Edge(1, move, Channel.PRICE, "X", B, 2),
        Edge(2, B, Channel.DEFICIT, "", FUND, 1000),
    ]
    found = cheapest_firewall(edges, [FUND])
    # Of two cuts of 2 the one nearest to the root.
    assert found.cut == (edges[2],)
    assert (found.amount_e18, found.protected_e18) == (2, 1000)


def test_what_no_root_had_a_part_in_is_not_cut() -> None:
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 5),
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", B, 5),
        Edge(1, A, Channel.DEFICIT, "", FUND, 7),
        Edge(1, B, Channel.DEFICIT, "", FUND, 9),
    ]
    assert cheapest_firewall(edges, [FUND], roots=[B], direct=True).cut == (edges[3],)
    nothing = cheapest_firewall(edges, [D])
    assert (nothing.cut, nothing.amount_e18, nothing.protected_e18) == ((), 0, 0)


def test_a_way_against_time_needs_no_cut() -> None:
    # B was closed in round 1, before A's fall in round 2 reached it.
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 5),
        Edge(1, B, Channel.DEFICIT, "", FUND, 9),
        Edge(2, A, Channel.PRICE, "X", B, 3),
    ]
    assert cheapest_firewall(edges, [FUND], roots=[A]).cut == ()
    later = [*edges, Edge(3, B, Channel.DEFICIT, "", FUND, 1)]
    assert cheapest_firewall(later, [FUND], roots=[A]).cut == (later[3],)


@given(cascades(), st.randoms(use_true_random=False))
def test_the_cut_parts_and_is_as_large_as_its_edges(cascade: Cascade, random: Any) -> None:
    protected = {node for node in cascade.losses if node not in cascade.failed}
    roots = set(roots_of(cascade.edges))
    found = cheapest_firewall(cascade.edges, protected, direct=True)
    assert found.amount_e18 == sum(edge.amount_e18 for edge in found.cut)
    assert found.amount_e18 <= found.protected_e18
    assert not reaches(cascade.edges, roots, protected, list(found.cut))
    assert reaches(cascade.edges, roots, protected) == bool(found.cut)
    shuffled = list(cascade.edges)
    random.shuffle(shuffled)
    assert cheapest_firewall(shuffled, protected, direct=True) == found


@given(cascades())
def test_what_roots_themselves_left_is_no_contagion(cascade: Cascade) -> None:
    protected = {node for node in cascade.losses if node not in cascade.failed}
    roots = set(roots_of(cascade.edges))
    spread = [e for e in cascade.edges if e.from_node not in roots or e.to_node not in protected]
    # Without those edges the roots may be fewer: they are the same.
    assert cheapest_firewall(cascade.edges, protected, roots) == cheapest_firewall(
        spread, protected, roots, direct=True
    )


@settings(max_examples=50, deadline=None)
@given(cascades())
def test_no_set_of_edges_is_cheaper(cascade: Cascade) -> None:
    protected = {node for node in cascade.losses if node not in cascade.failed}
    roots = set(roots_of(cascade.edges))
    # What can be on a way: few enough to try all sets of up to two.
    useful = [e for e in cascade.edges if e.amount_e18 > 0 and e.from_node not in ORIGINS]
    found = cheapest_firewall(cascade.edges, protected, direct=True)
    for size in range(3):
        for cut in combinations(useful[-9:], size):
            if sum(edge.amount_e18 for edge in cut) < found.amount_e18:
                assert reaches(cascade.edges, roots, protected, list(cut))


def test_amounts_beyond_64_bits_are_exact() -> None:
    huge = 10**40 + 1
    edges = [
        Edge(1, A, Channel.DEFICIT, "", FUND, huge),
        Edge(2, B, Channel.DEFICIT, "", FUND, huge + 1),
    ]
    assert cheapest_firewall(edges, [FUND], direct=True).amount_e18 == 2 * huge + 1


def test_a_root_cannot_be_protected() -> None:
    edges = [replace(r15_edges().edges[0])]
    with pytest.raises(ValueError, match=f"{A} cannot be where it begins"):
        cheapest_firewall(edges, [A], roots=[A])


def test_a_hundred_thousand_edges_take_seconds() -> None:
    cascade = wide_cascade(8_000, 25)
    start = time.process_time()
    found = cheapest_firewall(cascade.edges, ["unsettled:v"])
    assert 0 < found.amount_e18 <= found.protected_e18
    # Measured 3 s.
    assert time.process_time() - start < 40
