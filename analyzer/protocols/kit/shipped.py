"""The deployments that ship with a protocol: a data file of addresses with its provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError

_SCHEMA = 1


def load_shipped(file: Path) -> tuple[Deployment, ...]:
    """The deployments in `file`; every one carries the file's provenance.

    Raises: InputError when the file is of another schema (a broken installation).
    """
    import orjson

    document = orjson.loads(file.read_bytes())
    if document.get("schema") != _SCHEMA:
        raise InputError(f"{file.name} is of schema {document.get('schema')}, not {_SCHEMA}")
    source = str(document["provenance"])
    return tuple(
        Deployment(
            name=str(entry["name"]),
            protocol=str(entry["protocol"]),
            chain_id=int(entry["chain_id"]),
            from_block=int(entry["from_block"]),
            contracts={str(role): str(address) for role, address in entry["contracts"].items()},
            source=source,
            aliases=tuple(map(str, entry.get("aliases", ()))),
        )
        for entry in document["deployments"]
    )


def require_contracts(protocol: str, roles: Sequence[str], contracts: Mapping[str, str]) -> None:
    """Raises InputError naming every role of `roles` that `contracts` does not have."""
    missing = [role for role in roles if role not in contracts]
    if missing:
        raise InputError(
            f"a {protocol} deployment must name {', '.join(roles)}; missing: {', '.join(missing)}"
        )
