"""How a process ends: one line on standard error, an exit code, and no key in either."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import click

from analyzer.cli.streams import silence
from analyzer.model.atomic import problem_of
from analyzer.model.errors import AnalyzerError, ExitCode, InputError
from analyzer.model.visible import visible

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as a shell has it."""
CLOSED_PIPE = 141
"""Exit code when the reader of standard output went away: 128 + SIGPIPE."""

_URL = re.compile(r"\b(https?|wss?)://([^\s'\"<>(),;]+)")
_IPC = re.compile(r"\bipc:[^\s'\"<>(),;]*/")
"""The folders of a node's socket, which may be those of somebody's home."""
_NO_ROOM = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE}
)
"""What the operating system says without naming a file."""
_SHORTEST_KEY = 4
_secrets: set[str] = set()


def keep_secret(urls: Iterable[str]) -> None:
    """Remembers the parts of these endpoint URLs that no message may show.

    Libraries repeat the path of a URL without its host in their errors, so masking whole URLs is
    not enough: user, password, path and query are remembered one by one.
    """
    for url in urls:
        if url.lstrip().startswith("ipc:"):
            continue  # no key: `mask` leaves out the folders
        try:
            parts = urlsplit(url)
        except ValueError:
            # Not a URL: whatever is in it is not shown, and `runs` says what is wrong with it.
            _secrets.add(url)
            continue
        named = [*parts.netloc.rpartition("@")[0].split(":"), *_values(parts.query)]
        likely = [piece for piece in parts.path.split("/") if _may_be_a_key(piece)]
        pieces = [*(piece for piece in named if len(piece) >= _SHORTEST_KEY), *likely]
        _secrets.update(form for piece in pieces for form in (piece, unquote(piece)))


def _values(query: str) -> list[str]:
    return [pair.partition("=")[2] or pair for pair in query.split("&")]


def _may_be_a_key(piece: str) -> bool:
    """Whether a piece of a path is long or odd enough; "v2" and "optimism" are not, and masking
    them would garble the message."""
    return len(piece) >= 20 or (len(piece) >= 8 and any(c.isdigit() for c in piece))


def mask(text: str) -> str:
    """`text` without endpoint keys: a URL keeps its scheme and host, known key parts become ***;
    a node's socket keeps the name of its file."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _URL.sub(_mask_url, _IPC.sub("ipc:", text))


def _mask_url(match: re.Match[str]) -> str:
    host, slash, rest = match[2].rpartition("@")[2].partition("/")
    host, question, _ = host.partition("?")
    return f"{match[1]}://{host}" + ("/***" if (slash and rest) or question else slash)


def end_with(run: Callable[[], int], *, debug: bool) -> NoReturn:
    """Runs a command and ends the process with its exit code; errors become one line.

    AnalyzerError: its own code. A usage error: 2. Ctrl-C: 130. A closed pipe: 141, silently. What
    the operating system refuses (a file, a full disk, a closed standard output): 2. Anything else
    is a fault of ours: 3, because nothing may be concluded from the run; `debug` adds the
    traceback.
    """
    try:
        code = run()
        _flush()
    except click.exceptions.Exit as ending:
        code = ending.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = ExitCode.BAD_INPUT
    except click.UsageError as error:
        code = _usage_error(error)
    except click.ClickException as error:
        code = _say(error.format_message(), ExitCode.BAD_INPUT)
    except AnalyzerError as error:
        code = _say(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        silence(1)
        code = CLOSED_PIPE
    except OSError as error:
        refused = _refused(error)
        code = _say(refused, ExitCode.BAD_INPUT) if refused else _unexpected(error, debug)
    except Exception as error:
        code = _unexpected(error, debug)
    sys.exit(int(code))


def _flush() -> None:
    """Sends what standard output still holds. Raises: InputError when it does not take it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_show(error) from error


def cannot_show(error: OSError) -> InputError:
    """That standard output takes nothing; whatever it still holds is given up."""
    silence(1)
    return InputError(f"standard output cannot be written: {problem_of(error)}")


def _refused(error: OSError) -> str:
    """What the operating system refused, in one line; '' for an error of a network, or none of
    its own."""
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {problem_of(error)}"
    return problem_of(error) if error.errno in _NO_ROOM else ""


def say_error(text: str) -> None:
    """Writes one line to standard error; where that takes nothing, nobody hears it."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        silence(2)


def _say(text: str, code: int) -> int:
    say_error(f"error: {visible(' '.join(mask(text).split()))}")
    return code


def _usage_error(error: click.UsageError) -> int:
    where = f" (see '{error.ctx.command_path} --help')" if error.ctx is not None else ""
    return _say(f"{error.format_message().rstrip('.')}{where}", ExitCode.BAD_INPUT)


def _unexpected(error: Exception, debug: bool) -> int:
    if debug or os.environ.get("ANALYZER_DEBUG"):
        say_error(mask("".join(traceback.format_exception(error))).rstrip("\n"))
    hint = "" if debug else " (this is a fault of the analyzer; --debug shows where)"
    return _say(f"{type(error).__name__}: {error}{hint}", ExitCode.NOT_FULLY_READ)
