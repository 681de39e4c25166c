"""The edges of a cascade as a network in time, and the flow that explains one loss.

Raw edges do not conserve anything: who fails passes on more or less than it lost. For a terminal
T the conserved flow is built backwards in time, from what T lost (or paid):

    w(T) = sum of the positive edges into T
    flow(i -> j) = w(j) * edge_ij / (sum of the positive edges into j)     w(i) = sum_j flow(i -> j)

in integers that sum exactly (largest remainders). Positive edges are all but those of the channel
`offset`, which carry nothing, so that nothing explodes where gains and losses nearly cancel.

A node may pass something on in several rounds, and each time something else explains it: for an
account all that had come to it before, for any other node (a fund that hands its loss on) what came
to it in that very round, or up to it where nothing did. So the network's points are **states**: a
node and which of its incoming edges, in order of their rounds, count. An account that is closed
once has one state. A state into which nothing comes is an origin: `shock`, `past`, or a node that
failed without a loss.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from operator import attrgetter

from analyzer.contagion.trace.apportion import apportion
from analyzer.contagion.trace.edges import CLOSED_FIRST, Channel, Edge, NodeKind, check_edges


@dataclass(frozen=True, slots=True)
class Flow:
    """The conserved flow into some states of a network, in 18 decimals."""

    mass: Mapping[int, int]
    """state -> what goes through it (for an origin: what comes from it)."""
    arcs: Mapping[int, Sequence[tuple[int, int]]]
    """state -> its incoming (edge number, amount > 0), in the order of the edges; () = origin."""
    order: Sequence[int]
    """The states of `mass`, causes first."""


_State = tuple[str, int, int]
"""A node, and from which to which (not included) of its incoming edges count."""


class Network:
    """Positive edges, expanded in time. Built once, asked for many terminals."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        """Raises: ValueError for edges that `check_edges` refuses, or that go in a circle within
        one round (what passes at once must not come back)."""
        kept = list(edges)
        check_edges(kept)
        self.received = _sums(kept)
        """node -> sum of all its incoming edges, the offsets included."""
        positive = [e for e in kept if e.amount_e18 > 0 and e.channel != Channel.OFFSET]
        self.edges = sorted(positive, key=_place)
        """The positive edges: by round, then by source, channel, asset and target."""
        self._incoming: dict[str, list[int]] = {}
        for number, edge in enumerate(self.edges):
            self._incoming.setdefault(edge.to_node, []).append(number)
        rounds = {
            node: [self.edges[number].round for number in numbers]
            for node, numbers in self._incoming.items()
        }
        self._state_of: dict[_State, int] = {}
        self._states: list[_State] = []
        self.source = self._sources(rounds)
        """edge number -> the state that it comes from."""
        for node, numbers in self._incoming.items():
            self._intern((node, 0, len(numbers)))
        self.weight = [self._weight(state) for state in range(len(self._states))]
        """state -> sum of the positive edges into it."""
        self.rank = self._ranked()
        """state -> its place in an order in which causes come first."""

    def _sources(self, rounds: Mapping[str, Sequence[int]]) -> list[int]:
        """The states that the edges come from. Most come from a few nodes: each is asked once a
        round."""
        known: dict[tuple[str, int], int] = {}
        out = []
        for edge in self.edges:
            key = edge.from_node, edge.round
            state = known.get(key)
            if state is None:
                state = known[key] = self._intern(_before(edge, rounds))
            out.append(state)
        return out

    def _intern(self, key: _State) -> int:
        """The number of a state."""
        if key not in self._state_of:
            self._state_of[key] = len(self._states)
            self._states.append(key)
        return self._state_of[key]

    def _weight(self, state: int) -> int:
        """Sum of the positive edges into a state."""
        return sum(self.edges[number].amount_e18 for number in self.incoming(state))

    def node(self, state: int) -> str:
        """The node of a state."""
        return self._states[state][0]

    def incoming(self, state: int) -> Sequence[int]:
        """The numbers of the edges into a state."""
        node, first, end = self._states[state]
        return self._incoming[node][first:end] if first < end else ()

    def __len__(self) -> int:
        """How many states there are."""
        return len(self._states)

    def final(self, node: str) -> int | None:
        """The state of a node with all that came to it; None when nothing did."""
        numbers = self._incoming.get(node)
        return None if numbers is None else self._state_of[node, 0, len(numbers)]

    def chains(self) -> tuple[list[int], list[tuple[int, int]]]:
        """How what came in stays there: edge number -> the smallest state that counts it, and
        (state, next larger state of the same node that holds it) pairs.

        The states of a node hold one another or have nothing in common: prefixes for accounts,
        rounds and prefixes that end with a round for other nodes.
        """
        entry = [0] * len(self.edges)
        carried: list[tuple[int, int]] = []
        open_: list[int] = []
        # A larger state comes before those that it holds.
        for state in sorted(range(len(self)), key=lambda n: _outermost(self._states[n])):
            node, first, end = self._states[state]
            while open_ and not self._holds(open_[-1], state):
                open_.pop()
            if open_ and first < end:
                carried.append((state, open_[-1]))
            for number in self._incoming.get(node, ())[first:end]:
                entry[number] = state
            open_.append(state)
        return entry, carried

    def _holds(self, larger: int, state: int) -> bool:
        """Whether a state counts all that another one of the same node counts."""
        outer, inner = self._states[larger], self._states[state]
        return outer[0] == inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2]

    def _ranked(self) -> list[int]:
        """A topological order of the states."""
        waiting = [len(self.incoming(state)) for state in range(len(self))]
        leads_to: list[list[int]] = [[] for _ in self._states]
        for state in range(len(self)):
            for number in self.incoming(state):
                leads_to[self.source[number]].append(state)
        ready = deque(state for state, count in enumerate(waiting) if count == 0)
        rank = [-1] * len(self)
        place = 0
        while ready:
            state = ready.popleft()
            rank[state] = place
            place += 1
            for after in leads_to[state]:
                waiting[after] -= 1
                if waiting[after] == 0:
                    ready.append(after)
        if place < len(self):
            stuck = min(self.node(state) for state, at in enumerate(rank) if at < 0)
            raise ValueError(f"the edges through {stuck} come back to where they left: no order")
        return rank

    def flow_into(self, amounts: Mapping[int, int]) -> Flow:
        """The conserved flow that brings `amounts` (state -> amount > 0) to these states.

        Exact: what enters a state is what leaves it plus its own amount, to the last unit.
        """
        mass = dict(amounts)
        heap = [(-self.rank[state], state) for state in mass]
        heap.sort()
        arcs: dict[int, list[tuple[int, int]]] = {}
        while heap:
            _, state = heappop(heap)
            numbers = self.incoming(state)
            parts = self._split(state, mass[state], numbers)
            arcs[state] = [pair for pair in zip(numbers, parts, strict=True) if pair[1]]
            for number, part in arcs[state]:
                source = self.source[number]
                if source not in mass:
                    mass[source] = 0
                    heappush(heap, (-self.rank[source], source))
                mass[source] += part
        return Flow(mass=mass, arcs=arcs, order=list(reversed(arcs)))

    def _split(self, state: int, mass: int, numbers: Sequence[int]) -> list[int]:
        """What each edge into a state brings of `mass`; nothing for an origin."""
        if len(numbers) == 1:
            return [mass]
        if not numbers:
            return []
        amounts = [self.edges[number].amount_e18 for number in numbers]
        return apportion(mass, amounts)


_place = attrgetter("round", "from_node", "channel", "asset", "to_node", "amount_e18")
"""Where an edge stands: an order that does not depend on the input's."""


def _sums(edges: Iterable[Edge]) -> dict[str, int]:
    """Sum of the incoming edges of every node that has one."""
    sums: dict[str, int] = {}
    for edge in edges:
        sums[edge.to_node] = sums.get(edge.to_node, 0) + edge.amount_e18
    return sums


def _outermost(state: _State) -> tuple[str, int, int]:
    """An order in which states that hold others come before them."""
    node, first, end = state
    return node, first, -end


def _before(edge: Edge, rounds: Mapping[str, Sequence[int]]) -> _State:
    """The state of its source that explains an edge."""
    node = edge.from_node
    came = rounds.get(node, ())
    first, end = bisect_left(came, edge.round), bisect_right(came, edge.round)
    if NodeKind(node.partition(":")[0]) in CLOSED_FIRST:
        return node, 0, first
    return (node, first, end) if first < end else (node, 0, end)
