"""A graph of who passed a loss to whom: time runs from left to right. Laid out without chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.report.html.charts.svg import element, label, picture, shown
from analyzer.report.html.escape import safe

WIDTH = 960
"""Wider than other pictures; on a phone it scrolls by itself."""
_LEFT, _RIGHT, _TOP, _ROW = 24, 200, 40, 22
_LABELS = 34
"""A column with more nodes than this has no labels: they are said when a node is pointed at."""
_SWEEPS = 4
"""How often nodes are put beside their neighbours."""


@dataclass(frozen=True, slots=True)
class Node:
    """key: its anchor. name: beside it. text: what it is, in words. kind: its class. column: its
    place in time, from 0."""

    key: str
    name: str
    text: str
    kind: str
    column: int


@dataclass(frozen=True, slots=True)
class Flow:
    """A transmission between two nodes. width: of the line, in the picture's units."""

    key: str
    start: str
    end: str
    text: str
    width: float


Places = Mapping[str, tuple[float, float]]


def graph(
    key: str, nodes: Sequence[Node], flows: Sequence[Flow], heads: Sequence[str], title: str
) -> str:
    """The picture. heads: above each column. Nodes and flows have anchors, so that they can be
    followed."""
    places, height = _places(nodes, flows, len(heads))
    inner = ""
    for number, head in enumerate(heads):
        inner += label(_column_x(number, len(heads)), 16, head, "axis", anchor="middle"
                       if number else None)  # fmt: skip
    inner += "".join(_flow(flow, places) for flow in flows)
    crowd = [sum(1 for n in nodes if n.column == c) for c in range(len(heads))]
    inner += "".join(
        _node(node, places[node.key], named=crowd[node.column] <= _LABELS) for node in nodes
    )
    return picture(key, height, inner, title, width=WIDTH)


def _places(nodes: Sequence[Node], flows: Sequence[Flow], columns: int) -> tuple[Places, float]:
    """Where each node stands, and the height: columns in time, nodes beside those they touch."""
    ranks: dict[str, float] = {}
    by_column: list[list[str]] = [[] for _ in range(columns)]
    for node in nodes:
        ranks[node.key] = float(len(by_column[node.column]))
        by_column[node.column].append(node.key)
    touches: dict[str, list[str]] = {node.key: [] for node in nodes}
    for flow in flows:
        touches[flow.start].append(flow.end)
        touches[flow.end].append(flow.start)
    tallest = max((len(column) for column in by_column), default=1)
    for _ in range(_SWEEPS):
        for column in by_column:
            middle = {n: _mean([ranks[m] for m in touches[n]], ranks[n]) for n in column}
            column.sort(key=lambda n, at=middle: (at[n], n))  # type: ignore[misc]
            offset = (tallest - len(column)) / 2
            for place, name in enumerate(column):
                ranks[name] = offset + place
    places = {
        name: (_column_x(number, columns), _TOP + _ROW * (ranks[name] + 0.5))
        for number, column in enumerate(by_column)
        for name in column
    }
    return places, float(_TOP + _ROW * tallest + 12)


def _mean(values: Sequence[float], otherwise: float) -> float:
    """The mean; `otherwise` of nothing."""
    return sum(values) / len(values) if values else otherwise


def _column_x(number: int, columns: int) -> float:
    """Where a column stands."""
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (number / max(columns - 1, 1))


def _flow(flow: Flow, places: Places) -> str:
    """A curve from one node to another, also backwards in the picture."""
    (x1, y1), (x2, y2) = places[flow.start], places[flow.end]
    pull = max(abs(x2 - x1) / 2, 30.0)
    data = (
        f"M{shown(x1)} {shown(y1)}C{shown(x1 + pull)} {shown(y1)} "
        f"{shown(x2 - pull)} {shown(y2)} {shown(x2)} {shown(y2)}"
    )
    return element(
        "path", element("title", safe(flow.text)), id=flow.key, d=data, class_="flow",
        stroke_width=flow.width, data_a=flow.start, data_b=flow.end,
    )  # fmt: skip


def _node(node: Node, place: tuple[float, float], *, named: bool) -> str:
    """A mark with its name: points are accounts, boxes are everything else."""
    x, y = place
    if node.kind.startswith("account"):
        mark = element("circle", cx=x, cy=y, r=6)
    else:
        mark = element("rect", x=x - 6, y=y - 6, width=12, height=12)
    name = label(x + 10, y + 4, node.name, "name") if named else ""
    tip = element("title", safe(node.text))
    return element("g", tip + mark + name, id=node.key, class_=f"node {node.kind}")
