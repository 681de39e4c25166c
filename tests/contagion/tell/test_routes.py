"""Routes: paths of one kind together, which sum to what was paid."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from transmissions import FUND, R15_UNIT, A, B, Cascade, cascades, r15_edges

from analyzer.contagion.tell.routes import RouteStep, route_text, routes_of
from analyzer.contagion.trace.edges import (
    PAST,
    SHOCK,
    Channel,
    Edge,
    account_node,
    fund_node,
    receipt_node,
)
from analyzer.contagion.trace.paths import Limits, TopPaths, top_paths

ALL = Limits(paths=10**6, paths_each=10**6, victims=10**6)


def paths_of(cascade: Cascade, limits: Limits = ALL) -> TopPaths:
    return top_paths(cascade.edges, cascade.losses, cascade.failed, limits=limits)


def test_the_routes_of_r15() -> None:
    found = routes_of(paths_of(r15_edges()))
    assert [(route_text(r), r.amount_e18 * 11 // R15_UNIT, r.paths) for r in found.routes][:3] == [
        ("the shock to X → accounts of perp → a cut of profits X → accounts of perp", 1811, 1),
        (
            "the shock to X → accounts of perp → the price of X → accounts of perp → a cut of"
            " profits X → accounts of perp",
            1667,
            2,
        ),
        ("the shock to X → accounts of perp → insurance fund (perp)", 517, 1),
    ]
    assert sum(route.amount_e18 for route in found.routes) == 450 * R15_UNIT
    assert found.rest_e18 == 0
    assert [route.spreads for route in found.routes[:3]] == [True, True, False]


def test_a_route_knows_accounts_by_their_protocol_only() -> None:
    [direct] = [r for r in routes_of(paths_of(r15_edges())).routes if not r.spreads]
    assert direct.steps == (
        RouteStep(SHOCK, Channel.EXOGENOUS, "X", "others:accounts of perp"),
        RouteStep("others:accounts of perp", Channel.DEFICIT, "", FUND),
    )
    assert direct.largest.victim == FUND


def test_every_station_has_words() -> None:
    holder = account_node("other", "H")
    last = fund_node("other", "fund")
    token = receipt_node("perp", "T", 1)
    edges = [
        Edge(0, PAST, Channel.PAST, "", A, 5),
        Edge(1, A, Channel.DEFICIT, "", FUND, 5),
        Edge(1, FUND, Channel.HAIRCUT, "T", token, 5),
        Edge(1, token, Channel.RECEIPT, "T", holder, 5),
        Edge(2, holder, Channel.DEFICIT, "", last, 5),
        Edge(1, B, Channel.DEFICIT, "", last, 1),
        Edge(2, "venue:perp", Channel.CLAIM, "", "venue:other", 1),
    ]
    losses = {FUND: 5, last: 6, "venue:other": 1}
    found = routes_of(top_paths(edges, losses, frozenset()))
    assert [route_text(route) for route in found.routes] == [
        "before the shock → accounts of perp → insurance fund (perp)",
        "before the shock → accounts of perp → insurance fund (perp) → the token T → accounts of"
        " other → fund (other)",
        "accounts of perp → fund (other)",
        "perp → a claim → other",
    ]


@given(cascades(), st.integers(1, 4))
def test_routes_and_rest_sum_to_what_was_paid(cascade: Cascade, each: int) -> None:
    paid = sum(loss for node, loss in cascade.losses.items() if node not in cascade.failed)
    for limits in (ALL, replace(ALL, paths_each=each), replace(ALL, victims=each, paths=1)):
        found = routes_of(paths_of(cascade, limits))
        assert sum(route.amount_e18 for route in found.routes) + found.rest_e18 == paid
        assert found.rest_e18 >= 0
        assert found.rest_e18 == 0 or limits is not ALL
        amounts = [route.amount_e18 for route in found.routes]
        assert amounts == sorted(amounts, reverse=True)
        assert all(route.largest.amount_e18 <= route.amount_e18 for route in found.routes)
