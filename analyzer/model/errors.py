"""Errors that reach the user, as one line each, with the exit code they end the process with.

An error says what happened, to what, and what to do next. It never holds an RPC key: endpoints
are masked by the chain room before they get into a text.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command says to the shell. Precedence when several apply: 2, 4, 3, 1, 0."""

    CLEAN = 0
    FINDINGS = 1
    BAD_INPUT = 2
    NOT_FULLY_READ = 3
    DIVERGENCE = 4


_PRECEDENCE = (
    ExitCode.BAD_INPUT,
    ExitCode.DIVERGENCE,
    ExitCode.NOT_FULLY_READ,
    ExitCode.FINDINGS,
    ExitCode.CLEAN,
)


def worst_exit(*codes: ExitCode) -> ExitCode:
    """The exit code that wins among `codes` (2, 4, 3, 1, 0 in that order); 0 for none."""
    for code in _PRECEDENCE:
        if code in codes:
            return code
    return ExitCode.CLEAN


class AnalyzerError(Exception):
    """Base of every error that is told to the user as one line instead of a traceback."""

    exit_code = ExitCode.NOT_FULLY_READ


class InputError(AnalyzerError):
    """The input is wrong: an option, a file, an address, a chain id, a recording. Exit code 2."""

    exit_code = ExitCode.BAD_INPUT


def lacks_extra(what: str, extra: str) -> InputError:
    """The complaint that `what` needs an extra that is not installed, with the command that does.

    It names the clone's folder and no name of an index: there `analyzer` is somebody else's.
    """
    return InputError(
        f"{what} needs the extra {extra}: pip install -e '.[{extra}]' in the folder of the clone"
    )


class UnreadError(AnalyzerError):
    """Something that had to be read could not be: node down, block without state. Exit code 3."""

    exit_code = ExitCode.NOT_FULLY_READ
