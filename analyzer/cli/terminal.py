"""What a command shows: the document on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

import click

from analyzer.cli.failure import cannot_show
from analyzer.cli.streams import silence
from analyzer.model.atomic import problem_of
from analyzer.model.errors import InputError
from analyzer.model.limits import MB
from analyzer.model.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

_MOST_TEXT = 16 * MB
"""Bytes of what a person writes for us to read; a device that never ends is more than that."""
Progress = Callable[[str, int, int], None]
"""Called as (what, done, total) while long work goes on; the same shape as `chain`'s."""


def emit(document: str) -> None:
    """Writes the document to standard output: this, and nothing else, is what goes there.

    Raises: InputError when standard output is closed or takes nothing.
    """
    try:
        click.echo(document, nl=not document.endswith("\n"))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_show(error) from error


def note(text: str) -> None:
    """Writes one line for people to standard error; what a screen would obey is written out."""
    try:
        click.echo(visible(text, lines=True), err=True)
    except OSError:
        silence(2)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is there and is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError):
        return False


def read_input() -> str:
    """All of standard input. Raises: InputError when it is closed, has no end, or is no text in
    UTF-8."""
    return "" if sys.stdin is None else _text_of(sys.stdin.buffer, "standard input")


def read_file(path: Path) -> str:
    """All of a file, which may be a pipe. Raises: InputError, as `read_input`."""
    try:
        with path.open("rb") as file:
            return _text_of(file, str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {problem_of(error)}") from error


def _text_of(file: BinaryIO, name: str) -> str:
    """The whole text of a stream. Raises: InputError."""
    try:
        data = file.read(_MOST_TEXT + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be read: {problem_of(error)}") from error
    if len(data) > _MOST_TEXT:
        raise InputError(f"{name} cannot be read: it is longer than {_MOST_TEXT // MB} MB of SQL")
    return text


def in_colour(*, terminal: bool) -> bool:
    """Whether colour is wanted: on a terminal, unless it is a dumb one or NO_COLOR is set (to
    anything but nothing); FORCE_COLOR asks for it elsewhere too (0 = it does not). NO_COLOR wins.

    Source: no-color.org, force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return os.environ["FORCE_COLOR"] not in ("0", "false")
    return terminal and os.environ.get("TERM") not in ("dumb", "unknown")


def to_terminal() -> bool:
    """Whether standard output is a terminal, so that colour and its width may be used."""
    return is_terminal(sys.stdout)


def _for_bars() -> Console:
    """Standard error as the bars draw on it: they move its cursor, and colour it only if wanted."""
    from rich.console import Console

    plain = not in_colour(terminal=True)
    return Console(stderr=True, no_color=plain, color_system=None if plain else "auto")


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress display on standard error; does nothing when that is not a terminal.

    One bar a kind of work, added when it is first reported and drawn again as it advances: how much
    of how much, how much a second, and how long it may still take. What has no known end (a total
    of 0) is counted.
    """
    # A dumb terminal cannot draw a bar anew, so it gets none.
    if not is_terminal(sys.stderr) or os.environ.get("TERM") in ("dumb", "unknown"):
        yield lambda _what, _done, _total: None
        return
    from time import monotonic as clock

    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=_for_bars(), transient=True) as bars:
        tasks: dict[str, object] = {}
        first: dict[str, tuple[float, int]] = {}
        # What opens files and connections reports nothing yet, and still is seen to be alive.
        begun = bars.add_task("begin", total=None, rate="")

        def report(what: str, done: int, total: int) -> None:
            if not tasks:
                bars.remove_task(begun)
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None, rate="")
                first[what] = (clock(), done)
            since, before = first[what]
            seconds = clock() - since
            rate = f"{(done - before) / seconds:,.0f}/s" if seconds >= 1 else ""
            bars.update(
                tasks[what],  # type: ignore[arg-type]
                completed=done,
                total=total or None,
                rate=rate,
            )

        yield report
