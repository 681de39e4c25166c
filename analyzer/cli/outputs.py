"""`--format FORMAT[=FILE]`, repeatable: a document in several forms, to files and the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

STANDARD_OUTPUT = "-"
DEFAULT_FORMAT = "table"


@dataclass(frozen=True, slots=True)
class Output:
    """One form of the document and where it goes; None = standard output."""

    format: str
    path: Path | None


def outputs_option(*formats: str) -> Callable[[Decorated], Decorated]:
    """`--format FORMAT[=FILE]` for these formats, and `--json` as a short form of one of them.

    Gives `outputs`, a list of `Output` of which exactly one is for standard output: the one that
    was asked for, else a table.
    """

    def parse(ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> list[Output]:
        words = [*given, *(["json"] if ctx.params.pop("as_json", False) else [])]
        return parse_outputs(words, formats)

    def decorate(command: Decorated) -> Decorated:
        command = click.option(
            "--format",
            "outputs",
            multiple=True,
            callback=parse,
            metavar="FORMAT[=FILE]",
            help=f"{', '.join(formats)}; with =FILE into that file, else (or with =-) to standard "
            "output, which takes one and nothing else. Repeat for several. [default: table]",
        )(command)
        return click.option(
            "--json", "as_json", is_flag=True, is_eager=True, help="The same as --format json."
        )(command)

    return decorate


def parse_outputs(given: Sequence[str], formats: Sequence[str]) -> list[Output]:
    """The outputs that the words name; a table for standard output when none of them is.

    Raises: click.BadParameter for an unknown format, two for standard output, or one file twice.
    """
    outputs = []
    for text in given:
        format_, equals, name = text.partition("=")
        if format_ not in formats:
            raise _refused(f"{format_!r} is none of {', '.join(formats)}")
        if equals and not name:
            raise _refused(f"{text!r} names no file (- is standard output)")
        path = Path(name) if equals and name != STANDARD_OUTPUT else None
        outputs.append(Output(format_, path))
    shown = [output for output in outputs if output.path is None]
    if len(shown) > 1:
        said = " and ".join(output.format for output in shown)
        raise _refused(f"{said} both go to standard output, which takes one: write FORMAT=FILE")
    files = [os.path.realpath(output.path) for output in outputs if output.path is not None]
    for file in files:
        if files.count(file) > 1:
            raise _refused(f"two formats go to {file}")
    return outputs if shown else [*outputs, Output(DEFAULT_FORMAT, None)]


def check_outputs(
    outputs: Sequence[Output], taken: Mapping[str, Path | None], *, rows: bool = False
) -> None:
    """Sees, before the work, that every file can be written, and that nothing of somebody else
    lies there. taken: option -> its path; rows: as `check_forms` has it.

    Raises: InputError naming the file and why.
    """
    from analyzer.runs.snapshot.artifact import check_forms

    check_forms({o.path: o.format for o in outputs if o.path is not None}, taken, rows=rows)


def _refused(text: str) -> click.BadParameter:
    return click.BadParameter(text, click.get_current_context(silent=True), param_hint="--format")
