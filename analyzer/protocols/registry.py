"""Which protocols are installed: found by entry point, so that another package can add one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from analyzer.model.errors import InputError
from analyzer.model.toml_file import shown
from analyzer.protocols.base import Plug

GROUP = "analyzer.protocols"


class BrokenProtocolWarning(UserWarning):
    """A protocol of some installed package cannot be used; everything else goes on without it."""


@cache
def protocol_names() -> tuple[str, ...]:
    """The names of all installed protocols, sorted; whether each can be loaded is not tried."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


@cache
def load_plug(name: str) -> Plug:
    """The plug named `name` (`perp-v2`).

    Raises: InputError when no such protocol is installed (it lists those that are), or when it
    cannot be loaded (it names the package and the reason).
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return _load(entry)
    known = ", ".join(protocol_names()) or "none"
    raise InputError(f"protocol {shown(name)} is not installed (installed: {known})")


def working_plugs() -> Iterator[Plug]:
    """The plug of every installed protocol that can be loaded, by name.

    One that cannot be is left out with a `BrokenProtocolWarning` that names it: another package's
    fault stops no command that does not ask for that protocol.
    """
    for name in protocol_names():
        try:
            yield load_plug(name)
        except InputError as error:
            warnings.warn(BrokenProtocolWarning(str(error)), stacklevel=2)


def _load(entry: EntryPoint) -> Plug:
    """Imports the plug that an entry point names. Raises: InputError for whatever goes wrong in
    the other package's code."""
    try:
        plug: Plug = entry.load()
    except Exception as error:
        package = entry.dist.name if entry.dist is not None else "an unknown package"
        raise InputError(
            f"protocol {entry.name!r} of package {package} ({entry.value}) cannot be loaded:"
            f" {type(error).__name__}: {error}: mend or uninstall that package"
        ) from error
    return plug
