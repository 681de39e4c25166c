"""The settings of a run, each from the nearest place that has it.

    command line  ▶  environment  ▶  the file  ▶  default

A table counts entry by entry: one more threshold on the command line leaves the others of the file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.model.errors import InputError
from analyzer.runs.settings.file import ENV, SettingsFile, find, is_inside, read_settings

CONFIG_VARIABLE, ISOLATED_VARIABLE = "ANALYZER_CONFIG", "ANALYZER_ISOLATED"
RPC_VARIABLE = "ANALYZER_RPC"
VARIABLES = {
    "deployments": "ANALYZER_DEPLOYMENTS",
    "detect": "ANALYZER_DETECT",
    "exclude": "ANALYZER_EXCLUDE",
    "fail_on": "ANALYZER_FAIL_ON",
    "folders.data": "ANALYZER_DATA",
    "folders.deployments": "ANALYZER_DEPLOYMENTS_FOLDER",
}
"""Setting -> the variable of the environment that comes before the file."""
DEFAULTS = {"deployments": "", "detect": "all", "exclude": "", "fail_on": "high"}
"""Setting -> what holds when nobody says anything, in words."""
SNAPSHOT, HISTORY = "scan.duckdb", "history"
"""What a folder of data holds by default."""

_URL = re.compile(r"(https?|wss?)://\S+|ipc:\S.*")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: `file`, `environment` or `default`; of a file its line, of the
    environment the variable."""

    kind: str
    line: int | None = None
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it holds for a run, before the command line."""

    key: str
    values: tuple[str, ...]
    origin: Origin


class Settings:
    """What the environment and a file say. file: None = there is none, or --isolated."""

    def __init__(self, file: SettingsFile | None, environment: Mapping[str, str]) -> None:
        self.file = file
        self.environment = environment

    def get(self, key: str) -> Setting:
        """One setting, from the nearest place that has it."""
        variable = VARIABLES.get(key, "")
        text = self.environment.get(variable, "") if variable else ""
        if text.strip():
            single = key == "fail_on" or key.startswith("folders.")
            values = (text.strip(),) if single else split(text)
            return Setting(key, values, Origin("environment", variable=variable))
        entry = None if self.file is None else self.file.entries.get(key)
        if entry is not None:
            return Setting(key, entry.values, Origin("file", line=entry.line))
        default = DEFAULTS.get(key, "")
        return Setting(key, (default,) if default else (), Origin("default"))

    def all(self) -> list[Setting]:
        """Every setting there is: those with a default, then what the file has beside them."""
        in_file = [] if self.file is None else list(self.file.entries)
        keys = dict.fromkeys([*DEFAULTS, *VARIABLES, *sorted(in_file)])
        rpc = split(self.environment.get(RPC_VARIABLE, ""))
        every = [Setting("endpoints", rpc, Origin("environment", variable=RPC_VARIABLE))]
        return [*map(self.get, keys), *(every if rpc else [])]

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names: empty where nobody says anything."""
        found = self.get(key)
        return () if found.origin.kind == "default" else found.values

    def thresholds(self) -> dict[str, str]:
        """Detector -> amount, as the file has them."""
        entries = {} if self.file is None else self.file.entries
        prefix = "thresholds."
        return {k[len(prefix) :]: e.values[0] for k, e in entries.items() if k.startswith(prefix)}

    def endpoints(self, chain_id: int) -> tuple[str, ...]:
        """The URLs of a chain, those of the environment put in. Raises: InputError for a variable
        that is not set, or that holds no URL; it shows no value."""
        found = self.get(f"endpoints.{chain_id}")
        return tuple(self._url(text, found.origin) for text in found.values)

    def data(self) -> Path | None:
        """The folder in which files lie that nobody names; None = nobody says so."""
        found = self.get("folders.data")
        return Path(found.values[0]) if found.values else None

    def place(self, name: str) -> Path | None:
        """A file or folder of the data folder. Raises: InputError where a link in a stranger's
        folder leads out of it."""
        folder = self.data()
        if folder is None:
            return None
        target = folder / name
        file = self.file
        from_file = self.get("folders.data").origin.kind == "file"
        if file is not None and file.found and from_file and not is_inside(file.folder, target):
            raise InputError(
                f"{target} leads out of {file.folder}: name the file on the command line"
            )
        return target

    def deployment(self, name: str) -> str:
        """A deployment by its name in the deployments folder, if it is there; else the name."""
        found = self.get("folders.deployments")
        plain = name and "/" not in name and not name.endswith(".toml")
        if not found.values or not plain:
            return name
        path = Path(found.values[0]) / f"{name}.toml"
        return str(path) if path.is_file() else name

    def _url(self, text: str, origin: Origin) -> str:
        """A URL as it is, or that of a variable. Raises: InputError."""
        if not text.startswith(ENV):
            return text
        name = text.removeprefix(ENV)
        value = self.environment.get(name, "").strip()
        file = "" if self.file is None else str(self.file.path)
        where = f"{file}, line {origin.line}" if origin.line else file
        if not value:
            raise InputError(
                f"{where}: the environment has no {name}: set it to the endpoint's URL"
            )
        if not _URL.fullmatch(value):
            raise InputError(f"{where}: what the environment has as {name} is no URL")
        return value


def load(
    config: Path | None, *, isolated: bool, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings for a run in this folder. config: the file that the command line names.

    Raises: InputError for a file that is wrong.
    """
    if isolated or (config is None and environment.get(ISOLATED_VARIABLE)):
        return Settings(None, environment)
    named = config or (Path(text) if (text := environment.get(CONFIG_VARIABLE, "")) else None)
    if named is not None:
        return Settings(read_settings(named, found=False), environment)
    path = find(Path.cwd())
    return Settings(None if path is None else read_settings(path, found=True), environment)


def split(text: str) -> tuple[str, ...]:
    """The words of a variable, separated by commas or white space."""
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def file_words(settings: Settings) -> str:
    """Which file counts and what it says, for one line on standard error; empty = none does."""
    file = settings.file
    if file is None or not file.entries:
        return ""
    keys: Sequence[str] = list(file.entries)
    return f"settings of {file.path}: {', '.join(keys)}"
