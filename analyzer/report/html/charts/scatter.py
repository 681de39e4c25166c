"""Equity against requirement: one mark an account, the worst on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.report.html.charts.scale import Scale, bent
from analyzer.report.html.charts.svg import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    element,
    frame,
    label,
    picture,
    shown,
)

HEIGHT = 420
ORDER = ("healthy", "below_initial", "liquidatable", "insolvent")
"""Kinds of dots, the one drawn last on top."""
BEYOND = 1e12
"""An amount beyond this, either way, stands at the edge: one absurd balance hides nobody else."""
MARKS = 6_000
"""At most so many marks of one kind: a million accounts make no larger a page than these."""
_STEPS = 60
"""Pieces that the line equity = requirement is drawn in."""
_CROSS = 4
"""Half the width of a cross."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One account. requirement, equity: whole units, for the picture only. kind: its verdict."""

    requirement: float
    equity: float
    kind: str


@dataclass(frozen=True, slots=True)
class Plane:
    """The scales of one scatter plot."""

    x: Scale
    y: Scale

    def place(self, dot: Dot) -> tuple[int, int]:
        """Where a dot stands, in the picture's units."""
        return round(self.x.at(dot.requirement)), round(self.y.at(dot.equity))


def plane(dots: Sequence[Dot]) -> Plane:
    """Scales that hold all dots."""
    x = bent((min(dot.requirement, BEYOND) for dot in dots), LEFT, WIDTH - RIGHT)
    y = bent((max(min(dot.equity, BEYOND), -BEYOND) for dot in dots), HEIGHT - BOTTOM, TOP)
    return Plane(x, y)


def scatter(key: str, dots: Sequence[Dot], where: Plane, title: str) -> str:
    """The picture. Dots of one kind at one place are one mark, so its size has a bound."""
    inner = frame(where.x, where.y, HEIGHT, "maintenance requirement", "margin equity")
    inner += _edge(where)
    for kind in ORDER:
        places = _bounded({where.place(dot) for dot in dots if dot.kind == kind})
        if places:
            inner += _marks(kind, places)
    inner += element("circle", r=8, class_="here", cx=-20, cy=-20)
    return picture(key, HEIGHT, inner, title)


def _bounded(places: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """At most `MARKS` places: where there are more, those that touch are drawn as one."""
    step = 1
    kept = places
    while len(kept) > MARKS:
        step += 1
        kept = {(x - x % step, y - y % step) for x, y in places}
    return sorted(kept)


def _edge(where: Plane) -> str:
    """The line on which equity is just the requirement, and the area below it."""
    top = min(where.x.high, where.y.high)
    high = where.x.bend(top)
    values = [_unbend(high * step / _STEPS) for step in range(_STEPS + 1)]
    points = [(where.x.at(v), where.y.at(v)) for v in values]
    line = "L".join(f"{shown(x)} {shown(y)}" for x, y in points)
    floor = shown(float(HEIGHT - BOTTOM))
    area = f"M{line}L{shown(points[-1][0])} {floor}L{LEFT} {floor}Z"
    end_x, end_y = points[-1]
    text = label(end_x - 6, max(end_y + 34, TOP + 46), "liquidation line", "aside", anchor="end")
    return (
        element("path", d=area, class_="under")
        + element("path", d=f"M{line}", class_="edge")
        + text
    )


def _unbend(value: float) -> float:
    """The inverse of `symlog`, for values not below zero."""
    return float(10.0**value - 1.0)


def _marks(kind: str, places: Sequence[tuple[int, int]]) -> str:
    """All marks of one kind as one path: crosses for the insolvent, points for the others."""
    if kind == "insolvent":
        size, twice = _CROSS, 2 * _CROSS
        cross = f"l{twice} {twice}m0-{twice}l-{twice} {twice}"
        data = "".join(f"M{x - size} {y - size}{cross}" for x, y in places)
        return element("path", d=data, class_=f"cross {kind}")
    return element("path", d="".join(f"M{x} {y}h0" for x, y in places), class_=f"dots {kind}")
