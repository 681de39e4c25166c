"""A line no larger than a word: how a number went from scan to scan."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.report.html.charts.svg import element, shown

WIDTH, HEIGHT, _EDGE = 140, 26, 3
BLOCKS = "▁▂▃▄▅▆▇█"
"""The same as text: the least value is the lowest block, the most the highest."""


def spark(values: Sequence[float | None], title: str) -> str:
    """The line, with a dot on its last known value; what is unknown leaves a gap in it."""
    places = _places(values)
    parts: list[list[str]] = [[]]
    for place in places:
        if place is None:
            parts.append([])
        else:
            parts[-1].append(f"{shown(place[0])} {shown(place[1])}")
    # A value between two gaps is a point: a line of no length.
    data = "".join(f"M{'L'.join(part)}{'h0' if len(part) == 1 else ''}" for part in parts if part)
    inner = element("path", d=data, class_="line s0")
    known = [place for place in places if place is not None]
    if known:
        inner += element("circle", cx=known[-1][0], cy=known[-1][1], r=3, class_="knob s0")
    return element(
        "svg", inner, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=title, class_="spark"
    )


def spark_text(values: Sequence[float | None]) -> str:
    """The line as characters, a space where nothing is known."""
    known = [value for value in values if value is not None]
    low, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    last = len(BLOCKS) - 1
    return "".join(
        " " if value is None else BLOCKS[round((value - low) / span * last) if span else 0]
        for value in values
    )


def _places(values: Sequence[float | None]) -> list[tuple[float, float] | None]:
    """Where each value stands."""
    known = [value for value in values if value is not None]
    low, span = min(known, default=0.0), max(known, default=0.0) - min(known, default=0.0)
    step = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    height = HEIGHT - 2 * _EDGE
    return [
        None
        if value is None
        else (
            _EDGE + step * number,
            HEIGHT - _EDGE - (height * (value - low) / span if span else 0),
        )
        for number, value in enumerate(values)
    ]
