"""Lines over a common axis: how an amount grows with a shock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.report.html.charts.scale import Scale, linear
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
from analyzer.report.html.escape import safe

HEIGHT = 340
KINDS = 6
"""How many lines can be told apart; classes `s0` to `s5`."""
_TICKS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One line. name: what it is. points: (x, y, what the point says in full), x rising."""

    name: str
    points: tuple[tuple[float, float, str], ...]


def curve(
    key: str, lines: Sequence[Line], x_name: str, y_name: str, title: str, *, unit: str = ""
) -> str:
    """The picture; x runs from the smallest to the largest, y from zero. unit: behind x labels."""
    xs = [x for line in lines for x, _, _ in line.points]
    y = linear((y for line in lines for _, y, _ in line.points), HEIGHT - BOTTOM, TOP)
    x = _span(min(xs), max(xs))
    inner = frame(None, y, HEIGHT, x_name, y_name)
    for number, value in enumerate(x.ticks):
        minor = " minor" if number % 2 else ""
        inner += label(
            x.at(value), HEIGHT - BOTTOM + 25, f"{value:g}{unit}", f"tick{minor}", anchor="middle"
        )
    for number, line in enumerate(lines):
        kind = f"s{number % KINDS}"
        places = [(x.at(at), y.at(value), text) for at, value, text in line.points]
        data = "L".join(f"{shown(px)} {shown(py)}" for px, py, _ in places)
        inner += element("path", d=f"M{data}", class_=f"line {kind}")
        for px, py, text in places:
            tip = element("title", safe(f"{line.name}, {text}"))
            inner += element("circle", tip, cx=px, cy=py, r=4, class_=f"knob {kind}")
    return picture(key, HEIGHT, inner, title)


def _span(low: float, high: float) -> Scale:
    """A straight scale from the first to the last x, with round ticks between them."""
    if low == high:
        low, high = low - 1, high + 1
    steps = linear((0.0, high - low), 0, 1).ticks
    step = steps[1] - steps[0]
    first = int(low // step)
    ticks = tuple(
        round(step * n, 10) for n in range(first, first + 2 * len(steps) + 2)
        if low - 1e-9 <= step * n <= high + 1e-9
    )  # fmt: skip
    return Scale(low, high, LEFT, WIDTH - RIGHT, ticks)
