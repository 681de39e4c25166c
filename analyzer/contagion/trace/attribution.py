"""What every loss is made of: exactly, by edge, by channel and asset, and by who began it.

    loss of j = sum of the edges into j                                (offsets included)
    row of j  = where the positive edges into j began, by root group; sums to them
    root      = an account that failed by the shock (or the past) alone, and so began something

A root's own row is all shock; to those that it hit, it is the root. In R15 C lost 8/11 to the shock
and 3/11 to A, which failed first: B failed too, but of the shock and of A.

This is accounting, exact and without a re-run. It says where the money went, not what would have
happened otherwise: for that see `counterfactual`. The two differ (R15), and both are published.

Offsets are not traced: rows cover the positive edges, so every share is between 0 and 1. Traced in
integers, as shares of 2**128; what comes out is split with largest remainders. O(edges x groups).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from analyzer.contagion.trace.apportion import apportion
from analyzer.contagion.trace.edges import CLOSED_FIRST, OFFSET, PAST, SHOCK, Edge, kind_of
from analyzer.contagion.trace.flow import Network

OTHER_ROOTS = "other roots"
"""The group of all roots that have none of their own."""

ONE = 2**128
"""A whole, as the shares of a node are traced: an account that lost a few units and passed on a
fortune still hands on the right shares."""

MOST_ROOTS = 30
"""Roots that are a group each, when no groups are given."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A node whose loss the edges do not explain. 18 decimals."""

    node: str
    loss_e18: int
    explained_e18: int

    @property
    def gap_e18(self) -> int:
        """What is not explained; negative: explained twice."""
        return self.loss_e18 - self.explained_e18


@dataclass(frozen=True, slots=True)
class RootCauses:
    """Where the losses of nodes began. Amounts in 18 decimals."""

    groups: tuple[str, ...]
    """`shock` and `past` where something came from them, then the groups, sorted."""
    rows: Mapping[str, Mapping[str, int]]
    """node -> group -> amount > 0. Each row sums to the positive edges into its node."""

    def shares(self, node: str) -> dict[str, Fraction]:
        """A node's row as shares that sum to 1. Raises: KeyError for a node without a row."""
        row = self.rows[node]
        whole = sum(row.values())
        return {group: Fraction(amount, whole) for group, amount in row.items()}


@dataclass(frozen=True, slots=True)
class Made:
    """What the losses of some nodes are made of, by the last edge. Amounts in 18 decimals."""

    by_channel: Mapping[tuple[str, str], int]
    """(channel, asset) -> sum of those edges, the largest first; negative for offsets."""

    @property
    def total_e18(self) -> int:
        """The losses together."""
        return sum(self.by_channel.values())


def gaps(edges: Iterable[Edge], losses: Mapping[str, int]) -> list[Gap]:
    """The nodes of `losses` whose edges (offsets included) do not sum to their loss: the largest
    gap first, equal ones by name; empty when all is explained to the last unit.

    Raises: ValueError for edges that are none.
    """
    return _gaps(Network(edges), losses)


def check_attribution(edges: Iterable[Edge], losses: Mapping[str, int]) -> None:
    """That exogenous + all edges = loss, for each node of `losses`.

    Raises: ValueError that names the node with the largest gap, and the gap.
    """
    check_losses(Network(edges), losses)


def check_losses(network: Network, losses: Mapping[str, int]) -> None:
    """As `check_attribution`, over a network that is there already."""
    found = _gaps(network, losses)
    if found:
        worst = found[0]
        raise ValueError(
            f"{worst.node} lost {worst.loss_e18}, but the edges into it sum to"
            f" {worst.explained_e18}: {worst.gap_e18} is not accounted for"
            f" (the largest of {len(found)} gaps over {len(losses)} losses)"
        )


def made_of(edges: Iterable[Edge], nodes: Collection[str]) -> Made:
    """What came into `nodes` by each channel and asset. Sums to their losses exactly."""
    sums: dict[tuple[str, str], int] = {}
    wanted = frozenset(nodes)
    for edge in edges:
        if edge.to_node in wanted:
            key = (str(edge.channel), edge.asset)
            sums[key] = sums.get(key, 0) + edge.amount_e18
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    return Made(dict(ordered))


def amplification(edges: Iterable[Edge], failed: Collection[str]) -> Fraction | None:
    """Positive losses of the failed accounts over the part of them that came straight from the
    shock or the past; 1 = nothing was passed on. None when nothing came straight from there.

    R15: (800 + 2200 + 5100) / (800 + 1600 + 2400) = 27/16.
    """
    gone = frozenset(failed)
    into = [e for e in edges if e.to_node in gone and e.from_node != OFFSET]
    direct = sum(edge.amount_e18 for edge in into if edge.from_node in (SHOCK, PAST))
    if direct == 0:
        return None
    return Fraction(sum(edge.amount_e18 for edge in into), direct)


def roots_of(edges: Iterable[Edge]) -> dict[str, int]:
    """The roots, each with all that it passed on itself: the largest first, equal ones by name."""
    return roots_in(Network(edges))


def root_causes(
    edges: Iterable[Edge],
    nodes: Collection[str] | None = None,
    groups: Mapping[str, str] | None = None,
) -> RootCauses:
    """Where the losses of `nodes` (None = every node that has one) began.

    groups: root -> the name of its group (its owner, its protocol, ...); roots that are not in it
    are `other roots`. None: the 30 roots that passed on most are a group each.

    Raises: ValueError for edges that are none, and for a group named as an origin.
    """
    network = Network(edges)
    roots = roots_in(network)
    if groups is None:
        groups = {root: root for root in list(roots)[:MOST_ROOTS]}
    taken = {SHOCK, PAST}.intersection(groups.values())
    if taken:
        raise ValueError(f"no group can be named {min(taken)}: that is an origin")
    traced = _traced(network, roots, groups)
    wanted = {edge.to_node for edge in network.edges} if nodes is None else set(nodes)
    rows: dict[str, Mapping[str, int]] = {}
    for node in sorted(wanted):
        state = network.final(node)
        if state is not None:
            names = sorted(traced[state])
            parts = apportion(network.weight[state], [traced[state][name] for name in names])
            rows[node] = {name: part for name, part in zip(names, parts, strict=True) if part}
    seen = {group for row in rows.values() for group in row}
    origins = [origin for origin in (SHOCK, PAST) if origin in seen]
    return RootCauses(groups=(*origins, *sorted(seen - {SHOCK, PAST})), rows=rows)


def _gaps(network: Network, losses: Mapping[str, int]) -> list[Gap]:
    """What the edges into a node do not explain."""
    received = network.received
    found = [Gap(node, loss, received.get(node, 0)) for node, loss in losses.items()]
    return sorted(
        (gap for gap in found if gap.gap_e18), key=lambda gap: (-abs(gap.gap_e18), gap.node)
    )


def roots_in(network: Network) -> dict[str, int]:
    """As `roots_of`: accounts that pass something on, and that only an origin passed anything to,
    over a network that is there already."""
    passed: dict[str, int] = {}
    caused: set[str] = set()
    for edge in network.edges:
        passed[edge.from_node] = passed.get(edge.from_node, 0) + edge.amount_e18
        if edge.from_node not in (SHOCK, PAST):
            caused.add(edge.to_node)
    roots = [node for node in passed if node not in caused and kind_of(node) in CLOSED_FIRST]
    return {node: passed[node] for node in sorted(roots, key=lambda node: (-passed[node], node))}


def _traced(
    network: Network, roots: Mapping[str, int], groups: Mapping[str, str]
) -> list[dict[str, int]]:
    """state -> group -> what of the positive edges into the state began there, times `ONE`."""
    rows: list[dict[str, int]] = [{} for _ in range(len(network))]
    hands_on: list[dict[str, int]] = [{} for _ in range(len(network))]
    for state in sorted(range(len(network)), key=network.rank.__getitem__):
        row = rows[state]
        for number in network.incoming(state):
            amount = network.edges[number].amount_e18
            for group, share in hands_on[network.source[number]].items():
                row[group] = row.get(group, 0) + amount * share
        node = network.node(state)
        if node in (SHOCK, PAST):
            hands_on[state] = {node: ONE}
        elif node in roots or not row:
            # Without a row: it failed, or gave, before anything had come to it.
            hands_on[state] = {groups.get(node, OTHER_ROOTS): ONE}
        else:
            hands_on[state] = _shares(row, network.weight[state])
    return rows


def _shares(row: Mapping[str, int], weight: int) -> dict[str, int]:
    """A row as shares that sum to `ONE`; what rounding leaves goes to the largest."""
    shares = {group: part // weight for group, part in row.items()}
    largest = max(shares, key=lambda group: (shares[group], group))
    shares[largest] += ONE - sum(shares.values())
    return shares
