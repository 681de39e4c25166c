"""Which deployments a run is about: from a file, by name, or all that a recording holds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from analyzer import __version__
from analyzer.abi.keccak import checksum
from analyzer.documents.envelope import Run
from analyzer.documents.listings import DeploymentsDocument, ShippedDeployment
from analyzer.model.closest import did_you_mean
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, is_whole, read_toml, shown
from analyzer.protocols.registry import load_plug, shipped_deployment, shipped_deployments

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def load_deployment(name_or_file: str, recorded: Sequence[Deployment] = ()) -> Deployment:
    """The deployment of that name (of the recording, else shipped; a name before an alias), or in
    that TOML file.

    Raises: InputError when there is none, or the file is malformed; it lists the known names.
    """
    path = Path(name_or_file)
    if path.suffix == ".toml" and path.is_file() and not recorded:
        # The plugs of all protocols are loaded for their deployments: a file needs only its own.
        return read_deployment(path)
    # The plugs of all protocols are loaded for the whole list: most names need only their own.
    own = next((one for one in recorded if one.name == name_or_file), None)
    own = own or shipped_deployment(name_or_file)
    if own is not None:
        return own
    listed = [*recorded, *shipped_deployments()]
    for names in (_own_name, _aliases):
        for deployment in listed:
            if name_or_file in names(deployment):
                return deployment
    if path.suffix == ".toml" or path.is_file():
        return read_deployment(path)
    names_known = [d.name for d in listed]
    close = did_you_mean(name_or_file, names_known)
    known = ", ".join(names_known) or "none"
    raise InputError(
        f"there is no deployment '{name_or_file}', nor such a file{close} (known: {known})"
    )


def chain_of(names_or_files: Sequence[str]) -> int:
    """The chain of some deployments. Raises: InputError when there is more than one."""
    found = [load_deployment(name) for name in names_or_files]
    chains = {deployment.chain_id: deployment.name for deployment in found}
    if len(chains) > 1:
        told = ", ".join(f"{name} of {chain}" for chain, name in sorted(chains.items()))
        raise InputError(
            f"the deployments are of several chains ({told}): a run is about one, name it with"
            " --deployment"
        )
    return found[0].chain_id


def _own_name(deployment: Deployment) -> tuple[str, ...]:
    return (deployment.name,)


def _aliases(deployment: Deployment) -> tuple[str, ...]:
    return deployment.aliases


def list_deployments() -> DeploymentsDocument:
    """What ships with the installed protocols, by protocol, chain and name."""
    listed = sorted(shipped_deployments(), key=lambda d: (d.protocol, d.chain_id, d.name))
    return DeploymentsDocument(
        Run(__version__, 0),
        tuple(
            ShippedDeployment(
                name=d.name,
                protocol=d.protocol,
                chain_id=d.chain_id,
                from_block=d.from_block,
                contracts=dict(d.contracts),
                source=d.source,
                aliases=tuple(d.aliases),
            )
            for d in listed
        ),
    )


_KEYS = frozenset({"name", "protocol", "chain_id", "from_block", "contracts", "factors", "source"})


def read_deployment(path: Path) -> Deployment:
    """A deployment file: `protocol`, `chain_id`, `from_block`, `[contracts]` with role = address,
    and optionally `name` (else the file's) and `[factors]`.

    Raises: InputError naming the file and what is wrong in it.
    """
    values = read_toml(path, "deployment file")
    for key in sorted(set(values) - _KEYS):
        raise InputError(
            f"{path} has a key {shown(key)}: there are only {', '.join(sorted(_KEYS))}"
        )
    contracts = _table(path, values, "contracts")
    factors = _table(path, values, "factors")
    deployment = Deployment(
        _text(path, values, "name", path.stem),
        _text(path, values, "protocol"),
        _number(path, values, "chain_id"),
        _number(path, values, "from_block"),
        {role: _address(path, role, value) for role, value in contracts.items()},
        {name: _factor(path, name, value) for name, value in factors.items()},
        _text(path, values, "source", f"deployment file {path.name}"),
    )
    try:
        check_roles(deployment)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return deployment


def check_roles(deployment: Deployment) -> None:
    """Sees that every contract that the protocol needs is named.

    Raises: InputError listing those that are not.
    """
    plug = load_plug(deployment.protocol)
    missing = [role for role in plug.required_contracts if role not in deployment.contracts]
    if missing:
        raise InputError(
            f"deployment {deployment.name} names no {', '.join(missing)}"
            f" ({deployment.protocol} needs {', '.join(plug.required_contracts)})"
        )


def _text(path: Path, values: Mapping[str, object], key: str, default: str | None = None) -> str:
    """A text of one line of a deployment file."""
    value = values.get(key, default)
    if not isinstance(value, str) or not is_line(value):
        raise InputError(f"{path}: {key} has to be a text of one line, it is {shown(value)}")
    return value


def _factor(path: Path, name: str, value: object) -> str:
    """The risk factor of a symbol or an asset."""
    if not isinstance(value, str) or not is_line(value):
        raise InputError(f"{path}: factors.{name} has to be a text, it is {shown(value)}")
    return value


def _number(path: Path, values: Mapping[str, object], key: str) -> int:
    """A whole number, not negative, of a deployment file."""
    value = values.get(key)
    if not isinstance(value, int) or not is_whole(value):
        raise InputError(
            f"{path}: {key} has to be a whole number, it is {shown(value)} (from 0 to 2^63 - 1)"
        )
    return value


def _table(path: Path, values: Mapping[str, object], key: str) -> dict[str, object]:
    """A table of a deployment file; empty when there is none."""
    value = values.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{path}: [{key}] has to be a table, it is {shown(value)}")
    return value


def _address(path: Path, role: str, value: object) -> str:
    """A checksummed address; one in mixed case has to have the right checksum."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise InputError(f"{path}: contract {role} is no address: {shown(value)}")
    right = checksum(value)
    mixed = value[2:] not in (value[2:].lower(), value[2:].upper())
    if mixed and value != right:
        raise InputError(f"{path}: contract {role} has a wrong checksum: {value}")
    return right
