"""The settings of a run, as options ask for them: read once, when the first option needs them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.failure import keep_secret
from analyzer.cli.terminal import note

if TYPE_CHECKING:
    from analyzer.runs.settings.resolve import Settings

_KEPT = "analyzer.settings"


def settings_options() -> list[click.Parameter]:
    """`--config FILE` and `--isolated`, before the verb."""
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=lambda ctx, _param, value: _say(ctx, "config", value),
            help="Settings file. [env: ANALYZER_CONFIG; default: the nearest analyzer.toml, here "
            "or above]",
        ),
        click.Option(
            ["--isolated"],
            is_flag=True,
            expose_value=False,
            callback=lambda ctx, _param, value: _say(ctx, "isolated", value),
            help="Read no settings file. [env: ANALYZER_ISOLATED]",
        ),
    ]


def _say(ctx: click.Context, key: str, value: object) -> None:
    ctx.meta[f"{_KEPT}.{key}"] = value


def settings() -> Settings:
    """The settings of this run; says once, on standard error, which file counts.

    Raises: InputError for a file that is wrong.
    """
    from analyzer.runs.settings.resolve import file_words, load

    ctx = click.get_current_context()
    if ctx.resilient_parsing:  # a shell asks what could be completed: nothing is run or said
        return load(None, isolated=True, environment={})
    known: Settings | None = ctx.meta.get(_KEPT)
    if known is None:
        known = read_anew(ctx)
        ctx.meta[_KEPT] = known
        words = file_words(known)
        if words:
            note(words)
    return known


def read_anew(ctx: click.Context) -> Settings:
    """The settings as the options before the verb say. Raises: InputError."""
    from analyzer.runs.settings.resolve import load

    config, isolated = (ctx.meta.get(f"{_KEPT}.{key}") for key in ("config", "isolated"))
    found = load(config, isolated=bool(isolated))
    entries = {} if found.file is None else found.file.entries
    keep_secret(url for k, e in entries.items() if k.startswith("endpoints.") for url in e.values)
    return found


def for_children(ctx: click.Context) -> None:
    """Hands `--config` and `--isolated` on to the processes that this one starts."""
    config = ctx.meta.get(f"{_KEPT}.config")
    if config is not None:
        os.environ["ANALYZER_CONFIG"] = str(Path(config).resolve())
    if ctx.meta.get(f"{_KEPT}.isolated"):
        os.environ["ANALYZER_ISOLATED"] = "1"


def default_place(name: str) -> Callable[[], Path | None]:
    """The default of an option: a file or folder of the data folder, if settings name one."""
    return lambda: settings().place(name)


def needed(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """A value that has to come from somewhere. Raises: click.MissingParameter."""
    if value is None and not ctx.resilient_parsing:
        raise click.MissingParameter(ctx=ctx, param=param)
    return value


def default_fail_on() -> str:
    """The default of `--fail-on`."""
    return settings().get("fail_on").values[0]


def chosen_deployments(
    ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """`--deployment`, else those of the settings; a recording needs none."""
    known = settings()
    if not given and ctx.params.get("recording") is None:
        given = known.names("deployments")
    return tuple(map(known.deployment, given))


def endpoints(
    rpc: tuple[str, ...], recording: Path | None, deployments: tuple[str, ...]
) -> tuple[str, ...]:
    """The URLs of a run: those that are given, else those that the settings have for the chain of
    its deployments.

    Raises: InputError for deployments of several chains, or a variable that is not set; a usage
    error for a chain that the settings do not have."""
    if rpc or recording is not None or not deployments or not has_endpoints():
        return rpc
    from analyzer.runs.scanning.deployments import chain_of

    chain = chain_of(deployments)
    found = settings().endpoints(chain)
    if not found:
        raise click.UsageError(
            f"The settings have no endpoint for chain {chain}: add it to [endpoints], or give"
            " --rpc",
            click.get_current_context(),
        )
    keep_secret(found)
    return found


def has_endpoints() -> bool:
    """Whether the settings file has endpoints at all."""
    file = settings().file
    return file is not None and any(key.startswith("endpoints.") for key in file.entries)


def selection_names(
    key: str,
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], Any]:
    """What `--detect` and `--exclude` take when they are not given."""
    return lambda _ctx, _param, given: given or settings().names(key)
