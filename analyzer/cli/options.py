"""Options that several verbs share, so that the same thing has the same name everywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from analyzer.cli.failure import keep_secret
from analyzer.cli.settings import chosen_deployments, default_fail_on, default_place, needed
from analyzer.model.limits import LIMITS, Limit

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FORMATS = ("table", "json", "csv", "markdown")
"""The formats of every answer."""
DOCUMENT_FORMATS = (*FORMATS, "sarif", "findings")
"""The formats of the document of a scan."""
FAIL_ON = ("low", "medium", "high", "critical", "never")
"""Severities that `--fail-on` takes."""
RPC_VARIABLE = "ANALYZER_RPC"
"""Environment variable with RPC URLs, separated by commas or white space."""


def limit_options() -> list[click.Parameter]:
    """One option for each limit on what strangers send. They stand before the verb and hold for
    the process and for those that it starts."""
    return [_limit_option(limit) for limit in LIMITS]


def _limit_option(limit: Limit) -> click.Parameter:
    def apply(_ctx: click.Context, _param: click.Parameter, value: int | None) -> None:
        if value is not None:
            limit.set(value)

    return click.Option(
        [limit.option],
        type=click.IntRange(min=1, max=limit.most),
        metavar="N",
        expose_value=False,
        callback=apply,
        help=f"Limit: {limit.what}. [env: {limit.variable}; default: {limit.default}]",
    )


def split_urls(text: str) -> tuple[str, ...]:
    """The URLs in `text`, which separates them by commas or white space."""
    return tuple(url for url in re.split(r"[,\s]+", text) if url)


def _urls(ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    urls = tuple(url for text in given for url in split_urls(text))
    # A recording that is named replaces the node that the environment names.
    if not urls and ctx.params.get("recording") is None:
        urls = split_urls(os.environ.get(RPC_VARIABLE, ""))
    keep_secret(urls)
    return urls


def rpc_option(command: Decorated) -> Decorated:
    """`--rpc URL`, repeatable; from ANALYZER_RPC when neither it nor a recording is given. Gives a
    tuple of URLs."""
    return click.option(
        "--rpc",
        multiple=True,
        metavar="URL",
        callback=_urls,
        help="RPC endpoint, or ipc:PATH for a node's socket; give several for failover. "
        f"[env: {RPC_VARIABLE}]",
    )(command)


def recording_option(command: Decorated) -> Decorated:
    """`--recording PATH`: answers from a recording instead of a node."""
    return click.option(
        "--recording",
        type=click.Path(path_type=Path),
        # Known before --rpc is looked at, in whatever order they were written.
        is_eager=True,
        help="Read from this recording (folder or .zip) instead of a node.",
    )(command)


def source_options(command: Decorated) -> Decorated:
    """Where answers come from: `--rpc` or `--recording`, and `--deployment` (repeatable)."""
    command = click.option(
        "--deployment",
        "deployments",
        multiple=True,
        callback=chosen_deployments,
        metavar="FILE|NAME",
        help="Deployment file (.toml) or the name of one that ships with the package or the "
        "recording; repeat for several. With --recording, the default is all it holds; else what "
        "analyzer.toml names.",
    )(command)
    return recording_option(rpc_option(command))


def db_option(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """`--db FILE`: the snapshot; by default `scan.duckdb` of the data folder, if settings name
    one, where a command needs a snapshot."""
    return click.option(
        "--db",
        type=click.Path(path_type=Path),
        required=required,
        default=default_place("scan.duckdb") if required else None,
        callback=needed if required else None,
        metavar="FILE",
        help="The snapshot: a DuckDB file.",
    )


def index_option(command: Decorated) -> Decorated:
    """`--index FILE`: the index, by default beside the snapshot."""
    return click.option(
        "--index",
        "index_path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The index of raw logs, kept from run to run. [default: beside --db]",
    )(command)


def from_scratch_option(command: Decorated) -> Decorated:
    """--from-scratch: no fold of an earlier scan is gone on from."""
    return click.option(
        "--from-scratch",
        is_flag=True,
        help="Fold every log from the first, whatever the index kept of earlier scans.",
    )(command)


def max_age_option(command: Decorated) -> Decorated:
    """`--max-age AGE`: how old the head of a live chain may be."""
    return click.option(
        "--max-age",
        metavar="AGE",
        help="How old the block may be that a live endpoint names as latest, safe or finalized: "
        "90s, 15m, 2h, 1d or none; an older one is not read (exit code 3). A block that is asked "
        "for by number is never judged. [default: by chain; none for a chain that is not known]",
    )(command)


def triage_option(command: Decorated) -> Decorated:
    """`--triage FILE`: the accepted findings, by default beside the snapshot."""
    return click.option(
        "--triage",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Accepted findings. [default: triage.toml beside --db, if it is there]",
    )(command)


def depth_option(command: Decorated) -> Decorated:
    """`--depth FILE`: how much each market takes, where nothing is read from pools."""
    return click.option(
        "--depth",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="How much each market takes (TOML); the stated default for the rest.",
    )(command)


def fail_on_option(command: Decorated) -> Decorated:
    """`--fail-on SEVERITY`: from which severity on findings change the exit code."""
    return click.option(
        "--fail-on",
        type=click.Choice(FAIL_ON),
        default=default_fail_on,
        help="Exit with 1 when a finding that is not accepted is at least this severe. "
        "[default: high]",
    )(command)


def format_option(command: Decorated) -> Decorated:
    """`--format table|json|csv|markdown`, and `--json` as a short form of one of them."""
    command = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")(
        command
    )
    return click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How the document is written to standard output.",
    )(command)


def key_values(what: str) -> Callable[..., dict[str, str]]:
    """The callback of a repeatable option whose values are `what` (NAME=VALUE, NAME=FILE): each
    name with its value. A name that is given twice is refused: which of the two was meant?"""

    def parse(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
        values: dict[str, str] = {}
        for text in given:
            name, equals, value = text.partition("=")
            if not (name and equals) or (not value and what == "NAME=FILE"):
                raise click.BadParameter(f"{text!r} is not {what}", ctx, param)
            if name in values:
                raise click.BadParameter(f"{name} is given twice", ctx, param)
            values[name] = value
        return values

    return parse


def exact_option(command: Decorated) -> Decorated:
    """`--exact`: tables with all digits."""
    return click.option(
        "--exact",
        is_flag=True,
        help="Tables with all digits, however wide; else they are rounded and fit the terminal. "
        "CSV, JSON and Parquet are always exact.",
    )(command)


def with_option(command: Decorated) -> Decorated:
    """`--with NAME=FILE`, repeatable: data of one's own beside a snapshot. Gives `beside`."""
    pairs = key_values("NAME=FILE")

    def parse(
        ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
    ) -> dict[str, Path]:
        return {name: Path(file) for name, file in pairs(ctx, param, given).items()}

    return click.option(
        "--with",
        "beside",
        multiple=True,
        callback=parse,
        metavar="NAME=FILE",
        help="Data of your own that SQL may use by this name: a CSV or Parquet file as a table, "
        "another snapshot as NAME.margin, ... Repeat for several.",
    )(command)


def with_files(beside: Mapping[str, Path]) -> dict[str, Path | None]:
    """The files of `--with` by how each was named, for `check_outputs`."""
    return {f"--with {name}": file for name, file in beside.items()}


def executor_options(command: Decorated) -> Decorated:
    """`--executor local|processes|dask` and `--workers N`: where shards run."""
    return _executor(command, ("local", "processes", "dask"), "")


def cascade_executor_options(command: Decorated) -> Decorated:
    """The same with `auto`, which is the default: processes where there is much to do."""
    more = "; auto: in processes from half a million accounts times scenarios on"
    return _executor(command, ("auto", "local", "processes", "dask"), more)


def _executor(command: Decorated, names: tuple[str, ...], more: str) -> Decorated:
    """`--executor` with its choices, the first of them the default, and `--workers`."""
    command = click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes of --executor. [default: one per core]",
    )(command)
    return click.option(
        "--executor",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="Where the work is done: here, in processes, or by Dask (the extra dask)"
        f"{more}. The result is the same.",
    )(command)
