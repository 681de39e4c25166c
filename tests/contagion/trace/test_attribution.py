"""Attribution: every loss explained to the last unit, and rows that sum to it."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from transmissions import FUND, R15_UNIT, A, B, C, Cascade, D, cascades, r15_edges, wide_cascade

from analyzer.contagion.trace.attribution import (
    OTHER_ROOTS,
    amplification,
    check_attribution,
    gaps,
    made_of,
    root_causes,
    roots_of,
)
from analyzer.contagion.trace.edges import PAST, SHOCK, Channel, Edge, offset_edge, unsettled_node
from analyzer.contagion.trace.flow import Network
from analyzer.contagion.trace.paths import Limits, top_paths

ALL = Limits(paths=10**6, paths_each=10**6, victims=10**6)


def test_r15_root_shares(cases: dict[str, Any]) -> None:
    expected = cases["R15"]["expected"]["root_shares_C"]
    shares = root_causes(r15_edges().edges).shares(C)
    assert shares == {SHOCK: Fraction(expected["exogenous"]), A: Fraction(expected["A"])}


def test_r15_every_row_sums_to_its_loss() -> None:
    cascade = r15_edges()
    causes = root_causes(cascade.edges)
    assert causes.groups == (SHOCK, A)
    assert {node: sum(causes.rows[node].values()) for node in cascade.losses} == cascade.losses
    assert causes.rows[A] == {SHOCK: 800 * R15_UNIT}
    # Who pays for C pays, in the same proportion, for what made C fail.
    assert causes.shares(FUND)[A] == pytest.approx(Fraction(3, 11), abs=1e-18)
    assert causes.shares(D)[A] == pytest.approx(Fraction(3, 11), abs=1e-18)


def test_r15_losses_by_channel_and_asset() -> None:
    cascade = r15_edges()
    made = made_of(cascade.edges, cascade.failed)
    assert made.by_channel == {
        (Channel.EXOGENOUS, "X"): 4800 * R15_UNIT,
        (Channel.PRICE, "X"): 3300 * R15_UNIT,
    }
    assert made.total_e18 == 8100 * R15_UNIT
    assert made_of(cascade.edges, [D, FUND]).by_channel == {
        (Channel.ADL, "X"): 350 * R15_UNIT,
        (Channel.DEFICIT, ""): 100 * R15_UNIT,
    }


def test_r15_amplification() -> None:
    cascade = r15_edges()
    assert amplification(cascade.edges, cascade.failed) == Fraction(8100, 4800)
    assert amplification(cascade.edges, [A]) == 1
    assert amplification(cascade.edges, [D]) is None


def test_r15_the_only_root_is_the_account_that_the_shock_alone_closed() -> None:
    assert roots_of(r15_edges().edges) == {A: 1500 * R15_UNIT}


@given(cascades())
def test_exogenous_and_all_edges_are_the_loss_of_each_account(cascade: Cascade) -> None:
    check_attribution(cascade.edges, cascade.losses)
    assert gaps(cascade.edges, cascade.losses) == []
    assert made_of(cascade.edges, list(cascade.losses)).total_e18 == sum(cascade.losses.values())


@given(cascades())
def test_rows_sum_to_the_positive_edges_and_shares_to_one(cascade: Cascade) -> None:
    causes = root_causes(cascade.edges)
    network = Network(cascade.edges)
    for node, row in causes.rows.items():
        terminal = network.final(node)
        assert terminal is not None
        assert sum(row.values()) == network.weight[terminal]
        assert min(row.values()) > 0
        assert sum(causes.shares(node).values()) == 1
        assert set(row) <= set(causes.groups)


@given(cascades())
def test_the_share_of_paths_through_a_root_is_its_share_of_the_row(cascade: Cascade) -> None:
    roots = set(roots_of(cascade.edges))
    causes = root_causes(cascade.edges, groups={root: root for root in roots})
    for victim in top_paths(cascade.edges, cascade.losses, cascade.failed, limits=ALL).victims:
        through: dict[str, int] = {}
        for path in victim.paths:
            visited = [path.steps[0].from_node, *(step.to_node for step in path.steps[:-1])]
            began = [node for node in visited if node in roots] or [
                visited[0] if visited[0] in (SHOCK, PAST) else OTHER_ROOTS
            ]
            assert len(began) == 1
            through[began[0]] = through.get(began[0], 0) + path.amount_e18
        row = causes.rows.get(victim.victim, {})
        whole = sum(row.values())
        assert sum(through.values()) == whole
        # Rounded backwards in one and forwards in the other.
        for group in {*through, *row}:
            allowed = len(cascade.edges) ** 2 + whole * 1e-15
            assert abs(through.get(group, 0) - row.get(group, 0)) <= allowed


def test_a_gap_is_named_with_its_account() -> None:
    cascade = r15_edges()
    edges = [e for e in cascade.edges if (e.from_node, e.to_node) != ("move:X@2", C)]
    [gap] = gaps(edges, cascade.losses)
    assert (gap.node, gap.gap_e18) == (C, 1800 * R15_UNIT)
    with pytest.raises(ValueError, match=rf"{C} lost .* {1800 * R15_UNIT} is not accounted for"):
        check_attribution(edges, cascade.losses)


def test_a_loss_counted_twice_is_a_negative_gap_and_the_largest_comes_first() -> None:
    cascade = r15_edges()
    twice = [*cascade.edges, cascade.edges[0], replace(cascade.edges[1], amount_e18=1)]
    assert [(g.node, g.gap_e18) for g in gaps(twice, cascade.losses)] == [
        (A, -800 * R15_UNIT),
        (B, -1),
    ]


def test_roots_of_one_owner_are_one_group_and_the_others_are_together() -> None:
    edges = []
    for who, amount in ((A, 5), (B, 7), (C, 11)):
        edges.append(Edge(0, SHOCK, Channel.EXOGENOUS, "X", who, 1))
        edges.append(Edge(1, who, Channel.DEFICIT, "", FUND, amount))
    causes = root_causes(edges, groups={A: "owner 1", B: "owner 1"})
    assert causes.rows[FUND] == {"owner 1": 12, OTHER_ROOTS: 11}
    assert causes.groups == (SHOCK, OTHER_ROOTS, "owner 1")
    with pytest.raises(ValueError, match="no group can be named shock"):
        root_causes(edges, groups={A: SHOCK})


def test_what_was_wrong_before_the_shock_is_an_origin_of_its_own() -> None:
    edges = [
        Edge(0, PAST, Channel.PAST, "", A, 3),
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 1),
        offset_edge(0, "Y", A, 2),
    ]
    assert root_causes(edges).rows == {A: {PAST: 3, SHOCK: 1}}


def test_one_that_failed_without_a_loss_is_a_root() -> None:
    payer = unsettled_node("perp")
    edges = [Edge(1, A, Channel.DEFICIT, "", payer, 9)]
    assert root_causes(edges).rows == {payer: {A: 9}}


def test_a_hundred_thousand_edges_and_thirty_groups_take_seconds() -> None:
    cascade = wide_cascade(8_000, 25)
    start = time.process_time()
    causes = root_causes(cascade.edges)
    took = time.process_time() - start
    assert {n: sum(causes.rows[n].values()) for n in cascade.losses} == cascade.losses
    assert len(causes.groups) == 32
    # Measured 4 s; a matrix of accounts x accounts takes minutes.
    assert took < 40
