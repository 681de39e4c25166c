"""Paths: their amounts add up to every victim's loss, and R15 comes out."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transmissions import (
    FUND,
    R15_UNIT,
    A,
    B,
    C,
    Cascade,
    D,
    cascades,
    r15_edges,
    renamed,
    wide_cascade,
)

from analyzer.contagion.trace.edges import (
    SHOCK,
    Channel,
    Edge,
    account_node,
    check_edges,
    move_node,
    offset_edge,
    receipt_node,
    unsettled_node,
)
from analyzer.contagion.trace.flow import Network
from analyzer.contagion.trace.paths import (
    REST,
    Limits,
    Path,
    PathRow,
    Step,
    TopPaths,
    most_probable,
    top_paths,
)

ALL = Limits(paths=10**6, paths_each=10**6, victims=10**6)


def paths_of(cascade: Cascade, limits: Limits = ALL) -> TopPaths:
    return top_paths(cascade.edges, cascade.losses, cascade.failed, limits=limits)


def names(path: Path) -> str:
    """A path as R15 writes it."""
    nodes = [path.steps[0].from_node, *(step.to_node for step in path.steps)]
    return "->".join(node.rpartition("/")[2] for node in nodes)


def paid(rows: list[PathRow]) -> dict[str, int]:
    """For each victim the sum of its rows, each path counted once."""
    once = {(row.victim, row.path_id): row.amount_e18 for row in rows}
    sums: dict[str, int] = defaultdict(int)
    for (victim, _), amount in once.items():
        sums[victim] += amount
    return dict(sums)


def test_r15_paths_to_c_and_the_share_of_a(cases: dict[str, Any]) -> None:
    expected = cases["R15"]["expected"]
    to_c = [path for path in paths_of(r15_edges()).paths if path.victim == C]
    amounts = {names(path): Fraction(path.amount_e18, R15_UNIT) for path in to_c}
    assert amounts == {name: Fraction(text) for name, text in expected["paths_to_C"].items()}
    assert sum(amounts.values()) == expected["loss_to_failure"]["C"]
    share = sum(path.amount_e18 for path in to_c if path.steps[0].to_node == A)
    assert Fraction(share, 5100 * R15_UNIT) == Fraction(expected["root_shares_C"]["A"])


def test_r15_who_pays_is_a_victim_too() -> None:
    result = paths_of(r15_edges())
    assert [(victim.victim, victim.failed) for victim in result.victims] == [
        (D, False),
        (FUND, False),
        (C, True),
        (B, True),
        (A, True),
    ]
    to_fund = {names(path): path.amount_e18 for path in result.paths if path.victim == FUND}
    assert set(to_fund) == {
        "shock->C->insurance fund",
        "shock->B->C->insurance fund",
        "shock->A->C->insurance fund",
        "shock->A->B->C->insurance fund",
    }
    assert sum(to_fund.values()) == 100 * R15_UNIT
    direct = Fraction(100 * 2400, 5100) * R15_UNIT
    assert abs(to_fund["shock->C->insurance fund"] - direct) < 1


def test_steps_look_through_the_price_move_and_name_its_round() -> None:
    longest = next(p for p in paths_of(r15_edges()).paths if names(p) == "shock->A->B->C")
    assert longest.steps == (
        Step(0, SHOCK, Channel.EXOGENOUS, "X", A),
        Step(1, A, Channel.PRICE, "X", B),
        Step(2, B, Channel.PRICE, "X", C),
    )


@given(cascades())
def test_the_rows_of_every_victim_sum_to_its_loss(cascade: Cascade) -> None:
    check_edges(cascade.edges, cascade.closed)
    result = paths_of(cascade)
    sums = paid(result.rows())
    assert {victim: sums.get(victim, 0) for victim in cascade.losses} == cascade.losses
    for victim in result.victims:
        assert victim.rest_e18 == 0
        assert all(path.amount_e18 > 0 for path in victim.paths)


LIMIT = st.integers(1, 4)


@given(cascades(), LIMIT, st.integers(0, 4), LIMIT, LIMIT)
def test_with_limits_the_rest_is_a_row_and_the_sums_still_close(
    cascade: Cascade, paths: int, spreading: int, each: int, victims: int
) -> None:
    limits = Limits(paths=paths, spreading=spreading, paths_each=each, victims=victims)
    result = paths_of(cascade, limits)
    assert len(result.paths) <= paths + spreading
    full = paid(paths_of(cascade).rows())
    assert paid(result.rows()) == full
    assert all(victim.rest_e18 >= 0 for victim in result.victims)


@given(cascades(), st.randoms(use_true_random=False))
def test_the_order_of_the_edges_changes_nothing(cascade: Cascade, random: Any) -> None:
    shuffled = list(cascade.edges)
    random.shuffle(shuffled)
    assert paths_of(replace(cascade, edges=shuffled)) == paths_of(cascade)


@given(cascades(), st.permutations(range(7)))
def test_renaming_accounts_keeps_what_goes_into_each_and_through_each(
    cascade: Cascade, order: list[int]
) -> None:
    swap = {account_node("v", str(i)): account_node("v", f"n{order[i]}") for i in range(7)}
    plain, other = paths_of(cascade), paths_of(renamed(cascade, swap))
    assert {swap.get(v.victim, v.victim): (v.loss_e18, v.offset_e18) for v in plain.victims} == {
        v.victim: (v.loss_e18, v.offset_e18) for v in other.victims
    }
    # The widest path of all is as wide whatever the names are.
    assert [path.amount_e18 for path in plain.paths[:1]] == pytest.approx(
        [path.amount_e18 for path in other.paths[:1]], rel=1e-9, abs=len(cascade.edges)
    )


@given(cascades())
def test_the_conserved_flow_enters_and_leaves_every_state_alike(cascade: Cascade) -> None:
    network = Network(cascade.edges)
    for victim in cascade.losses:
        terminal = network.final(victim)
        if terminal is None:
            continue
        flow = network.flow_into({terminal: network.weight[terminal]})
        passed: dict[int, int] = defaultdict(int)
        for state in flow.order:
            entering = sum(amount for _, amount in flow.arcs[state])
            assert entering == (flow.mass[state] if network.incoming(state) else 0)
            for number, amount in flow.arcs[state]:
                passed[network.source[number]] += amount
        passed[terminal] += network.weight[terminal]
        assert passed == flow.mass


def test_an_account_split_in_two_gives_paths_of_the_same_sum() -> None:
    whole = r15_edges()
    halves = (account_node("perp", "B1"), account_node("perp", "B2"))
    edges: list[Edge] = []
    for edge in whole.edges:
        if B in (edge.from_node, edge.to_node):
            for half in halves:
                edges.append(
                    replace(
                        edge,
                        from_node=half if edge.from_node == B else edge.from_node,
                        to_node=half if edge.to_node == B else edge.to_node,
                        amount_e18=edge.amount_e18 // 2,
                    )
                )
        else:
            edges.append(edge)
    losses = {C: whole.losses[C]}
    split = top_paths(edges, losses, {C}, limits=ALL)
    through_b = [p for p in split.paths if any(s.from_node in halves for s in p.steps)]
    together: dict[str, int] = defaultdict(int)
    for path in through_b:
        together[names(path).replace("B1", "B").replace("B2", "B")] += path.amount_e18
    # The elevenths of halves are no whole numbers: one unit either way.
    assert together == pytest.approx(
        {
            "shock->B->C": Fraction(14400, 11) * R15_UNIT,
            "shock->A->B->C": Fraction(5400, 11) * R15_UNIT,
        },
        abs=2,
    )


def test_gains_are_one_offset_row_and_the_sum_closes() -> None:
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 10),
        offset_edge(0, "Y", A, 4),
        offset_edge(1, "Z", A, 1),
    ]
    result = top_paths(edges, {A: 5}, {A})
    rows = result.rows()
    assert [(row.from_node, row.channel, row.amount_e18, row.round) for row in rows] == [
        (SHOCK, Channel.EXOGENOUS, 10, 0),
        ("offset", Channel.OFFSET, -5, None),
    ]
    assert [row.share_of_victim_loss for row in rows] == [1.0, -0.5]


@given(cascades())
def test_no_part_is_larger_than_its_whole(cascade: Cascade) -> None:
    """All paths of a victim together are what it lost before its gains: no share is above one."""
    result = paths_of(cascade)
    for victim in result.victims:
        together = sum(path.amount_e18 for path in victim.paths) + victim.rest_e18
        assert together == victim.whole_e18
        for path in victim.paths:
            assert path.amount_e18 <= victim.whole_e18
            share = victim.share(path.amount_e18)
            assert share is not None
            assert 0 < share <= 1


def test_a_residue_that_nobody_caused_is_an_offset_and_starts_no_path() -> None:
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 10),
        Edge(1, "offset", Channel.OFFSET, "", A, 3),
    ]
    result = top_paths(edges, {A: 13}, {A})
    assert [path.amount_e18 for path in result.paths] == [10]
    assert paid(result.rows()) == {A: 13}


def test_shares_are_of_what_a_victim_lost_before_its_gains_also_where_it_gained_on_balance() -> (
    None
):
    edges = [Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 10), offset_edge(0, "Y", A, 14)]
    rows = top_paths(edges, {A: -4}, {A}).rows()
    assert [(row.amount_e18, row.share_of_victim_loss) for row in rows] == [(10, 1.0), (-14, -1.4)]


def test_an_account_that_failed_without_a_loss_is_where_its_paths_begin() -> None:
    payer = unsettled_node("perp")
    edges = [Edge(1, A, Channel.DEFICIT, "", payer, 7)]
    [path] = top_paths(edges, {A: 0, payer: 7}, {A}).paths
    assert path.steps == (Step(1, A, Channel.DEFICIT, "", payer),)


def test_what_came_after_a_closing_explains_nothing_that_the_closing_did() -> None:
    # B's second closing is explained by A's fall; its first one, in the same round as A's, is not.
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 10),
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", B, 30),
        Edge(1, A, Channel.PRICE, "X", move_node("X", 1), 10),
        Edge(1, move_node("X", 1), Channel.PRICE, "X", B, 10),
        Edge(1, B, Channel.DEFICIT, "", FUND, 8),
        Edge(2, B, Channel.DEFICIT, "", FUND, 8),
    ]
    paths = top_paths(edges, {FUND: 16}, frozenset()).paths
    assert {names(path): path.amount_e18 for path in paths} == {
        "shock->B->insurance fund": 8 + 6,
        "shock->A->B->insurance fund": 2,
    }
    # The same chain in two rounds is one path, with the rounds of its larger part.
    assert [step.round for step in paths[0].steps] == [0, 1]


def test_equal_paths_come_in_the_order_of_their_nodes() -> None:
    holders = [account_node("perp", name) for name in "ZYX"]
    edges = [Edge(0, SHOCK, Channel.EXOGENOUS, "X", who, 5) for who in holders]
    edges += [Edge(1, who, Channel.DEFICIT, "", FUND, 5) for who in holders]
    paths = top_paths(edges, {FUND: 15}, frozenset()).paths
    assert [names(path) for path in paths] == [f"shock->{name}->insurance fund" for name in "XYZ"]


def test_the_identity_of_a_path_depends_on_neither_amount_nor_round() -> None:
    cascade = r15_edges()
    later = [replace(e, round=e.round * 2, amount_e18=e.amount_e18 * 3) for e in cascade.edges]
    renumbered = [
        replace(
            e,
            from_node=e.from_node.replace("@2", "@4").replace("@1", "@2"),
            to_node=e.to_node.replace("@2", "@4").replace("@1", "@2"),
        )
        for e in later
    ]
    losses = {node: 3 * loss for node, loss in cascade.losses.items()}
    other = top_paths(renumbered, losses, cascade.failed, limits=ALL)
    plain = paths_of(cascade)
    assert [path.path_id for path in other.paths] == [path.path_id for path in plain.paths]
    assert len({path.path_id for path in plain.paths}) == len(plain.paths)


def test_the_most_probable_path_of_r15_is_the_shock_itself() -> None:
    found = most_probable(r15_edges().edges, C)
    assert [step.to_node for step in found.steps] == [C]
    assert found.probability == Fraction(2400, 5100)


@given(cascades())
def test_no_path_is_more_probable_than_the_most_probable(cascade: Cascade) -> None:
    network = Network(cascade.edges)
    share: dict[int, Fraction] = {}
    for state in sorted(range(len(network)), key=network.rank.__getitem__):
        parts = [
            share[network.source[number]]
            * Fraction(network.edges[number].amount_e18, network.weight[state])
            for number in network.incoming(state)
        ]
        share[state] = max(parts, default=Fraction(1))
    for victim in cascade.losses:
        terminal = network.final(victim)
        if terminal is None:
            with pytest.raises(ValueError, match="nothing leads to"):
                most_probable(cascade.edges, victim)
        else:
            found = most_probable(cascade.edges, victim)
            assert float(found.probability) == pytest.approx(float(share[terminal]), rel=1e-9)


def test_a_loss_that_the_edges_do_not_explain_is_named_with_its_gap() -> None:
    cascade = r15_edges()
    losses = {**cascade.losses, B: cascade.losses[B] + 3}
    with pytest.raises(ValueError, match=r"account:perp/B lost .*: 3 is not accounted for"):
        top_paths(cascade.edges, losses, cascade.failed)
    with pytest.raises(ValueError, match="account:perp/E lost 5, but the edges into it sum to 0"):
        top_paths(cascade.edges, {account_node("perp", "E"): 5}, frozenset())


def test_edges_in_a_circle_and_limits_of_nothing_are_refused() -> None:
    circle = [
        Edge(1, "venue:a", Channel.CLAIM, "", "venue:b", 1),
        Edge(1, "venue:b", Channel.CLAIM, "", "venue:a", 1),
    ]
    with pytest.raises(ValueError, match="through venue:a come back"):
        top_paths(circle, {}, frozenset())
    with pytest.raises(ValueError, match="limits are at least 1"):
        top_paths([], {}, frozenset(), limits=Limits(paths=0))


def test_a_path_spreads_when_one_failure_reached_another_or_a_winner() -> None:
    spreading = {names(path) for path in paths_of(r15_edges()).paths if path.spreads}
    direct = {names(path) for path in paths_of(r15_edges()).paths if not path.spreads}
    assert direct == {
        "shock->A",
        "shock->B",
        "shock->C",
        "shock->C->insurance fund",
    }
    assert {"shock->A->B", "shock->B->C->insurance fund", "shock->C->D"} <= spreading


def test_the_largest_that_spread_are_listed_however_small_they_are() -> None:
    result = paths_of(r15_edges(), replace(ALL, paths=1, spreading=2))
    assert [names(path) for path in result.paths] == ["shock->C", "shock->B->C", "shock->A->C"]


def test_a_rest_row_holds_what_no_listed_path_does() -> None:
    result = paths_of(r15_edges(), Limits(paths=1, spreading=0, paths_each=2, victims=3))
    [first] = result.paths
    assert (names(first), first.amount_e18) == ("shock->C", 2400 * R15_UNIT)
    rest = {row.victim: row.amount_e18 for row in result.rows() if row.channel == REST}
    assert rest == {
        D: 350 * R15_UNIT,
        FUND: 100 * R15_UNIT,
        C: 2700 * R15_UNIT,
        B: 2200 * R15_UNIT,
        A: 800 * R15_UNIT,
    }


def test_a_hundred_thousand_edges_take_seconds() -> None:
    cascade = wide_cascade(8_000, 25)
    assert len(cascade.edges) > 100_000
    start = time.process_time()
    result = paths_of(cascade, Limits(paths=100, paths_each=200, victims=5))
    took = time.process_time() - start
    assert paid(result.rows()) == cascade.losses
    # Measured 4 s; one pass over all edges for each path takes minutes.
    assert took < 40


def test_a_fund_hands_on_in_a_round_what_came_to_it_in_that_round() -> None:
    token = [receipt_node("perp", "T", round_) for round_ in (1, 2, 3)]
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 10),
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", B, 10),
        Edge(1, A, Channel.DEFICIT, "", FUND, 9),
        Edge(2, B, Channel.DEFICIT, "", FUND, 3),
        Edge(1, FUND, Channel.HAIRCUT, "T", token[0], 4),
        Edge(1, token[0], Channel.RECEIPT, "T", C, 4),
        Edge(2, FUND, Channel.HAIRCUT, "T", token[1], 2),
        Edge(2, token[1], Channel.RECEIPT, "T", C, 2),
    ]
    losses = {C: 6, FUND: 12}
    to_c = {names(p): p.amount_e18 for p in top_paths(edges, losses, {C}).paths if p.victim == C}
    assert to_c == {"shock->A->insurance fund->C": 4, "shock->B->insurance fund->C": 2}
    # Where nothing came in the round, all that came before it explains what is handed on.
    late = [
        *edges,
        Edge(3, FUND, Channel.HAIRCUT, "T", token[2], 4),
        Edge(3, token[2], Channel.RECEIPT, "T", D, 4),
    ]
    to_d = {names(p): p.amount_e18 for p in top_paths(late, {D: 4}, {D}).paths}
    assert to_d == {"shock->A->insurance fund->D": 3, "shock->B->insurance fund->D": 1}
