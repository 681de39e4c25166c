"""The deployments that ship with the package: addresses as published, with their provenance."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.deployment import Deployment
from analyzer.protocols.shipped import load_shipped, require_contracts

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
    """The deployments in `deployments.json`, never checked against a live chain."""
    return load_shipped(Path(__file__).with_name("deployments.json"))


def check(deployment: Deployment) -> None:
    """Raises InputError naming every required role that the deployment does not have."""
    require_contracts("perp-v2", REQUIRED_CONTRACTS, deployment.contracts)
