"""What a report says, free of any markup: sections of text, tables and figures.

Every form (page, Markdown) is drawn from this, so that all of them say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analyzer.report.money import fixed, short


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table. text: for people. exact: the amount in full, where `text` is rounded.
    tone: `good`, `bad`, `doubt`, a verdict or a severity. note: a second, smaller line.
    target: key of the block that the cell leads to. link: where the address that it shows can be
    looked up, empty = nowhere."""

    text: str
    exact: str = ""
    tone: str = ""
    note: str = ""
    target: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. kind: `text`, `long` (sentences), `name` (one line), `number` (right, figures
    aligned) or `id` (an address, one line)."""

    name: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """A row. key: its anchor, if it has one. point: (figure, x, y), where it stands in a picture.
    path: the parts of a graph that it names, in order, the first one being the figure."""

    cells: tuple[Cell, ...]
    key: str = ""
    point: tuple[str, int, int] | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataTable:
    """A titled table. note: below it. live: may be sorted and searched where scripts run.
    filters: columns by whose values it may be filtered."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    live: bool = False
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph. code: a command to type, shown below it."""

    text: str
    tone: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One question and its answer. tone: `good`, `bad`, `doubt` or `plain`. spark: how the number
    went, drawn as a small line behind the text. link: where the address that the text ends with can
    be looked up, empty = nowhere."""

    label: str
    text: str
    tone: str = "plain"
    spark: tuple[float | None, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Questions with their answers; the first one may be the headline of its group."""

    items: tuple[Fact, ...]
    headline: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its caption. svg: drawn by `charts`. text: what it shows, in words.
    legend: (class of the mark, what it stands for). table: the same numbers.
    graph: its parts can be followed."""

    key: str
    title: str
    text: str
    svg: str
    legend: tuple[tuple[str, str], ...] = ()
    table: DataTable | None = None
    graph: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks behind a line that opens them. key: its anchor. tone: of the line."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that belong together: on a page that is brief, a column beside others."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Sentences in their order, each a line."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Title:
    """The title of a part of a section."""

    text: str


Block: TypeAlias = DataTable | Prose | Facts | Figure | Fold | Title | Group | Listed


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report. short: its name in the list of contents."""

    key: str
    title: str
    short: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """A whole report. lead: one line below the title. foot: what it was made from. brief: it is
    the first page alone, on one screen."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    foot: tuple[str, ...]
    brief: bool = False


def money(value_e18: int | None, *, places: int = 2, tone: str = "") -> Cell:
    """An amount of 18 decimals, rounded for people, exact beside it; None is `unknown`."""
    if value_e18 is None:
        return Cell("unknown", tone="unknown")
    return Cell(short(value_e18, places=places), fixed(value_e18), tone)


def number(value: int | None) -> Cell:
    """A count; None is `unknown`."""
    return Cell("unknown", tone="unknown") if value is None else Cell(f"{value:,}")


def plain(text: str | None, tone: str = "") -> Cell:
    """Text as it is; None is `unknown`."""
    return Cell("unknown", tone="unknown") if text is None else Cell(text, tone=tone)


_LONG = frozenset(
    {"in words", "rule", "identity", "roundings", "source", "prices after", "amounts"}
)
_NAMES = frozenset({"deployment", "verdict", "severity", "status", "kind", "detector", "scenario"})


def columns(names: str, numbers: str = "", ids: str = "") -> tuple[Column, ...]:
    """Columns from their names, separated by `|`; those in `numbers` and `ids` are of that kind."""
    kinds = {
        **dict.fromkeys(_NAMES, "name"),
        **dict.fromkeys(_LONG, "long"),
        **dict.fromkeys(numbers.split("|"), "number"),
        **dict.fromkeys(ids.split("|"), "id"),
    }
    return tuple(Column(name, kinds.get(name, "text")) for name in names.split("|"))


def row(*cells: Cell | str | int | None, key: str = "") -> Row:
    """A row of cells; text and counts become cells."""
    made = (c if isinstance(c, Cell) else number(c) if isinstance(c, int) else plain(c)
            for c in cells)  # fmt: skip
    return Row(tuple(made), key)


def count(value: int, noun: str) -> str:
    """`1 account`, `2,000 accounts`."""
    return f"{value:,} {noun}" + ("" if value == 1 else "s")


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
