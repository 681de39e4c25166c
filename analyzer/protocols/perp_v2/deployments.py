"""The deployments that ship with the package: addresses as published, with their provenance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError

_FILE = Path(__file__).with_name("deployments.json")
_SCHEMA = 1

REQUIRED_CONTRACTS = (
    "clearing_house",
    "account_balance",
    "exchange",
    "order_book",
    "vault",
    "insurance_fund",
    "clearing_house_config",
    "collateral_manager",
    "market_registry",
)
"""Roles that a deployment must name; base tokens and pools are found through the registry."""


def shipped_deployments() -> tuple[Deployment, ...]:
    """The deployments in `deployments.json`, never checked against a live chain.

    Raises: InputError when the file is of another schema (a broken installation).
    """
    import orjson

    document = orjson.loads(_FILE.read_bytes())
    if document.get("schema") != _SCHEMA:
        raise InputError(f"{_FILE.name} is of schema {document.get('schema')}, not {_SCHEMA}")
    source = str(document["provenance"])
    return tuple(
        Deployment(
            name=str(entry["name"]),
            protocol=str(entry["protocol"]),
            chain_id=int(entry["chain_id"]),
            from_block=int(entry["from_block"]),
            contracts={str(role): str(address) for role, address in entry["contracts"].items()},
            source=source,
        )
        for entry in document["deployments"]
    )


def require_contracts(contracts: Mapping[str, str]) -> None:
    """Raises InputError naming every required role that `contracts` does not have."""
    missing = [role for role in REQUIRED_CONTRACTS if role not in contracts]
    if missing:
        raise InputError(
            f"a perp-v2 deployment must name {', '.join(REQUIRED_CONTRACTS)}; "
            f"missing: {', '.join(missing)}"
        )
