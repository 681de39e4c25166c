"""A conserved flow taken apart into paths: the widest first, its bottleneck subtracted, again.

At most one path an edge. Widths only fall while paths are taken out, so whatever was known of a
way is at least as wide as the way is now: a heap of what was known finds the widest, and only what
comes up first is looked at again. A thousand paths through a hundred thousand edges take no longer
than the first.

Ties go to the earlier edge: by round, then source, channel, asset and target. Which decomposition
one gets is not unique in general; that the amounts sum to the flow is.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heapreplace

from analyzer.contagion.trace.flow import Flow, Network


def widest_paths(network: Network, flow: Flow, terminal: int) -> Iterator[tuple[int, list[int]]]:
    """(amount, edge numbers from an origin to the terminal) of one path after the other.

    The amounts never rise, are above zero, and sum to the flow into `terminal` once all are taken.
    `flow` must lead into that one state. Exact integers.
    """
    left = _Remaining(network, flow)
    while amount := left.widest(terminal):
        yield amount, left.take(terminal, amount)


class _Remaining:
    """What is left of a flow. State by state, made when it is first come to."""

    def __init__(self, network: Network, flow: Flow) -> None:
        self.source = network.source
        self.arcs = flow.arcs
        self.amounts: dict[int, list[int]] = {}
        """state -> what is left on each of its arcs."""
        self.ways: dict[int, list[tuple[int, int]]] = {}
        """state -> heap of (-width, place of the arc), as it was last known."""
        self.width: dict[int, int] = {}
        self.looked_at: dict[int, int] = {}
        """state -> the turn in which its width was found."""
        self.turn = 0
        # No arc carries more than goes into the terminal: nothing an origin gives is a bottleneck.
        self.unbounded = max(flow.mass.values(), default=0)

    def widest(self, terminal: int) -> int:
        """The width of the widest way from an origin to `terminal`; 0 when nothing is left."""
        if not self.arcs[terminal]:
            return 0
        self.turn += 1
        waiting = [terminal]
        while waiting:
            state = waiting[-1]
            before = self._unknown_before(state)
            if before is None:
                waiting.pop()
            else:
                waiting.append(before)
        return self.width[terminal]

    def _unknown_before(self, state: int) -> int | None:
        """Finds a state's width, unless that of a state before it has to be found first: that
        state. None when it is found."""
        if self.looked_at.get(state) == self.turn:
            return None
        arcs = self.arcs[state]
        if state not in self.ways:
            self.amounts[state] = [amount for _, amount in arcs]
            # An arc is never wider than what it carries: that will do until it is looked at.
            self.ways[state] = [(-amount, place) for place, (_, amount) in enumerate(arcs)]
            heapify(self.ways[state])
            self.width[state] = self.unbounded
        ways, amounts = self.ways[state], self.amounts[state]
        while ways:
            known, place = ways[0]
            before = self.source[arcs[place][0]]
            if self.looked_at.get(before) != self.turn:
                return before
            present = min(amounts[place], self.width[before])
            if present == -known:
                self.width[state] = present
                break
            heapreplace(ways, (-present, place))
        self.looked_at[state] = self.turn
        return None

    def take(self, terminal: int, amount: int) -> list[int]:
        """Subtracts `amount` along the widest way to `terminal`; its edges, from the origin on."""
        path: list[int] = []
        state = terminal
        while self.arcs[state]:
            place = self.ways[state][0][1]
            self.amounts[state][place] -= amount
            number = self.arcs[state][place][0]
            path.append(number)
            state = self.source[number]
        path.reverse()
        return path
