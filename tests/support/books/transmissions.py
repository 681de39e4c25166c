"""Edges of cascades for the tests of paths and attribution: R15's, and random ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st
from linear_house import E18, Holder, House, venue_of

from analyzer.contagion.cascade.order import CascadeOptions
from analyzer.contagion.cascade.result import CascadeResult
from analyzer.contagion.cascade.run import run_cascade
from analyzer.contagion.scenario import AT_ANY_LOSS, Scenario, Step
from analyzer.contagion.trace.apportion import apportion
from analyzer.contagion.trace.edges import (
    OFFSET,
    PAST,
    SHOCK,
    Channel,
    Edge,
    account_node,
    fund_node,
    move_node,
    offset_edge,
    receipt_node,
    unsettled_node,
)
from analyzer.market.depth import Linear

A, B, C, D = (account_node("perp", name) for name in "ABCD")
FUND = fund_node("perp", "insurance fund")
R15_UNIT = 11 * 10**18
"""A multiple of 11, so that the elevenths of R15 are whole."""


@dataclass(frozen=True)
class Cascade:
    """Edges with what they sum to."""

    edges: list[Edge]
    losses: Mapping[str, int]
    failed: frozenset[str]
    closed: Mapping[str, int]


def r15_edges() -> Cascade:
    """R15: the direct edges of the reference case through the price moves, and who pays C's 450.

    Prices 92, 89, 83, 74; A holds 100, B 200, C 300; D, 100 short, pays 350 by ADL.
    """
    one = R15_UNIT
    exogenous = {A: 800, B: 1600, C: 2400}
    edges = [Edge(0, SHOCK, Channel.EXOGENOUS, "X", who, n * one) for who, n in exogenous.items()]
    for seller, round_, bearers in ((A, 1, {B: 600, C: 900}), (B, 2, {C: 1800})):
        move = move_node("X", round_)
        whole = sum(bearers.values()) * one
        edges.append(Edge(round_, seller, Channel.PRICE, "X", move, whole))
        edges += [
            Edge(round_, move, Channel.PRICE, "X", who, n * one) for who, n in bearers.items()
        ]
    edges.append(Edge(3, C, Channel.DEFICIT, "", FUND, 100 * one))
    edges.append(Edge(3, C, Channel.ADL, "X", D, 350 * one))
    losses = {A: 800, B: 2200, C: 5100, FUND: 100, D: 350}
    return Cascade(
        edges=edges,
        losses={who: n * one for who, n in losses.items()},
        failed=frozenset({A, B, C}),
        closed={A: 1, B: 2, C: 3},
    )


def run_r15(options: CascadeOptions | None = None) -> CascadeResult:
    """R15 by the cascade itself (venue `house`), its price within 1e-17 of the linear curve."""
    holders = {
        "A": Holder(-8800 * E18, {"X": 100 * E18}),
        "B": Holder(-17000 * E18, {"X": 200 * E18}),
        "C": Holder(-24000 * E18, {"X": 300 * E18}),
        "D": Holder(11500 * E18, {"X": -100 * E18}),
    }
    house = House({"X": 100 * E18}, holders, maintenance=Fraction(1, 20), fund=100 * E18)
    scenario = Scenario(
        "R15", "R15", "R15", (Step({"X": Fraction(92, 100)}),), liquidators=AT_ANY_LOSS
    )
    curve = Linear(100 * 92 / 0.03, "R15: 0.03 a unit sold")
    return run_cascade([venue_of(house)], scenario, {"X": curve}, options)


AMOUNTS = st.integers(0, 10**6) | st.integers(0, 3) | st.integers(10**24, 10**27)


@st.composite
def cascades(draw: st.DrawFn) -> Cascade:
    """Random accounts closed in random rounds, with price moves, offsets, deficits, receipts."""
    count = draw(st.integers(1, 7))
    closed = {account_node("v", str(i)): draw(st.integers(1, 5)) for i in range(count)}
    edges: list[Edge] = []
    for who in closed:
        edges.append(Edge(0, SHOCK, Channel.EXOGENOUS, "X", who, draw(AMOUNTS)))
        if draw(st.booleans()):
            edges.append(offset_edge(0, "Y", who, draw(AMOUNTS)))
        if draw(st.integers(0, 5)) == 0:
            edges.append(Edge(0, OFFSET, Channel.OFFSET, "", who, draw(st.integers(-9, 9))))
        if draw(st.integers(0, 5)) == 0:
            edges.append(Edge(0, PAST, Channel.PAST, "", who, draw(AMOUNTS)))
    for round_ in range(1, 6):
        edges += draw(_moves(round_, closed))
    edges += draw(_payments(closed))
    losses: dict[str, int] = dict.fromkeys(closed, 0)
    for edge in edges:
        if not edge.to_node.startswith(("move:", "receipt:")):
            losses[edge.to_node] = losses.get(edge.to_node, 0) + edge.amount_e18
    return Cascade(edges, losses, frozenset(closed), closed)


@st.composite
def _moves(draw: st.DrawFn, round_: int, closed: Mapping[str, int]) -> list[Edge]:
    """Price moves of a round: what goes in is what comes out."""
    sellers = [who for who, at in closed.items() if at <= round_]
    bearers = [who for who, at in closed.items() if at > round_]
    edges: list[Edge] = []
    if not sellers or not bearers:
        return edges
    for asset in draw(st.lists(st.sampled_from("XYZ"), max_size=2, unique=True)):
        move = move_node(asset, round_)
        borne = {who: draw(AMOUNTS) for who in bearers}
        sold = [draw(st.integers(1, 9)) for _ in sellers]
        parts = apportion(sum(borne.values()), sold)
        pairs = zip(sellers, parts, strict=True)
        edges += [Edge(round_, who, Channel.PRICE, asset, move, n) for who, n in pairs]
        edges += [Edge(round_, move, Channel.PRICE, asset, who, n) for who, n in borne.items()]
    return edges


@st.composite
def _payments(draw: st.DrawFn, closed: Mapping[str, int]) -> list[Edge]:
    """Deficits into a fund or nowhere, and the receipts that the fund's loss reprices."""
    fund, nobody = fund_node("v", "suppliers"), unsettled_node("v")
    edges: list[Edge] = []
    for who, at in closed.items():
        if draw(st.booleans()):
            payer = draw(st.sampled_from((fund, nobody)))
            edges.append(Edge(at, who, Channel.DEFICIT, "", payer, draw(AMOUNTS)))
            holders = [other for other, later in closed.items() if later > at]
            if payer == fund and holders:
                token = receipt_node("v", "T", at)
                amount = draw(AMOUNTS)
                edges.append(Edge(at, fund, Channel.HAIRCUT, "T", token, amount))
                edges.append(Edge(at, token, Channel.RECEIPT, "T", holders[0], amount))
    return edges


def renamed(cascade: Cascade, names: Mapping[str, str]) -> Cascade:
    """The same cascade with other node texts."""

    def name(node: str) -> str:
        return names.get(node, node)

    return Cascade(
        edges=[
            replace(edge, from_node=name(edge.from_node), to_node=name(edge.to_node))
            for edge in cascade.edges
        ],
        losses={name(node): loss for node, loss in cascade.losses.items()},
        failed=frozenset(map(name, cascade.failed)),
        closed={name(node): at for node, at in cascade.closed.items()},
    )


def wide_cascade(accounts: int, rounds: int) -> Cascade:
    """Accounts closed round after round, each hit by every move before it: about
    accounts x rounds / 2 edges."""
    closed = {account_node("v", f"{i:05d}"): 1 + i * rounds // accounts for i in range(accounts)}
    payer = unsettled_node("v")
    edges: list[Edge] = []
    for i, (who, at) in enumerate(closed.items()):
        edges.append(Edge(0, SHOCK, Channel.EXOGENOUS, "X", who, 10**21 + 7**i % 10**20))
        edges.append(Edge(at, who, Channel.DEFICIT, "", payer, 10**18 + i))
    for round_ in range(1, rounds):
        move = move_node("X", round_)
        borne = {w: 10**19 + 3**round_ for w, at in closed.items() if at > round_}
        sellers = [w for w, at in closed.items() if at == round_]
        each, left = divmod(sum(borne.values()), len(sellers))
        edges += [
            Edge(round_, w, Channel.PRICE, "X", move, each + (left if n == 0 else 0))
            for n, w in enumerate(sellers)
        ]
        edges += [Edge(round_, move, Channel.PRICE, "X", w, a) for w, a in borne.items()]
    losses: dict[str, int] = defaultdict(int)
    for edge in edges:
        if not edge.to_node.startswith("move:"):
            losses[edge.to_node] += edge.amount_e18
    return Cascade(edges, dict(losses), frozenset(closed), closed)
