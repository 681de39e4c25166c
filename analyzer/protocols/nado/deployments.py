"""The contracts of Nado by the names that a deployment or a recording gives them."""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.protocols.kit.shipped import require_contracts
from analyzer.protocols.kit.wiring import NamedBy

KIND, ABI_FOLDER = "Nado", "nado"
"""What the contracts are called in words, and the folder of their ABI files."""

REQUIRED_CONTRACTS = (
    "Clearinghouse",
    "SpotEngine",
    "PerpEngine",
    "OffchainExchange",
    "Endpoint",
)
"""Roles that a deployment must name. Tokens, ClearinghouseLiq and the queue are found from them."""

NAMED_BY: NamedBy = {
    "Endpoint": ("Clearinghouse", "Clearinghouse", "getEndpoint"),
    "Clearinghouse": ("SpotEngine", "SpotEngine", "getClearinghouse"),
    "OffchainExchange": ("Endpoint", "Endpoint", "getOffchainExchange"),
}


def check(deployment: Deployment) -> None:
    """Raises InputError naming every required role that the deployment does not have."""
    require_contracts("nado", REQUIRED_CONTRACTS, deployment.contracts)
