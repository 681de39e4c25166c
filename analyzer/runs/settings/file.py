"""`analyzer.toml`: what a user would otherwise say with every command.

    this folder ──▶ its parents ──▶ the nearest analyzer.toml, alone; or --config FILE; or none

A file that was found may be a stranger's: whoever clones a repository has its analyzer.toml. It is
data: it runs nothing, names no place to write but inside its own folder, and puts no part of the
environment into a URL; `env:NAME` is a variable that holds a whole URL, so that a key goes only to
the host that it is of. A file of another user is not obeyed at all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, line_of, parse_toml, read_text, shown

NAME = "analyzer.toml"
ENV = "env:"
"""Before the name of a variable that holds a URL."""
IPC = "ipc:"
"""Before the path of a node's socket."""
SEVERITIES = ("low", "medium", "high", "critical", "never")
LISTS = ("deployments", "detect", "exclude")
"""Keys that hold a list of names."""
TABLES = {"endpoints": (), "thresholds": (), "folders": ("data", "deployments")}
"""Tables -> the keys that each may have; empty = any, of its own form."""
KEYS = (*LISTS, "fail_on", *TABLES)

_CHAIN = re.compile(r"[1-9]\d{0,18}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(r"(https?|wss?)://[^\s]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting of a file. key: `exclude`, or `endpoints.10`; values: its texts, in order; line:
    where it stands, None where that is not clear."""

    key: str
    values: tuple[str, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file of settings. found: nobody named it, so that it is not trusted with places outside its
    folder."""

    path: Path
    found: bool
    entries: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """What its relative paths are relative to."""
        return self.path.parent


def find(start: Path) -> Path | None:
    """The nearest `analyzer.toml`, in a folder or one above it; None = there is none."""
    for folder in (start, *start.parents):
        path = folder / NAME
        if path.is_file():
            return path
    return None


def read_settings(path: Path, *, found: bool) -> SettingsFile:
    """A file of settings.

    Raises: InputError, one line, with the file, the key and its line.
    """
    where = path if path.is_absolute() else Path.cwd() / path
    if found:
        _check_owner(where)
    try:
        text = read_text(where, "settings file")
    except FileNotFoundError:
        raise InputError(f"there is no settings file {path}") from None
    values = parse_toml(text, where, "settings file", parse_float=str)
    reading = _Reading(where, text, found)
    return SettingsFile(where, found, {entry.key: entry for entry in reading.entries(values)})


def _check_owner(path: Path) -> None:
    """Raises: InputError for a file of another user, who could plant it above every folder."""
    owner = path.stat().st_uid
    if owner not in (os.geteuid(), 0):
        raise InputError(
            f"{path} belongs to another user and is not obeyed: name it with --config, or leave it"
            " out with --isolated"
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file that is being read."""

    path: Path
    text: str
    found: bool

    def entries(self, values: Mapping[str, object]) -> Iterator[Entry]:
        """Every setting, checked."""
        for key, value in values.items():
            if key not in KEYS:
                raise self.wrong((key,), f"there is no setting {shown(key)}", KEYS)
            if key in TABLES:
                yield from self._table(key, value)
            elif key == "fail_on":
                yield self._severity(value)
            else:
                yield self._entry((key,), self._texts((key,), value))

    def wrong(self, keys: Sequence[str], why: str, known: Sequence[str] = ()) -> InputError:
        """The complaint about a key: file, line, what is wrong, and what was meant."""
        line = line_of(self.text, *keys)
        at = "" if line is None else f", line {line}"
        close = did_you_mean(keys[-1], known) if known else ""
        listed = f"; there are {', '.join(known)}" if known and not close else ""
        return InputError(f"{self.path}{at}: {why}{close}{listed}")

    def _table(self, name: str, value: object) -> Iterator[Entry]:
        """The settings of one table."""
        if not isinstance(value, dict):
            raise self.wrong((name,), f"{name} has to be a table [{name}]")
        for key, inner in value.items():
            keys = (name, key)
            if TABLES[name] and key not in TABLES[name]:
                raise self.wrong(keys, f"[{name}] has no {shown(key)}", TABLES[name])
            if name == "endpoints":
                yield self._endpoints(keys, inner)
            elif name == "thresholds":
                yield self._entry(keys, (self._amount(keys, inner),))
            else:
                yield self._entry(keys, (self._folder(keys, inner),))

    def _entry(self, keys: Sequence[str], values: Sequence[str]) -> Entry:
        return Entry(".".join(keys), tuple(values), line_of(self.text, *keys))

    def _severity(self, value: object) -> Entry:
        if not isinstance(value, str) or value not in SEVERITIES:
            raise self.wrong(("fail_on",), f"fail_on is one of {', '.join(SEVERITIES)}")
        return self._entry(("fail_on",), (value,))

    def _texts(self, keys: Sequence[str], value: object) -> list[str]:
        """A list of names; one that is a path of a deployment file is made whole."""
        if not isinstance(value, list) or not all(is_line(item) for item in value):
            raise self.wrong(keys, f"{keys[-1]} has to be a list of names, it is {shown(value)}")
        if keys[0] != "deployments":
            return value
        return [self._inside(keys, item) if _is_path(item) else item for item in value]

    def _endpoints(self, keys: Sequence[str], value: object) -> Entry:
        """The URLs of one chain. No value of them is ever repeated."""
        if not _CHAIN.fullmatch(keys[1]):
            raise self.wrong(keys, f"[endpoints] has chain ids for keys, not {shown(keys[1])}")
        given: list[object] = value if isinstance(value, list) else [value]
        listed = [item for item in given if isinstance(item, str)]
        if not listed or len(listed) < len(given):
            raise self.wrong(keys, f"endpoints.{keys[1]} has to be a URL, env:NAME, or a list")
        found: list[str] = []
        for item in listed:
            if item.startswith(IPC) and is_line(item.removeprefix(IPC)):
                found.append(self._socket(keys, item))
                continue
            is_env = item.startswith(ENV) and _VARIABLE.fullmatch(item.removeprefix(ENV))
            if not is_env and not _URL.fullmatch(item):
                raise self.wrong(
                    keys,
                    f"endpoints.{keys[1]} has to be a URL (http, https, ws, wss), ipc:PATH, or"
                    " env:NAME, a variable that holds a whole URL",
                )
            found.append(item)
        return self._entry(keys, found)

    def _socket(self, keys: Sequence[str], text: str) -> str:
        """The socket of a node: a place, and no more to be named by a stranger than a folder is."""
        path = text.removeprefix(IPC)
        path = path.removeprefix("//") if path.startswith("///") else path
        return IPC + self._inside(keys, os.path.expanduser(path))

    def _amount(self, keys: Sequence[str], value: object) -> str:
        """A threshold as it is written; `findings.selection` says whether it is one."""
        if isinstance(value, bool) or not isinstance(value, str | int) or not is_line(str(value)):
            raise self.wrong(keys, f"thresholds.{keys[1]} has to be an amount such as 100")
        return str(value)

    def _folder(self, keys: Sequence[str], value: object) -> str:
        if not isinstance(value, str) or not is_line(value):
            raise self.wrong(keys, f"folders.{keys[1]} has to be a folder, it is {shown(value)}")
        return self._inside(keys, value)

    def _inside(self, keys: Sequence[str], text: str) -> str:
        """A path, relative to the file's folder; of a file that was found it stays inside it."""
        folder = self.path.parent
        target = folder / text
        if self.found and not is_inside(folder, target):
            raise self.wrong(
                keys,
                f"{shown(text)} lies outside of {folder}: only a file that --config names may say"
                " so",
            )
        return str(target)


def is_inside(folder: Path, target: Path) -> bool:
    """Whether a path, with every link in it followed, lies in a folder."""
    try:
        return target.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def _is_path(name: str) -> bool:
    """Whether the name of a deployment is that of a file."""
    return name.endswith(".toml") or "/" in name
