"""Bars over named steps, and amounts of very different size one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.report.html.charts.scale import bent, brief, linear
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

BAR_HEIGHT = 300
_GAP = 0.18
"""Share of a step that stays empty between two bars."""
_LETTER = 9.0
"""Room for one character of a label, in the picture's units: the widest that the style sheet makes
it where every label is shown."""
_LETTER_NARROW = 12.5
"""The same on a phone, where every second label is hidden."""
_LINE = 42
"""Height of one line of `amounts`: its name above, its mark below."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. name: below it. value: its height. kind: its class. text: what it says in full.
    mark: above it; empty = nothing."""

    name: str
    value: float
    kind: str
    text: str
    mark: str = ""


def bars(key: str, items: Sequence[Bar], x_name: str, y_name: str, title: str) -> str:
    """Upright bars from zero, side by side in the order given."""
    y = linear((bar.value for bar in items), BAR_HEIGHT - BOTTOM, TOP + 14)
    inner = frame(None, y, BAR_HEIGHT, x_name, y_name)
    step = (WIDTH - LEFT - RIGHT) / max(len(items), 1)
    stride = _stride(items, step)
    zero = y.at(0.0)
    for number, bar in enumerate(items):
        left, top = LEFT + step * (number + _GAP / 2), y.at(bar.value)
        middle = LEFT + step * (number + 0.5)
        box = element(
            "rect",
            element("title", safe(bar.text)),
            x=left,
            y=min(top, zero),
            width=step * (1 - _GAP),
            height=max(abs(zero - top), 1.0 if bar.value else 0.0),
            class_=f"bar {bar.kind}",
        )
        inner += box
        if number % stride:
            continue
        minor = " minor" if number // stride % 2 else ""
        inner += label(middle, BAR_HEIGHT - BOTTOM + 25, bar.name, f"tick{minor}",
                             anchor="middle")  # fmt: skip
        if bar.mark:
            inner += label(middle, min(top, zero) - 5, bar.mark, f"mark{minor}", anchor="middle")
    return picture(key, BAR_HEIGHT, inner, title)


def _stride(items: Sequence[Bar], step: float) -> int:
    """Every how many-th bar has a label and a mark, so that none touches the next: here, and on a
    phone, where the text is larger and every second one is hidden."""
    longest = max((len(text) for bar in items for text in (bar.name, bar.mark)), default=0)
    stride = 1
    while longest * max(_LETTER, _LETTER_NARROW / 2) > step * stride and stride < len(items):
        stride += 1
    return stride


def amounts(key: str, items: Sequence[Bar], title: str) -> str:
    """One line an amount, on a scale that bends, so that a small one beside a large one is seen."""
    height = TOP + _LINE * len(items) + BOTTOM
    x = bent((bar.value for bar in items), 24.0, WIDTH - 24.0, most=7)
    inner = ""
    for number, value in enumerate(x.ticks):
        at = x.at(value)
        kind = "zero" if value == 0 else "grid"
        inner += element("path", d=f"M{shown(at)} {TOP}V{height - BOTTOM}", class_=kind)
        minor = " minor" if number % 2 else ""
        inner += label(at, height - BOTTOM + 25, brief(value), f"tick{minor}", anchor="middle")
    inner += label(WIDTH - 24, height - 8, "settlement currency, log scale", "axis", anchor="end")
    zero = x.at(0.0)
    for number, bar in enumerate(items):
        base, end = TOP + _LINE * number + 30, x.at(bar.value)
        inner += label(32, base - 11, bar.name, "name")
        inner += label(WIDTH - 24, base - 11, bar.mark, "mark", anchor="end")
        inner += element("path", d=f"M{shown(zero)} {base}H{shown(end)}", class_=f"stem {bar.kind}")
        inner += element(
            "circle", element("title", safe(bar.text)), cx=end, cy=base, r=6,
            class_=f"knob {bar.kind}",
        )  # fmt: skip
    return picture(key, height, inner, title)
