"""The deployments that ship with the package: addresses as published, with their provenance."""

from __future__ import annotations

from pathlib import Path

from analyzer.model.deployment import Deployment
from analyzer.protocols.kit.shipped import load_shipped, require_contracts
from analyzer.protocols.kit.wiring import NamedBy

KIND, ABI_FOLDER = "Perp V2", "perp_v2"
"""What the contracts are called in words, and the folder of their ABI files."""

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

NAMED_BY: NamedBy = {
    "vault": ("ClearingHouse", "clearing_house", "getVault"),
    "insurance_fund": ("ClearingHouse", "clearing_house", "getInsuranceFund"),
    "account_balance": ("ClearingHouse", "clearing_house", "getAccountBalance"),
    "exchange": ("ClearingHouse", "clearing_house", "getExchange"),
    "order_book": ("ClearingHouse", "clearing_house", "getOrderBook"),
    "clearing_house_config": ("ClearingHouse", "clearing_house", "getClearingHouseConfig"),
    "collateral_manager": ("Vault", "vault", "getCollateralManager"),
    "market_registry": ("Exchange", "exchange", "getMarketRegistry"),
}


def shipped_deployments() -> tuple[Deployment, ...]:
    """The deployments in `deployments.json`, never checked against a live chain."""
    return load_shipped(Path(__file__).with_name("deployments.json"))


def check(deployment: Deployment) -> None:
    """Raises InputError naming every required role that the deployment does not have."""
    require_contracts("perp-v2", REQUIRED_CONTRACTS, deployment.contracts)
