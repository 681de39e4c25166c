"""A contract's functions and events, from the standard JSON ABI that ships with the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TypeVar

from analyzer.abi.codec import decode_values, encode_values
from analyzer.abi.errors import DecodeError
from analyzer.abi.keccak import selector, topic
from analyzer.abi.resources import abi_folder
from analyzer.abi.types import parse_type
from analyzer.model.errors import InputError
from analyzer.model.reads import ReadRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventInput:
    """One argument of an event. `name` is the ABI's, or `arg<i>` where it has none."""

    name: str
    type: str
    indexed: bool


@dataclass(frozen=True, slots=True)
class EventAbi:
    """One event. `topic0`: lower-case 0x hash of the signature."""

    name: str
    signature: str
    topic0: str
    inputs: tuple[EventInput, ...]


@dataclass(frozen=True, slots=True)
class FunctionAbi:
    """One function. `selector`: 0x and 8 hex digits; types are canonical, structs as tuples."""

    name: str
    signature: str
    selector: str
    input_types: tuple[str, ...]
    output_types: tuple[str, ...]
    output_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractAbi:
    """The functions and events of one contract.

    `functions` is keyed by name, and by full signature for every function; a name with several
    overloads is only there by signature. `events` likewise.
    """

    name: str
    events: Mapping[str, EventAbi] = field(default_factory=dict)
    functions: Mapping[str, FunctionAbi] = field(default_factory=dict)

    def function(self, name: str) -> FunctionAbi:
        """The function of that name or signature. Raises InputError naming it."""
        try:
            return self.functions[name]
        except KeyError:
            raise InputError(
                f"the ABI of {self.name} has no function '{name}'"
                " (an overloaded one is called by its full signature)"
            ) from None

    def event(self, name: str) -> EventAbi:
        """The event of that name or signature. Raises InputError naming it."""
        try:
            return self.events[name]
        except KeyError:
            raise InputError(f"the ABI of {self.name} has no event '{name}'") from None

    def request(self, to: str, name: str, *args: object, label: str = "") -> ReadRequest:
        """The read that asks the contract at `to` for `name(*args)`.

        Without a label the read is named `Contract.function`.
        """
        function = self.function(name)
        data = function.selector + encode_values(function.input_types, args).hex()
        return ReadRequest("call", to, data, label or f"{self.name}.{function.name}")

    def decode(self, name: str, data: bytes) -> tuple[object, ...]:
        """The return values of `name`. Raises DecodeError naming function and field."""
        function = self.function(name)
        try:
            return decode_values(function.output_types, data, names=function.output_names)
        except DecodeError as error:
            where = f"{self.name}.{function.name}: output {error.field}"
            raise DecodeError(where, error.problem) from None


@lru_cache(maxsize=256)
def load_abi(name: str) -> ContractAbi:
    """The ABI file `<abis>/<name>.json` (`perp_v2/Vault`), a standard JSON ABI list.

    A protocol of another package names its own: `package:path` (`their_plug:abis/Pool`) is the
    file `path.json` among that package's data.
    Raises InputError when there is none, or when it is not such a list.
    """
    import orjson

    try:
        entries = orjson.loads(_abi_bytes(name))
    except (FileNotFoundError, ModuleNotFoundError):
        raise InputError(f"there is no ABI named '{name}'") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"the ABI '{name}' is not JSON: {error}") from error
    return parse_abi(PurePosixPath(name.rpartition(":")[2]).name, entries)


def _abi_bytes(name: str) -> bytes:
    """The file behind the name of an ABI. Raises: FileNotFoundError, ModuleNotFoundError."""
    package, colon, path = name.partition(":")
    if not colon:
        return (abi_folder() / f"{name}.json").read_bytes()
    return files(package).joinpath(*PurePosixPath(f"{path}.json").parts).read_bytes()


def parse_abi(name: str, entries: Sequence[Mapping[str, object]]) -> ContractAbi:
    """A ContractAbi from the entries of a standard JSON ABI; other kinds of entry are ignored."""
    if not isinstance(entries, list):
        raise InputError(f"the ABI of {name} is not a list of entries")
    events = [_event(e) for e in entries if e.get("type") == "event"]
    functions = [_function(e) for e in entries if e.get("type") == "function"]
    return ContractAbi(
        name,
        _by_name([(e.name, e.signature, e) for e in events]),
        _by_name([(f.name, f.signature, f) for f in functions]),
    )


def _by_name(items: Sequence[tuple[str, str, T]]) -> dict[str, T]:
    """Items by signature, and by name where the name is not overloaded."""
    names = [name for name, _, _ in items]
    out = {signature: item for _, signature, item in items}
    return out | {name: item for name, _, item in items if names.count(name) == 1}


def _event(entry: Mapping[str, object]) -> EventAbi:
    inputs = tuple(
        EventInput(str(p.get("name") or f"arg{i}"), canonical_type(p), bool(p.get("indexed")))
        for i, p in enumerate(_parameters(entry, "inputs"))
    )
    signature = f"{entry['name']}({','.join(p.type for p in inputs)})"
    return EventAbi(str(entry["name"]), signature, topic(signature), inputs)


def _function(entry: Mapping[str, object]) -> FunctionAbi:
    inputs = tuple(canonical_type(p) for p in _parameters(entry, "inputs"))
    outputs = _parameters(entry, "outputs")
    signature = f"{entry['name']}({','.join(inputs)})"
    return FunctionAbi(
        str(entry["name"]),
        signature,
        selector(signature),
        inputs,
        tuple(canonical_type(p) for p in outputs),
        tuple(str(p.get("name") or "") for p in outputs),
    )


def _parameters(entry: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The list of parameters under `key`; absent is empty, as old ABI files have it."""
    parameters = entry.get(key, [])
    if not isinstance(parameters, list):
        raise InputError(f"ABI entry '{entry.get('name')}': '{key}' is not a list")
    return parameters


def canonical_type(parameter: Mapping[str, object]) -> str:
    """The canonical type of an ABI parameter: `tuple[]` becomes `(a,b)[]`."""
    text = str(parameter["type"])
    if text.startswith("tuple"):
        inner = ",".join(canonical_type(p) for p in _parameters(parameter, "components"))
        text = f"({inner}){text.removeprefix('tuple')}"
    return str(parse_type(text))
