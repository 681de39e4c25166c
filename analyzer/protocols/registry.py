"""Which protocols are installed: found by entry point, so that another package can add one."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from analyzer.model.errors import InputError
from analyzer.protocols.base import Plug

GROUP = "analyzer.protocols"


@cache
def protocol_names() -> tuple[str, ...]:
    """The names of all installed protocols, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


@cache
def load_plug(name: str) -> Plug:
    """The plug named `name` (`perp-v2`).

    Raises: InputError when no such protocol is installed; it lists those that are.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            plug: Plug = entry.load()
            return plug
    known = ", ".join(protocol_names()) or "none"
    raise InputError(f"protocol {name!r} is not installed (installed: {known})")
