"""Elements of SVG as text, and the frame that every chart with axes shares."""

from __future__ import annotations

from analyzer.report.html.charts.scale import Scale, brief
from analyzer.report.html.escape import safe

WIDTH = 640
"""Width of every picture in its own units; a page scales it to the column."""
LEFT, RIGHT, TOP, BOTTOM = 70, 30, 30, 58
"""Space around the plot, in the picture's units: room for labels even in the narrow form."""


def element(tag: str, inner: str = "", **attributes: object) -> str:
    """An element. `class_` is `class`, `_` is `-`; text values are escaped, None is left out."""
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{safe(shown(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{pairs}>{inner}</{tag}>" if inner else f"<{tag}{pairs}/>"


def shown(value: object) -> str:
    """An attribute's value: numbers with at most one decimal, so that bytes stay few and equal."""
    if isinstance(value, float):
        text = f"{value:.1f}".removesuffix(".0")
        return "0" if text == "-0" else text
    return str(value)


def label(x: float, y: float, text: str, class_: str, *, anchor: str | None = None) -> str:
    """A piece of text. anchor: `start` (default), `middle` or `end`."""
    return element("text", safe(text), x=x, y=y, class_=class_, text_anchor=anchor)


def picture(key: str, height: float, inner: str, title: str, *, width: int = WIDTH) -> str:
    """The whole picture, named `title` for those who do not see it."""
    return element(
        "svg",
        inner,
        id=key,
        viewBox=f"0 0 {width} {shown(float(height))}",
        role="img",
        aria_label=title,
    )


def frame(x: Scale | None, y: Scale | None, height: float, x_name: str, y_name: str) -> str:
    """Grid lines, ticks and names of the axes; every second label can be hidden (`minor`)."""
    parts = []
    bottom = height - BOTTOM
    for number, value in enumerate(y.ticks if y else ()):
        at = y.at(value) if y else 0.0
        kind = "zero" if value == 0 else "grid"
        parts.append(element("path", d=f"M{LEFT} {shown(at)}H{WIDTH - RIGHT}", class_=kind))
        parts.append(label(LEFT - 8, at + 4, brief(value), _minor(number), anchor="end"))
    for number, value in enumerate(x.ticks if x else ()):
        at = x.at(value) if x else 0.0
        kind = "zero" if value == 0 else "grid"
        parts.append(element("path", d=f"M{shown(at)} {TOP}V{shown(bottom)}", class_=kind))
        parts.append(label(at, bottom + 25, brief(value), _minor(number), anchor="middle"))
    parts.append(label(WIDTH - RIGHT, height - 8, x_name, "axis", anchor="end"))
    parts.append(label(LEFT, TOP - 10, y_name, "axis"))
    return "".join(parts)


def _minor(number: int) -> str:
    return "tick minor" if number % 2 else "tick"
