"""Which protocols are installed: found by entry point, so that another package can add one."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Container, Iterator, Sequence
from contextlib import redirect_stdout
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, is_whole, shown
from analyzer.protocols.base import Plug

GROUP = "analyzer.protocols"
_OURS = "analyzer.protocols."
"""What the module of a protocol of this package begins with."""
_TEXTS = ("name", "methodology")
_STAGES = tuple(
    name for name, value in vars(Plug).items() if callable(value) and not name.startswith("_")
)
"""The methods of a plug."""


class BrokenProtocolWarning(UserWarning):
    """A protocol of some installed package cannot be used; everything else goes on without it."""


@cache
def protocol_names() -> tuple[str, ...]:
    """The names of all installed protocols, sorted; whether each can be loaded is not tried."""
    return tuple(sorted(_entries()))


@cache
def load_plug(name: str) -> Plug:
    """The plug named `name` (`perp-v2`).

    Raises: InputError when no such protocol is installed (it lists those that are), or when it
    cannot be loaded or is no plug (it names the package and the reason).
    """
    found = _entries().get(name)
    if found is not None:
        return _load(found[0])
    known = ", ".join(protocol_names()) or "none"
    raise InputError(f"protocol {shown(name)} is not installed (installed: {known})")


def working_plugs() -> Iterator[Plug]:
    """The plug of every installed protocol that can be loaded, by name.

    One that cannot be is left out with a `BrokenProtocolWarning` that names it, as is one that has
    the name of another: another package's fault stops no command that does not ask for that
    protocol.
    """
    for name, (entry, *others) in sorted(_entries().items()):
        for other in others:
            text = f"{_title(other)} has the name of {_title(entry)}, which is used"
            warnings.warn(BrokenProtocolWarning(f"{text}: uninstall that package"), stacklevel=2)
        try:
            yield load_plug(name)
        except InputError as error:
            warnings.warn(BrokenProtocolWarning(str(error)), stacklevel=2)


def shipped_deployments() -> list[Deployment]:
    """The deployments that ship with the installed protocols, ours first; of a protocol that cannot
    be loaded, or whose deployments cannot be used, there is a warning instead."""
    found: dict[str, Deployment] = {}
    for plug in sorted(working_plugs(), key=lambda plug: not _is_ours(type(plug).__module__)):
        try:
            listed = _deployments_of(plug)
        except BaseException as error:
            _let_interrupts_through(error, type(plug).__module__)
            text = f"the deployments of protocol {plug.name!r} cannot be listed: {_reason(error)}"
            warnings.warn(BrokenProtocolWarning(f"{text}: mend or uninstall it"), stacklevel=2)
            continue
        for deployment in listed:
            first = found.setdefault(deployment.name, deployment)
            if first is not deployment:
                text = f"protocol {plug.name!r} ships a deployment {deployment.name!r}, as protocol"
                text += f" {first.protocol!r} does, whose it stays"
                warnings.warn(BrokenProtocolWarning(text), stacklevel=2)
    return list(found.values())


def shipped_deployment(name: str) -> Deployment | None:
    """The deployment of that name that ships with this package, if its name begins with that of its
    protocol (`perp-v2-optimism`): no other protocol is loaded for it. None = ask
    `shipped_deployments`, which has the same one and says what cannot be loaded."""
    for protocol, (entry, *_) in sorted(_entries().items()):
        if not (name.startswith(f"{protocol}-") and _is_ours(_value(entry))):
            continue
        try:
            listed = _deployments_of(load_plug(protocol))
        except Exception:
            return None
        found = next((deployment for deployment in listed if deployment.name == name), None)
        if found is not None:
            return found
    return None


def _entries() -> dict[str, list[EntryPoint]]:
    """Name -> the entry points of that name: ours before another package's, then by what they
    name. The same one of two installations of a package counts once."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, {}).setdefault(_value(entry), entry)
    return {
        name: sorted(some.values(), key=lambda entry: (not _is_ours(_value(entry)), _value(entry)))
        for name, some in found.items()
    }


def _load(entry: EntryPoint) -> Plug:
    """Imports the plug that an entry point names, and sees that it is one.

    Raises: InputError for whatever goes wrong in the other package's code.
    """
    try:
        # Standard output is for the document alone, whatever a package says when it is imported.
        with redirect_stdout(sys.stderr):
            plug: Plug = entry.load()
        problem = _problem(entry.name, plug)
    except BaseException as error:
        _let_interrupts_through(error, _value(entry))
        text = f"{_title(entry)} cannot be loaded: {_reason(error)}"
        raise InputError(f"{text}: mend or uninstall that package") from error
    if problem:
        raise InputError(f"{_title(entry)} is no plug: {problem}: mend or uninstall that package")
    return plug


def _problem(name: str, plug: object) -> str:
    """What a plug lacks of what every plug has; empty = nothing."""
    missing = [
        part for part in (*_TEXTS, "required_contracts", *_STAGES) if not hasattr(plug, part)
    ]
    if missing:
        return f"it is a {type(plug).__name__} and has no {', '.join(missing[:3])}"
    for part in _TEXTS:
        if not is_line(getattr(plug, part)):
            return f"its {part} has to be a text, it is {shown(getattr(plug, part))}"
    if getattr(plug, "name", None) != name:
        return f"it is called {shown(getattr(plug, 'name', None))}"
    roles = getattr(plug, "required_contracts", None)
    if not isinstance(roles, tuple | list) or not all(map(is_line, roles)):
        return f"its required_contracts have to be texts, they are {shown(roles)}"
    for part in _STAGES:
        if not callable(getattr(plug, part)):
            return f"its {part} cannot be called"
    return ""


def _deployments_of(plug: Plug) -> Sequence[Deployment]:
    """The deployments of a plug. Raises: whatever it does; TypeError for what is none."""
    listed = list(plug.deployments())
    for one in listed:
        if not isinstance(one, Deployment):
            raise TypeError(f"{shown(one)} is no Deployment")
        texts = (one.name, one.protocol, *one.contracts, *one.contracts.values())
        if (
            not all(map(is_line, texts))
            or not is_whole(one.chain_id)
            or not is_whole(one.from_block)
        ):
            raise TypeError(f"{shown(one)} has fields of the wrong types")
    return listed


def _let_interrupts_through(error: BaseException, module: str) -> None:
    """Raises a Ctrl-C again: our modules raise none, so it is the user's. Within another package's
    code it cannot be told from one that the package raises, and counts as that."""
    if isinstance(error, KeyboardInterrupt) and _is_ours(module):
        raise error


def _is_ours(value: str) -> bool:
    """Whether a module, or what an entry point names, is of this package."""
    return value.startswith(_OURS)


def _value(entry: EntryPoint) -> str:
    """`package.module:PLUG`."""
    return str(getattr(entry, "value", ""))


def _title(entry: EntryPoint) -> str:
    """A protocol and where it is from, for a complaint."""
    dist = getattr(entry, "dist", None)
    package = "an unknown package" if dist is None else dist.name
    return f"protocol {entry.name!r} of package {package} ({_value(entry)})"


def _reason(error: BaseException) -> str:
    """An error of somebody else's code in one short line, whatever its own words do."""
    try:
        words = " ".join(str(error).split())
    except Exception:
        words = "(its words raise an error of their own)"
    text = f"{type(error).__name__}: {words}".rstrip(": ")
    return text if len(text) <= 300 else f"{text[:299]}…"


def name_among(name: str, known: Container[str]) -> str:
    """The name in `known` by which this deployment goes: `name` itself, or another name of the same
    shipped deployment; `name` when there is none. A snapshot or a history may hold the name that a
    deployment had when it was made."""
    if name in known:
        return name
    for deployment in shipped_deployments():
        names = (deployment.name, *deployment.aliases)
        if name in names:
            return next((other for other in names if other in known), name)
    return name
