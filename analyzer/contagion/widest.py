"""A conserved flow taken apart into paths: the widest first, its bottleneck subtracted, again.

At most one path an edge. The widths are kept between the paths and only repaired where a path went
through, so that a thousand paths through a hundred thousand edges take seconds.

Ties go to the earlier edge: by round, then source, channel, asset and target. Which decomposition
one gets is not unique in general; that the amounts sum to the flow is.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush, heapreplace

from analyzer.contagion.flow import Flow, Network


def widest_paths(network: Network, flow: Flow, terminal: int) -> Iterator[tuple[int, list[int]]]:
    """(amount, edge numbers from an origin to the terminal) of one path after the other.

    The amounts never rise, are above zero, and sum to the flow into `terminal` once all are taken.
    `flow` must lead into that one state. Exact integers.
    """
    left = _Remaining(network, flow)
    while (amount := left.width.get(terminal, 0)) and flow.arcs[terminal]:
        yield amount, left.take(terminal, amount)


class _Remaining:
    """What is left of a flow, and the widest way from an origin to every state."""

    def __init__(self, network: Network, flow: Flow) -> None:
        self.network = network
        self.numbers = {state: [n for n, _ in arcs] for state, arcs in flow.arcs.items()}
        self.amounts = {state: [a for _, a in arcs] for state, arcs in flow.arcs.items()}
        self.leads_to: dict[int, list[tuple[int, int]]] = {state: [] for state in flow.order}
        self.best: dict[int, int] = {}
        # No arc carries more than goes into the terminal: nothing an origin gives is a bottleneck.
        unbounded = max(flow.mass.values(), default=0)
        self.width: dict[int, int] = {}
        self.ways: dict[int, list[tuple[int, int]]] = {}
        for state in flow.order:
            for place, number in enumerate(self.numbers[state]):
                self.leads_to[network.source[number]].append((state, place))
            if self.numbers[state]:
                self.ways[state] = [
                    (-self._through(state, p), p) for p in range(len(flow.arcs[state]))
                ]
                heapify(self.ways[state])
                self._renew(state)
            else:
                self.width[state] = unbounded

    def _through(self, state: int, place: int) -> int:
        """The widest way into a state by one of its arcs."""
        before = self.width[self.network.source[self.numbers[state][place]]]
        return min(self.amounts[state][place], before)

    def _renew(self, state: int) -> None:
        """The widest way into a state, from the widths of those before it.

        Ways only become narrower, so a heap of what they once were finds the widest: whatever
        comes up and is out of date goes back with its present width.
        """
        ways = self.ways[state]
        while True:
            known, place = ways[0]
            present = self._through(state, place)
            if present == -known:
                break
            heapreplace(ways, (-present, place))
        self.width[state], self.best[state] = present, place

    def take(self, terminal: int, amount: int) -> list[int]:
        """Subtracts `amount` along the widest way to `terminal`; its edges, from the origin on."""
        path: list[int] = []
        narrowed: list[int] = []
        state = terminal
        while self.numbers[state]:
            place = self.best[state]
            self.amounts[state][place] -= amount
            number = self.numbers[state][place]
            path.append(number)
            narrowed.append(state)
            state = self.network.source[number]
        self._repair(narrowed)
        path.reverse()
        return path

    def _repair(self, narrowed: list[int]) -> None:
        """Renews the states whose arcs became narrower, and those whose best way that was."""
        rank = self.network.rank
        heap: list[tuple[int, int]] = []
        queued = set(narrowed)
        for state in narrowed:
            heappush(heap, (rank[state], state))
        while heap:
            _, state = heappop(heap)
            before = self.width[state]
            self._renew(state)
            now = self.width[state]
            if now == before:
                continue
            for after, place in self.leads_to[state]:
                # A width only falls, so a state with another best way keeps it.
                if after not in queued and self.best[after] == place and now < self.width[after]:
                    queued.add(after)
                    heappush(heap, (rank[after], after))
