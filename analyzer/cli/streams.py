"""The standard streams, made safe before anything is written to them.

A shell may hand over closed ones (`>&-`), full ones (`>/dev/full`), ones that know ASCII alone
(`PYTHONIOENCODING=ascii`), or readers that go away. None of these is a reason for a traceback.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress

_ESCAPED = "analyzer.escaped"
_ERROR_STREAM = 2


class ClosedOutput(io.TextIOBase):
    """Standard output that was closed when the program began: nothing can be written to it."""

    def write(self, _text: str) -> int:
        """Raises: OSError, as writing to a closed descriptor does."""
        raise OSError(errno.EBADF, "it is closed")


def prepare_streams() -> None:
    """Opens onto nothing what is closed, so that no file that is opened later takes its number, and
    has what a stream cannot encode written as `\\u00b7`."""
    codecs.register_error(_ESCAPED, _escaped)
    for number in range(_ERROR_STREAM + 1):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (to the end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError, ValueError):
                stream.reconfigure(errors=_ESCAPED)


def silence(number: int) -> None:
    """Points a stream that fails at nothing, so that the interpreter's last flush cannot fail."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Characters that an encoding lacks, as JSON writes them too: two escapes beyond 16 bits."""
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    return "".join(f"\\u{pair}" for pair in pairs), error.end
