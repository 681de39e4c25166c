"""The envelope: what every document begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Run:
    """What a run says of itself. exit_code: what it said to the shell, 0 to 4."""

    analyzer_version: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Document:
    """What one command says. In JSON `schema` and `kind` come first, then `run`.

    KIND: which document it is. SCHEMA: version of that kind; within a version keys are added, never
    renamed or removed.
    """

    KIND: ClassVar[str]
    SCHEMA: ClassVar[int] = 1

    run: Run
