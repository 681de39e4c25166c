"""Routes: paths of the same kind together, so that a thousand small ones can be seen at once.

    the shock to ETH → accounts of perp-v2 → the price of OP → accounts of perp-v2 → suppliers

A route is a path whose accounts are told by their protocol only. Its amount is the sum of its
paths to those who **paid** (their losses do not overlap, except where a payer's loss was handed on
to another payer through a receipt token); paths to failed accounts are left out, since their
losses are in what others paid. Routes and rest sum to what was paid, offsets left out, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.contagion.tell.sentences import node_text, short_text
from analyzer.contagion.trace import Channel, NodeKind, Path, TopPaths, kind_of, parts_of
from analyzer.contagion.trace.edges import others_node
from analyzer.contagion.trace.paths import Step


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One step of a route: as `Step`, with accounts as `others:accounts of <venue>`."""

    from_group: str
    channel: str
    asset: str
    to_group: str


@dataclass(frozen=True, slots=True)
class Route:
    """All paths of one kind. amount_e18: theirs together, 18 decimals."""

    steps: tuple[RouteStep, ...]
    amount_e18: int
    paths: int
    """How many."""
    largest: Path
    """The one that brought most."""

    @property
    def spreads(self) -> bool:
        """Whether one failure led to another on it."""
        return self.largest.spreads


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes to those who paid, the largest first, and what came along no path found."""

    routes: tuple[Route, ...]
    rest_e18: int


def routes_of(top: TopPaths) -> Routes:
    """The paths that were found (listed or not) to those who paid, by their kind.

    The largest first, equal ones by their steps. More is found, and less is rest, with a larger
    `Limits.paths_each`.
    """
    payers = {victim.victim: victim for victim in top.victims if not victim.failed}
    together: dict[tuple[RouteStep, ...], list[Path]] = {}
    for path in top.found:
        if path.victim in payers:
            together.setdefault(tuple(map(_grouped, path.steps)), []).append(path)
    routes = [
        Route(
            steps=steps,
            amount_e18=sum(path.amount_e18 for path in paths),
            paths=len(paths),
            # Paths were found the largest first.
            largest=paths[0],
        )
        for steps, paths in together.items()
    ]
    paid = sum(victim.loss_e18 - victim.offset_e18 for victim in payers.values())
    return Routes(
        routes=tuple(sorted(routes, key=_largest_first)),
        rest_e18=paid - sum(route.amount_e18 for route in routes),
    )


def route_text(route: Route, names: Mapping[str, str] | None = None) -> str:
    """A route in words, with arrows between its stations. names: node -> what people call it."""
    stations: list[str] = []
    for step in route.steps:
        if kind_of(step.from_group) is NodeKind.SHOCK:
            stations.append(f"the shock to {short_text(step.asset)}")
        elif kind_of(step.from_group) is NodeKind.PAST:
            stations.append("before the shock")
        else:
            if not stations:
                stations.append(node_text(step.from_group, names))
            if step.channel in _CARRIED_BY:
                stations.append(f"{_CARRIED_BY[step.channel]} {short_text(step.asset)}".rstrip())
        stations.append(node_text(step.to_group, names))
    return " → ".join(stations)


_CARRIED_BY: Mapping[str, str] = {
    Channel.PRICE: "the price of",
    Channel.RECEIPT: "the token",
    Channel.ADL: "a cut of profits",
    Channel.CLAIM: "a claim",
}


def _grouped(step: Step) -> RouteStep:
    """A step between groups."""
    return RouteStep(_group(step.from_node), step.channel, step.asset, _group(step.to_node))


def _group(node: str) -> str:
    """The group of an account; any other node as it is."""
    if kind_of(node) is NodeKind.ACCOUNT:
        return others_node(f"accounts of {parts_of(node)[0]}")
    return node


def _largest_first(route: Route) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """By amount, then by steps."""
    steps = ((s.from_group, s.channel, s.asset, s.to_group) for s in route.steps)
    return -route.amount_e18, tuple(steps)
