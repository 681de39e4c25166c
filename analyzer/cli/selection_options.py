"""`--detect`, `--exclude`, `--threshold`: what a run looks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from analyzer.cli.settings import selection_names, settings

if TYPE_CHECKING:
    from analyzer.model.selection import Selection

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def selection_options(command: Decorated) -> Decorated:
    """`--detect ID`, `--exclude ID`, `--threshold ID=AMOUNT`, each repeatable. Gives `detect`,
    `exclude` and `thresholds`, for `selected`."""
    command = click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        callback=_thresholds,
        metavar="ID=AMOUNT",
        help="Tell a detector's findings only from this size of their main measure on. "
        "Repeat for several.",
    )(command)
    command = click.option(
        "--exclude",
        multiple=True,
        callback=selection_names("exclude"),
        metavar="ID",
        help="Do not look for findings of this detector. Repeat for several.",
    )(command)
    return click.option(
        "--detect",
        multiple=True,
        callback=selection_names("detect"),
        metavar="ID",
        help="Look for findings of this detector alone, and for what says whether the scan can be "
        "believed. Repeat for several.",
    )(command)


def selected(
    detect: Sequence[str], exclude: Sequence[str], thresholds: Mapping[str, str]
) -> Selection:
    """The selection of these options. Raises: InputError for what there is not."""
    from analyzer.findings.selection import select

    return select(detect, exclude, thresholds)


def _thresholds(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    out: dict[str, str] = {}
    for text in given:
        name, equals, amount = text.partition("=")
        if not (name and equals and amount):
            raise click.BadParameter(f"{text!r} is not ID=AMOUNT", ctx, param)
        if name in out:
            raise click.BadParameter(f"{name} is given twice", ctx, param)
        out[name] = amount
    return {**settings().thresholds(), **out}
