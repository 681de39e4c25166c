"""What a page is made of: lines, tables and headings, as text, before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text. label: what it answers. tone: `good`, `bad`, `doubt` or `plain`. link:
    where the address that the text ends with can be looked up, empty = nowhere."""

    label: str
    text: str
    tone: str = "plain"
    link: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A titled table of text cells. right: names of right-aligned columns. note: below it.
    whole: names of columns that are kept on one line as long as the width allows it (ids). links:
    address that is a cell -> where it can be looked up."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[str] = frozenset()
    note: str = ""
    whole: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of the page."""

    text: str


Block = Line | Grid | Heading
