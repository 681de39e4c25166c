"""What `analyzer config show` says: every setting, and where its value came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from analyzer.documents.envelope import Document


@dataclass(frozen=True, slots=True)
class SettingEntry:
    """One setting. values: its texts, keys of endpoints masked; empty = nothing is said. origin:
    `file`, `environment` or `default`; line: of the file; variable: of the environment."""

    key: str
    values: tuple[str, ...]
    origin: str
    line: int | None
    variable: str | None


@dataclass(frozen=True, slots=True)
class SettingsDocument(Document):
    """What holds in this folder, before the command line. file: null = no file counts."""

    KIND: ClassVar[str] = "settings"

    file: str | None
    settings: tuple[SettingEntry, ...]
