"""Widest paths: the same as by searching everything anew for each of them."""

from __future__ import annotations

from hypothesis import given
from transmissions import Cascade, cascades

from analyzer.contagion.trace.flow import Flow, Network
from analyzer.contagion.trace.widest import widest_paths


def anew(network: Network, flow: Flow, terminal: int) -> list[tuple[int, list[int]]]:
    """The decomposition as it is defined: all widths over all states, for each path again."""
    # An edge may lead into several states of a node: what is left is kept for each of them.
    left_of = {(s, n): a for s, arcs in flow.arcs.items() for n, a in arcs}
    found = []
    while True:
        width: dict[int, int] = {}
        best: dict[int, int] = {}
        for state in flow.order:
            width[state] = 0 if flow.arcs[state] else 10**99
            for number, _ in flow.arcs[state]:
                through = min(left_of[state, number], width[network.source[number]])
                if through > width[state]:
                    width[state], best[state] = through, number
        if not width[terminal] or not flow.arcs[terminal]:
            return found
        path: list[int] = []
        state = terminal
        while flow.arcs[state]:
            left_of[state, best[state]] -= width[terminal]
            path.append(best[state])
            state = network.source[best[state]]
        found.append((width[terminal], path[::-1]))


@given(cascades())
def test_each_path_is_the_widest_that_is_left_and_together_they_are_all(cascade: Cascade) -> None:
    network = Network(cascade.edges)
    for victim in cascade.losses:
        terminal = network.final(victim)
        if terminal is not None:
            flow = network.flow_into({terminal: network.weight[terminal]})
            found = list(widest_paths(network, flow, terminal))
            assert found == anew(network, flow, terminal)
            assert sum(amount for amount, _ in found) == network.weight[terminal]
            arcs = sum(len(arcs) for arcs in flow.arcs.values())
            assert len(found) <= arcs
