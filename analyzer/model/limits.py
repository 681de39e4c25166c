"""How much of what a stranger sends is taken in: an answer of a node, a file that somebody packed.

A few bytes can stand for gigabytes, and an answer may have no end. Each limit is an option of the
commands and a variable of the environment, which the worker processes of a run inherit; an error
that speaks of a limit names both.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from analyzer.model.errors import InputError

MB = 1_000_000
"""Bytes of a megabyte, as they are counted here."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit. option, variable: how it is raised; default: what holds where neither is given;
    most: what no limit may be beyond; what: what it limits, for people."""

    option: str
    variable: str
    default: int
    what: str
    most: int = 1_000_000

    @property
    def value(self) -> int:
        """What holds in this process, at least 1. Raises InputError when the variable is no such
        number."""
        text = os.environ.get(self.variable, "").strip()
        if not text:
            return self.default
        value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0
        if not 1 <= value <= self.most:
            raise InputError(
                f"{self.variable} is '{text[:20]}': it has to be a whole number from 1 to"
                f" {self.most:,}"
            )
        return value

    @property
    def remedy(self) -> str:
        """How the limit is raised, for the end of an error."""
        return f"`analyzer {self.option} N ...` or {self.variable} raises the limit"

    def set(self, value: int) -> None:
        """Sets it for this process and for those that it starts."""
        os.environ[self.variable] = str(value)


ANSWER_MB = Limit(
    "--max-answer-mb",
    "ANALYZER_MAX_ANSWER_MB",
    64,
    "megabytes of one answer of a node, as it comes and unpacked",
)
ANSWER_SECONDS = Limit(
    "--max-answer-seconds",
    "ANALYZER_MAX_ANSWER_SECONDS",
    60,
    "seconds for one whole answer of a node, from the question to the last byte",
)
UNPACKED_MB = Limit(
    "--max-unpacked-mb",
    "ANALYZER_MAX_UNPACKED_MB",
    1024,
    "megabytes of one file of a recording, or of one book of a snapshot, packed and unpacked",
)
LIMITS = (ANSWER_MB, ANSWER_SECONDS, UNPACKED_MB)
