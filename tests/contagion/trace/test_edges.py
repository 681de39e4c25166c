"""Edges: nodes that can be read back, and edges that cannot be wrong unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.contagion.trace.edges import (
    OFFSET,
    PAST,
    SHOCK,
    Channel,
    Edge,
    NodeKind,
    account_node,
    check_edges,
    fund_node,
    kind_of,
    move_node,
    offset_edge,
    others_node,
    parts_of,
    receipt_node,
    unsettled_node,
    venue_node,
)

A, B = account_node("perp", "0xA"), account_node("perp", "0xB")
ETH = move_node("ETH", 1)
WORDS = st.text(min_size=1, max_size=8)
VENUES = WORDS.filter(lambda text: "/" not in text)


@given(VENUES, WORDS, st.integers(0, 10**6))
def test_a_node_can_be_read_back(venue: str, name: str, step: int) -> None:
    read_back = {
        account_node(venue, name): (NodeKind.ACCOUNT, (venue, name)),
        fund_node(venue, name): (NodeKind.FUND, (venue, name)),
        receipt_node(venue, name, step): (NodeKind.RECEIPT, (venue, name, str(step))),
        move_node(name, step): (NodeKind.MOVE, (name, str(step))),
        venue_node(venue): (NodeKind.VENUE, (venue,)),
        unsettled_node(venue): (NodeKind.UNSETTLED, (venue,)),
        others_node(name): (NodeKind.OTHERS, (name,)),
    }
    assert {node: (kind_of(node), parts_of(node)) for node in read_back} == read_back


def test_the_origins_are_nodes_without_parts() -> None:
    assert [kind_of(node) for node in (SHOCK, PAST, OFFSET)] == ["shock", "past", "offset"]
    assert parts_of(SHOCK) == ()


NO_NODES = [
    "",
    "0xA",
    "account:",
    "account:perp",
    "account:/x",
    "shock:x",
    "fund:a/",
    "venue:",
    "move:ETH",
    "move:@1",
    "receipt:a/t@x",
]


@pytest.mark.parametrize("text", NO_NODES)
def test_text_that_is_no_node_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no node"):
        kind_of(text)


def test_a_node_that_could_not_be_read_back_is_refused() -> None:
    with pytest.raises(ValueError, match="no node of kind account"):
        account_node("a/b", "1")
    with pytest.raises(ValueError, match="no node of kind fund"):
        fund_node("a", "")
    with pytest.raises(ValueError, match="no node of a round"):
        move_node("ETH", -1)
    with pytest.raises(ValueError, match="no node of a round"):
        move_node("", 1)
    with pytest.raises(ValueError, match="needs a name"):
        others_node("")


GOOD = [
    Edge(0, SHOCK, Channel.EXOGENOUS, "ETH", A, 8),
    Edge(0, PAST, Channel.PAST, "", B, 1),
    offset_edge(0, "BTC", B, 2),
    Edge(1, A, Channel.PRICE, "ETH", ETH, 6),
    Edge(1, ETH, Channel.PRICE, "ETH", B, 6),
    Edge(2, B, Channel.DEFICIT, "", fund_node("perp", "insurance"), 4),
]


def test_edges_of_a_cascade_pass() -> None:
    check_edges(GOOD)
    check_edges(GOOD, {A: 1, B: 2})
    # A residue may have either sign.
    check_edges([replace(GOOD[2], amount_e18=1)])


def test_a_gain_is_a_negative_edge_from_the_offset() -> None:
    assert GOOD[2] == Edge(0, "offset", "offset", "BTC", B, -2)
    with pytest.raises(ValueError, match="a gain is not negative"):
        offset_edge(0, "BTC", B, -1)


@pytest.mark.parametrize(
    ("edge", "text"),
    [
        (replace(GOOD[0], round=-1), "a round is not negative"),
        (replace(GOOD[0], channel="rumour"), "no such channel"),
        (replace(GOOD[0], to_node=OFFSET), "nothing goes into"),
        (replace(GOOD[0], from_node=A), "exogenous, and no other, comes from shock"),
        (replace(GOOD[3], from_node=SHOCK), "exogenous, and no other, comes from shock"),
        (replace(GOOD[1], from_node=A), "past, and no other, comes from past"),
        (replace(GOOD[3], from_node=OFFSET), "offset, and no other, comes from offset"),
        (replace(GOOD[3], amount_e18=-1), "only an offset is negative"),
        (replace(GOOD[3], to_node="0xB"), "is no node"),
    ],
)
def test_an_edge_that_is_wrong_is_named(edge: Edge, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        check_edges([*GOOD, edge])


@pytest.mark.parametrize(
    ("closed", "text"),
    [
        ({A: 2, B: 3}, "before its account was closed"),
        ({A: 1, B: 1}, "after its account was closed"),
        ({B: 2}, "before its account was closed"),
    ],
)
def test_an_edge_against_time_is_named(closed: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        check_edges(GOOD, closed)
