"""The markets that ship with the package, and what a deployment of Aave V3 must name."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.deployment import Deployment
from analyzer.protocols.kit.shipped import load_shipped, require_contracts

PROTOCOL = "aave-v3"
KIND, ABI_FOLDER = "Aave V3", "aave_v3"
PROVIDER = "pool_addresses_provider"
CONFIGURATOR = "pool_configurator"
REQUIRED_CONTRACTS = (PROVIDER, "pool")
"""Roles that a deployment must name; oracle, sentinel and configurator are resolved from the
provider at the block, whatever the deployment says of them."""


def shipped_deployments() -> tuple[Deployment, ...]:
    """The markets in `deployments.json`, never checked against a live chain."""
    return load_shipped(Path(__file__).with_name("deployments.json"))


def check(deployment: Deployment) -> None:
    """Raises InputError naming every required role that the deployment does not have."""
    require_contracts(PROTOCOL, REQUIRED_CONTRACTS, deployment.contracts)
