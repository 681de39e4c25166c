"""A page drawn for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterable

from analyzer.model.visible import visible
from analyzer.report.blocks import Block, Grid, Heading, Line

DEFAULT_WIDTH = 120
"""Columns of text when standard output is no terminal."""

_STYLES = {"good": "green", "bad": "bold red", "doubt": "yellow", "plain": ""}
_CELL_STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "insolvent": "bold red",
    "liquidatable": "red",
    "unknown": "yellow",
    "OFF": "bold red",
    "DIFFERS": "bold red",
}
_LABEL_WIDTH = 12
_WIDE = 100
"""From this many columns on, ids stay on one line where everything else has room beside them."""
_GAP = 3
"""Spaces between two columns of a grid."""


def table(blocks: Iterable[Block], *, width: int = DEFAULT_WIDTH, colour: bool = False) -> str:
    """The blocks as text of at most `width` columns; `colour` adds terminal colours."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        # Of the caller's choice, whatever the environment says: that was asked already.
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
    )
    for block in blocks:
        _draw(console, block)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def _draw(console: object, block: Block) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    assert isinstance(console, Console)
    if isinstance(block, Heading):
        console.print()
        console.print(Text(visible(block.text), style="bold"))
    elif isinstance(block, Line):
        line = Table.grid(padding=(0, 1))
        line.add_column(width=_LABEL_WIDTH)
        line.add_column()
        line.add_row(
            Text(visible(block.label), style="bold"),
            Text(visible(block.text, lines=True), style=_STYLES[block.tone]),
        )
        console.print(line)
    else:
        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False, show_edge=False)
        ids_whole = console.width >= max(_WIDE, _least_width(block))
        for column in block.columns:
            right = column in block.right
            grid.add_column(
                visible(column),
                justify="right" if right else "left",
                no_wrap=right or (column in block.whole and ids_whole),
                # Folded, never cut: an address without its end is no address.
                overflow="fold",
            )
        for row in block.rows:
            grid.add_row(
                *(Text(visible(cell, lines=True), style=_CELL_STYLES.get(cell, "")) for cell in row)
            )
        console.print()
        if block.title:
            console.print(Text(visible(block.title), style="bold"))
        console.print(grid)
        if block.note:
            console.print(Text(visible(block.note, lines=True), style="dim"))


def _least_width(block: Grid) -> int:
    """Characters that a grid needs if no number, no id and no word in it is broken.

    Where a console has fewer, the ids are folded: a folded id can be put together again, a column
    of three letters a line cannot be read.
    """
    total = _GAP * (len(block.columns) - 1)
    for position, column in enumerate(block.columns):
        cells = [column, *(row[position] for row in block.rows)]
        kept = column in block.right or column in block.whole
        parts = [part for cell in cells for part in (cell.splitlines() if kept else cell.split())]
        total += max((len(part) for part in parts), default=0)
    return total
