"""The paths of a cascade as a graph: which are shown, and where each node stands in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from analyzer.report.html.charts.graph import Flow, Node
from analyzer.report.html.charts.scale import whole_units
from analyzer.report.html.stressed import Record
from analyzer.report.money import short

PATHS = 60
"""How many paths of a cascade are drawn and listed."""
_ORIGINS = ("shock", "past")
_NAME = 22
_WIDTHS = (1.0, 6.0)
"""Of a line: the thinnest, and how much thicker the thickest is."""
_LAST = float("inf")
_NEVER = 1e9
"""Where accounts stand that end below zero and are never closed: after all that are."""


def chosen(paths: Sequence[Record]) -> list[Record]:
    """The paths to show, in the order of their size: those on which one failure leads to another
    take up to half of the places, since the largest are mostly direct; then the largest."""
    known = [record for record in paths if record["steps"]]
    first = [record["rank"] for record in known if spreads(record)][: PATHS // 2]
    others = [record["rank"] for record in known if record["rank"] not in first]
    ranks = {*first, *others[: PATHS - len(first)]}
    return [record for record in known if record["rank"] in ranks]


def spreads(record: Record) -> bool:
    """Whether a path leads from one account that fails to another."""
    steps = record["steps"]
    nodes = [steps[0]["from"], *(step["to"] for step in steps)]
    return sum(str(node).startswith("account:") for node in nodes) > 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the graph shows. routes: each path's anchors in order."""

    nodes: list[Node]
    flows: list[Flow]
    heads: list[str]
    routes: list[tuple[str, ...]]


def drawn_paths(key: str, paths: Sequence[Record], victims: Mapping[str, Record]) -> Drawn:
    """Nodes, flows, heads of the columns and routes of these paths."""
    first: dict[str, int] = {}
    leaving: set[str] = set()
    weight: dict[tuple[str, str], int] = defaultdict(int)
    said: dict[tuple[str, str], str] = {}
    for record in paths:
        for step in record["steps"]:
            start, end = step["from"], step["to"]
            first.setdefault(start, -1 if start in _ORIGINS else step["round"])
            first[end] = min(first.get(end, step["round"]), step["round"])
            leaving.add(start)
            weight[start, end] = max(weight[start, end], record["amount_e18"])
            said.setdefault((start, end), _step(step))
    when = {name: _time(name, at, victims.get(name), name in leaving) for name, at in first.items()}
    times = sorted(set(when.values()))
    keys = {name: f"{key}-n{number}" for number, name in enumerate(sorted(first), 1)}
    names = {pair: f"{key}-e{number}" for number, pair in enumerate(weight, 1)}
    most = max((whole_units(value) for value in weight.values()), default=1.0) or 1.0
    labels = told_apart(sorted(first))
    nodes = [
        _node(keys[n], n, labels[n], victims.get(n), times.index(when[n])) for n in sorted(first)
    ]
    flows = [
        Flow(names[pair], keys[pair[0]], keys[pair[1]],
             f"{pair[0]} → {pair[1]}: {said[pair]}, up to {short(value)} on one path",
             _WIDTHS[0] + _WIDTHS[1] * sqrt(whole_units(value) / most))
        for pair, value in weight.items()
    ]  # fmt: skip
    routes = [_route(record["steps"], keys, names) for record in paths]
    return Drawn(nodes, flows, [_head(at) for at in times], routes)


def _node(key: str, name: str, label: str, victim: Record | None, column: int) -> Node:
    """A node with what is known of it. label: what stands beside it."""
    text, kind = name, _kind(name)
    if victim is not None:
        text += f": {'loses' if victim['failed'] else 'bears'} {short(victim['loss_e18'])}"
        if victim["failed"] and victim["round"] is not None:
            text += f", closed in round {victim['round']}"
        if victim["deficit_e18"]:
            text, kind = f"{text}, leaves bad debt {short(victim['deficit_e18'])}", f"{kind} holed"
    return Node(key, label, text, kind, column)


def _time(name: str, hit: int, victim: Record | None, leaves: bool) -> float:
    """Where a node stands in time: origins first, an account when it is closed (every loss reaches
    it before that), payers that pass nothing on last."""
    if name in _ORIGINS:
        return -1.0
    if name.startswith("account:") and victim is not None and victim["failed"]:
        return _NEVER if victim["round"] is None else float(victim["round"])
    if name.startswith("account:") and leaves:
        # It lost nothing itself: it stands where its closing began to cost others.
        return float(hit)
    return hit + 0.5 if leaves else _LAST


def _head(at: float) -> str:
    """What stands above a column."""
    if at < 0:
        return "origin"
    if at == _LAST:
        return "who pays"
    if at == _NEVER:
        return "never closed"
    return f"closed in round {at:g}" if at == int(at) else "passes on"


def _route(
    steps: Sequence[Record], keys: Mapping[str, str], names: Mapping[tuple[str, str], str]
) -> tuple[str, ...]:
    """The anchors of a path: node, flow, node, ..."""
    parts = [keys[steps[0]["from"]]]
    for step in steps:
        parts += [names[step["from"], step["to"]], keys[step["to"]]]
    return tuple(parts)


def _step(step: Record) -> str:
    """`price of ETH, round 2`."""
    what = f"{step['channel']} of {step['asset']}" if step["asset"] else f"{step['channel']}"
    return f"{what}, round {step['round']}"


def words(steps: Sequence[Record]) -> str:
    """A path in words, where the snapshot has none."""
    text = str(steps[0]["from"])
    for step in steps:
        text += f" → ({_step(step)}) → {step['to']}"
    return text


def told_apart(names: Sequence[str]) -> dict[str, str]:
    """Name -> what stands beside its node: short, and different for different nodes. An owner has
    the same address in several deployments, so the deployment is named where two would look alike;
    where that is the same, more of the address is shown."""
    labels = {name: _short(name) for name in names}
    for alike in _groups(labels):
        deployments = {name: _deployment(name) for name in alike}
        marks = _marks(set(deployments.values()))
        for name in alike:
            labels[name] += f" ({marks[deployments[name]]})" if len(marks) > 1 else ""
    for alike in _groups(labels):
        for number, name in enumerate(alike, 1):
            longer = _own(name)
            cut = f"{longer[:10]}…{longer[-8:]}" if len(longer) > _NAME else longer
            labels[name] = f"{cut} #{number}"
    return labels


def _groups(labels: Mapping[str, str]) -> list[list[str]]:
    """The names whose labels are alike."""
    by_label: dict[str, list[str]] = defaultdict(list)
    for name, label in labels.items():
        by_label[label].append(name)
    return [alike for alike in by_label.values() if len(alike) > 1]


def _marks(deployments: set[str]) -> dict[str, str]:
    """Deployment -> the shortest beginning, in whole words, that tells it from the others."""
    for words in range(1, 12):
        cut = {name: "-".join(name.split("-")[:words]) for name in deployments}
        if len(set(cut.values())) == len(deployments):
            return cut
    return {name: name for name in deployments}


def _deployment(name: str) -> str:
    """The deployment of a node; empty for what has none."""
    return name.partition(":")[2].partition("/")[0]


def _own(name: str) -> str:
    """A node's own name, without kind and deployment."""
    _, _, own = name.partition(":")
    return (own or name).partition("/")[2] or own or name


def _short(name: str) -> str:
    """A node's name that fits beside it."""
    if name.startswith("unsettled"):
        return "charged to nobody"
    text = _own(name)
    if text.startswith("0x") and len(text) > 14:
        return f"{text[:6]}…{text[-4:]}"
    return text if len(text) <= _NAME else f"{text[: _NAME - 1]}…"


def _kind(name: str) -> str:
    """The class of a node."""
    if name in _ORIGINS:
        return "source"
    return "account" if name.startswith("account:") else "fund"
