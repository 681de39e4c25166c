"""click's groups and commands, with two additions: lazy verbs and examples that tests can read."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import click

from analyzer.cli.failure import end_with, mask, say_error
from analyzer.cli.streams import prepare_streams
from analyzer.cli.terminal import emit
from analyzer.model.closest import did_you_mean
from analyzer.model.visible import visible

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class _Told(click.Command):
    """A command whose help is written as documents are: an output that takes nothing is said."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """click's own option, with our way of writing."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class Verb(_Told):
    """A command whose help ends with examples: command lines that a test parses one by one."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples below the options."""
        write_examples(formatter, self.examples)


class VerbGroup(_Told, click.Group):
    """A command with sub-commands (`query`, `devnet`), listed in the order they were added."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The sub-commands in the order of use, not of the alphabet."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The sub-command that the words name. Raises: click.UsageError that proposes one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = did_you_mean(name, self.list_commands(ctx))
            if close and not ctx.resilient_parsing:
                ctx.fail(f"No such command {name!r}{close}")
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples below the options."""
        write_examples(formatter, self.examples)


class Program(VerbGroup):
    """The top-level command: imports a verb's module when that verb is asked for.

    verbs: name -> `module:attribute`. As the outermost command it also decides how the process
    ends: every error becomes one line on standard error and an exit code.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, callback=lambda debug: None, **kwargs)
        self.verbs = dict(verbs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order in which a new user meets them."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the verb `cmd_name`; None when there is no such verb."""
        target = self.verbs.get(cmd_name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Parses `args`, runs the verb and ends the process with its exit code.

        A verb returns its `ExitCode` (None = 0). click's own endings are not used: they print
        two lines for a usage error and give 1 for a closed pipe, which here means 'findings'.
        """
        name = prog_name or "analyzer"
        prepare_streams()
        warnings.showwarning = _show_warning
        self._main_shell_completion(extra, name, complete_var)
        words = list(sys.argv[1:]) if args is None else list(args)

        def run() -> int:
            with self.make_context(name, words, **extra) as ctx:
                return int(self.invoke(ctx) or 0)

        end_with(run, debug="--debug" in words)


def verb(*examples: str, **attributes: Any) -> Callable[[Callable[..., Any]], Verb]:
    """Decorator: makes a function a `Verb` with these example command lines."""
    return click.command(cls=Verb, examples=examples, **attributes)


def _show_help(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    """Writes the help and ends the command. Raises: InputError where it cannot be written."""
    if asked and not ctx.resilient_parsing:
        emit(ctx.get_help())
        ctx.exit()


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as one line on standard error: what it says, without the place in our code."""
    say_error(f"warning: {visible(mask(' '.join(str(message).split())))}")


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Writes a section of example command lines, one a line, never wrapped."""
    if not examples:
        return
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
