"""The ways that a loss took, with amounts that add up to it.

A path starts at an origin (the shock, the past, an account that failed without a loss) and ends at
a victim: a failed account, or whoever pays (a fund, suppliers, a winner whose profit was cut).

    loss of a victim = sum of its paths + what is in no listed path (rest) + its offsets

exactly, in integers. Offsets are moves in the victim's own favour (and residues). The gains of
accounts further up are netted inside: they pass on what they pass on, whatever they won elsewhere.
Losses of different victims must not be added: a loss that A passed to B and B to a fund is in all
three.

Source: Ford and Fulkerson 1962 (flow decomposition); reference case R15.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from analyzer.contagion.trace.attribution import check_losses
from analyzer.contagion.trace.edges import (
    CLOSED_FIRST,
    LOOKED_THROUGH,
    OFFSET,
    ORIGINS,
    Channel,
    Edge,
    kind_of,
)
from analyzer.contagion.trace.flow import Network
from analyzer.contagion.trace.widest import widest_paths
from analyzer.model.identity import path_id

REST = "rest"
"""Stands for a node and a channel in the row of what is in no listed path."""


@dataclass(frozen=True, slots=True)
class Step:
    """One transmission on a path: from whom, by which channel and asset, to whom, when."""

    round: int
    from_node: str
    channel: str
    asset: str
    to_node: str


@dataclass(frozen=True, slots=True)
class Path:
    """One chain of events, and how much of its victim's loss came along it."""

    steps: tuple[Step, ...]
    """From an origin to the victim. Where the same chain was taken in several rounds, the rounds
    are those of its largest part."""
    amount_e18: int
    """18 decimals of the common unit of account; above zero."""

    @property
    def victim(self) -> str:
        """The node it ends in."""
        return self.steps[-1].to_node

    @property
    def spreads(self) -> bool:
        """Whether it goes from one party to an account: a failure that reached another one, not
        only the shock that brought an account down and whoever paid for that account."""
        return any(
            step.from_node not in ORIGINS and kind_of(step.to_node) in CLOSED_FIRST
            for step in self.steps
        )

    @property
    def path_id(self) -> str:
        """16 hex digits over its nodes, channels and assets: the same in every run, whatever the
        amounts and rounds are."""
        return path_id(text for step in self.steps for text in _key(step))


@dataclass(frozen=True, slots=True)
class VictimPaths:
    """One victim's loss, taken apart. loss = sum of the paths + rest + offset, exactly; e18."""

    victim: str
    failed: bool
    """False: it did not fail, it paid."""
    loss_e18: int
    paths: tuple[Path, ...]
    """The largest first; equal ones by their nodes."""
    offset_e18: int
    """Its gains (negative), and residues that nobody caused."""
    rest_e18: int
    """What came along paths that are not listed, not negative."""

    @property
    def whole_e18(self) -> int:
        """What it lost before its gains: all of its paths, listed or not. No path is larger."""
        return self.loss_e18 - self.offset_e18

    def share(self, amount_e18: int) -> float | None:
        """Part of what it lost before its gains, for a path at most 1; None where that is 0."""
        return amount_e18 / self.whole_e18 if self.whole_e18 > 0 else None


@dataclass(frozen=True, slots=True)
class PathRow:
    """One step of one path, as tables and files show it."""

    path_id: str
    step: int
    """From 1."""
    round: int | None
    """None in the rows of rest and offset."""
    from_node: str
    channel: str
    asset: str
    to_node: str
    amount_e18: int
    """Of the whole path, the same in every step."""
    share_of_victim_loss: float | None
    """amount / what the victim lost before its gains; None where it lost nothing."""
    victim: str
    victim_failed: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is listed. What is not goes into the rows `rest`, so every sum still closes."""

    paths: int = 100
    """Paths over all victims."""
    spreading: int = 100
    """Of those in which one failure led to another, so many in any case."""
    paths_each: int = 1_000
    """Paths found for one victim before those of the same chain are merged."""
    victims: int = 20
    """Victims whose paths are looked for: first those who pay, then those who failed, each by
    the size of their loss."""


@dataclass(frozen=True, slots=True)
class TopPaths:
    """The largest paths over all victims."""

    paths: tuple[Path, ...]
    """The largest first; equal ones by their nodes."""
    victims: tuple[VictimPaths, ...]
    """Every victim with a loss, those who pay first, then by size; each with those of `paths` that
    end in it. One whose paths were not looked for has none, and all in `rest_e18`."""
    found: tuple[Path, ...]
    """Every path that was found, listed in `paths` or not, the largest first."""

    def rows(self) -> list[PathRow]:
        """All paths step by step, then `rest` and `offset` of every victim that has one.

        For each victim the amounts (one for each path_id) sum to its loss.
        """
        of = {victim.victim: victim for victim in self.victims}
        rows = [row for path in self.paths for row in _rows(path, of[path.victim])]
        for victim in self.victims:
            for name, amount in ((REST, victim.rest_e18), (OFFSET, victim.offset_e18)):
                if amount:
                    rows.append(_remainder(name, amount, victim))
        return rows


@dataclass(frozen=True, slots=True)
class ProbablePath:
    """The path with the largest product of shares: at each node, the part of its positive edges."""

    steps: tuple[Step, ...]
    probability: Fraction


def top_paths(
    edges: Iterable[Edge],
    losses: Mapping[str, int],
    failed: Collection[str],
    *,
    limits: Limits | None = None,
) -> TopPaths:
    """The paths to the victims in `losses`, the largest first.

    losses: failed account -> its loss up to its closing; absorber -> what it paid; 18 decimals.
    failed: those of them that failed. Raises: ValueError where the edges into a victim do not sum
    to its loss (named, with the gap), for edges that are none, and for limits below 1 (`spreading`
    below 0).

    The same paths come out for any order of the edges.
    """
    bounds = limits or Limits()
    if min(bounds.paths, bounds.paths_each, bounds.victims) < 1 or bounds.spreading < 0:
        raise ValueError(f"limits are at least 1 each: {bounds}")
    network = Network(edges)
    check_losses(network, losses)
    gone = frozenset(failed)
    ranked = sorted(
        (victim for victim in losses if network.final(victim) is not None or losses[victim]),
        key=lambda victim: (victim in gone, -losses[victim], victim),
    )
    looked_for = set(ranked[: bounds.victims])
    found = {victim: _victim_paths(network, victim, bounds.paths_each) for victim in looked_for}
    every = sorted((path for paths in found.values() for path in paths), key=_largest_first)
    listed = tuple(_listed(every, bounds))
    ending: dict[str, list[Path]] = {}
    for path in listed:
        ending.setdefault(path.victim, []).append(path)
    return TopPaths(
        paths=listed,
        victims=tuple(
            _victim(network, victim, victim in gone, ending.get(victim, ())) for victim in ranked
        ),
        found=tuple(every),
    )


def most_probable(edges: Iterable[Edge], victim: str) -> ProbablePath:
    """The most probable path to a victim, when each part of its loss is traced back at random in
    proportion to the positive edges: the least sum of -log(share), compared in float64.

    Raises: ValueError for a victim that no positive edge leads to, and for edges that are none.
    """
    network = Network(edges)
    terminal = network.final(victim)
    if terminal is None:
        raise ValueError(f"nothing leads to {victim}")
    cost: dict[int, float] = {}
    best: dict[int, int] = {}
    for state in sorted(range(len(network)), key=network.rank.__getitem__):
        numbers = network.incoming(state)
        if not numbers:
            cost[state] = 0.0
            continue
        costs = [
            cost[network.source[number]]
            - math.log(network.edges[number].amount_e18 / network.weight[state])
            for number in numbers
        ]
        cost[state] = min(costs)
        best[state] = numbers[costs.index(cost[state])]
    taken: list[int] = []
    probability = Fraction(1)
    state = terminal
    while state in best:
        number = best[state]
        taken.append(number)
        probability *= Fraction(network.edges[number].amount_e18, network.weight[state])
        state = network.source[number]
    return ProbablePath(_steps(network, taken[::-1]), probability)


def _listed(every: Sequence[Path], bounds: Limits) -> Iterable[Path]:
    """The largest paths, and the largest of those that spread."""
    spreading = 0
    for number, path in enumerate(every):
        spreads = path.spreads
        if number < bounds.paths or (spreads and spreading < bounds.spreading):
            yield path
        spreading += spreads


def _victim_paths(network: Network, victim: str, most: int) -> list[Path]:
    """The widest paths to one victim; those of the same chain merged."""
    terminal = network.final(victim)
    if terminal is None:
        return []
    flow = network.flow_into({terminal: network.weight[terminal]})
    amounts: dict[tuple[tuple[str, ...], ...], int] = {}
    shown: dict[tuple[tuple[str, ...], ...], tuple[Step, ...]] = {}
    for amount, numbers in islice(widest_paths(network, flow, terminal), most):
        steps = _steps(network, numbers)
        chain = tuple(_key(step) for step in steps)
        # Amounts never rise: the first of a chain is its largest part.
        shown.setdefault(chain, steps)
        amounts[chain] = amounts.get(chain, 0) + amount
    return [Path(steps, amounts[chain]) for chain, steps in shown.items()]


def _victim(network: Network, victim: str, failed: bool, listed: Sequence[Path]) -> VictimPaths:
    """A victim with its listed paths; all else that came to it is rest or offset."""
    terminal = network.final(victim)
    positive = 0 if terminal is None else network.weight[terminal]
    loss = network.received[victim]
    return VictimPaths(
        victim=victim,
        failed=failed,
        loss_e18=loss,
        paths=tuple(listed),
        offset_e18=loss - positive,
        rest_e18=positive - sum(path.amount_e18 for path in listed),
    )


def _steps(network: Network, numbers: Sequence[int]) -> tuple[Step, ...]:
    """Edges as steps; a node that is looked through joins the two edges at it."""
    steps: list[Step] = []
    for number in numbers:
        edge = network.edges[number]
        source = edge.from_node
        if steps and kind_of(source) in LOOKED_THROUGH:
            source = steps.pop().from_node
        steps.append(Step(edge.round, source, edge.channel, edge.asset, edge.to_node))
    return tuple(steps)


def _key(step: Step) -> tuple[str, ...]:
    """What makes two steps the same, whatever their rounds."""
    return (step.from_node, step.channel, step.asset, step.to_node)


def _largest_first(path: Path) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """By amount, then by nodes."""
    return -path.amount_e18, tuple(_key(step) for step in path.steps)


def _rows(path: Path, victim: VictimPaths) -> list[PathRow]:
    """The steps of a path."""
    identity, share = path.path_id, victim.share(path.amount_e18)
    return [
        PathRow(
            path_id=identity,
            step=number,
            round=step.round,
            from_node=step.from_node,
            channel=step.channel,
            asset=step.asset,
            to_node=step.to_node,
            amount_e18=path.amount_e18,
            share_of_victim_loss=share,
            victim=victim.victim,
            victim_failed=victim.failed,
        )
        for number, step in enumerate(path.steps, 1)
    ]


def _remainder(name: str, amount: int, victim: VictimPaths) -> PathRow:
    """The row of what is in no path."""
    return PathRow(
        path_id=path_id((name, victim.victim)),
        step=1,
        round=None,
        from_node=name,
        channel=REST if name == REST else Channel.OFFSET,
        asset="",
        to_node=victim.victim,
        amount_e18=amount,
        share_of_victim_loss=victim.share(amount),
        victim=victim.victim,
        victim_failed=victim.failed,
    )
