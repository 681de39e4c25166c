"""The cheapest firewall: the smallest set of transmissions that parts the roots from who pays.

Every edge can be stopped at a cost of its amount (somebody bears that loss instead of its victim).
The cheapest set that leaves no way in time from a root to those who are to be protected is the
minimum cut of the raw edges, and as large as the most that could have flowed (Ford and Fulkerson).
Of several cheapest sets it is the one nearest to the roots.

It is found on raw edges, not on the conserved flow: a small transmission that brought down an
account that then passed on a fortune is cheap to stop. It is accounting: that stopping less than
the whole of an edge saves its victim, or that losses come another way instead, only a re-run says
(`counterfactual`).

Source: Dinitz 1970 (blocking flows), in exact integers; 18 decimals do not fit the 64 bits of the
libraries at hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from analyzer.contagion.trace.attribution import roots_in
from analyzer.contagion.trace.edges import Edge
from analyzer.contagion.trace.flow import Network


@dataclass(frozen=True, slots=True)
class Firewall:
    """What would have cut every way from the roots to those who are protected."""

    cut: tuple[Edge, ...]
    """The edges to stop, the largest first; none where no way leads there."""
    amount_e18: int
    """Their sum: what the firewall has to bear, 18 decimals."""
    protected_e18: int
    """What came to those who are protected by the ways that count, never less than the cut."""


def cheapest_firewall(
    edges: Iterable[Edge],
    protected: Collection[str],
    roots: Collection[str] | None = None,
    *,
    direct: bool = False,
) -> Firewall:
    """The cheapest cut between `roots` (None: the accounts that the shock alone brought down) and
    the nodes of `protected` (funds, suppliers, whoever is not to pay).

    What a root itself left to the protected is no contagion, and is left out unless `direct`. What
    came to them from accounts that no root had any part in is not cut. Exact integers; the same for
    any order of the edges.

    Raises: ValueError for a node that is root and protected at once, and for edges that are none.
    """
    network = Network(edges)
    begin = set(roots_in(network) if roots is None else roots)
    guarded = frozenset(protected)
    both = sorted(begin & guarded)
    if both:
        raise ValueError(f"{both[0]} cannot be where it begins and be protected from it")
    graph = _Graph(len(network) + 2)
    source, sink = len(network), len(network) + 1
    entry, carried = network.chains()
    # More than everything together: an arc that is never in a cut.
    unbounded = 1 + sum(edge.amount_e18 for edge in network.edges)
    left_out = 0
    for number, edge in enumerate(network.edges):
        counts = direct or edge.from_node not in begin or edge.to_node not in guarded
        graph.add(network.source[number], entry[number], edge.amount_e18 if counts else 0)
        left_out += 0 if counts else edge.amount_e18
    first = len(graph.to)
    for state, later in carried:
        graph.add(state, later, unbounded)
    for state in range(len(network)):
        if network.node(state) in begin:
            graph.add(source, state, unbounded)
    ends = [network.final(node) for node in sorted(guarded)]
    for end in ends:
        if end is not None:
            graph.add(end, sink, unbounded)
    amount = graph.saturate(source, sink)
    reached = graph.reached(source)
    cut = [
        network.edges[arc // 2]
        for arc in range(0, first, 2)
        if graph.whole[arc // 2] and graph.to[arc ^ 1] in reached and graph.to[arc] not in reached
    ]
    return Firewall(
        cut=tuple(sorted(cut, key=lambda edge: -edge.amount_e18)),
        amount_e18=amount,
        protected_e18=sum(network.weight[end] for end in ends if end is not None) - left_out,
    )


class _Graph:
    """A flow network: arc 2n and its reverse 2n + 1."""

    def __init__(self, nodes: int) -> None:
        self.arcs: list[list[int]] = [[] for _ in range(nodes)]
        self.to: list[int] = []
        self.left: list[int] = []
        self.whole: list[int] = []
        """Capacity of arc 2n."""

    def add(self, start: int, end: int, capacity: int) -> None:
        """An arc, and the way back along it."""
        self.arcs[start].append(len(self.to))
        self.arcs[end].append(len(self.to) + 1)
        self.to += (end, start)
        self.left += (capacity, 0)
        self.whole.append(capacity)

    def saturate(self, source: int, sink: int) -> int:
        """Sends the most that fits from source to sink; how much that is."""
        total = 0
        while True:
            level = self._levels(source)
            if level[sink] < 0:
                return total
            tried = [0] * len(self.arcs)
            while pushed := self._push(source, sink, level, tried):
                total += pushed

    def reached(self, source: int) -> set[int]:
        """The nodes that can still be reached."""
        return {node for node, at in enumerate(self._levels(source)) if at >= 0}

    def _levels(self, source: int) -> list[int]:
        """Fewest arcs with something left from the source to every node; -1 = none."""
        level = [-1] * len(self.arcs)
        level[source] = 0
        queue = deque([source])
        while queue:
            node = queue.popleft()
            for arc in self.arcs[node]:
                if self.left[arc] and level[self.to[arc]] < 0:
                    level[self.to[arc]] = level[node] + 1
                    queue.append(self.to[arc])
        return level

    def _push(self, source: int, sink: int, level: list[int], tried: list[int]) -> int:
        """Sends what fits along one shortest way; 0 when there is none left of that length.

        tried: for each node how many of its arcs lead nowhere any more.
        """
        path: list[int] = []
        node = source
        while node != sink:
            arcs = self.arcs[node]
            while tried[node] < len(arcs):
                arc = arcs[tried[node]]
                if self.left[arc] and level[self.to[arc]] == level[node] + 1:
                    break
                tried[node] += 1
            else:
                if not path:
                    return 0
                node = self.to[path.pop() ^ 1]
                tried[node] += 1
                continue
            path.append(arc)
            node = self.to[arc]
        amount = min(self.left[arc] for arc in path)
        for arc in path:
            self.left[arc] -= amount
            self.left[arc ^ 1] += amount
        return amount
