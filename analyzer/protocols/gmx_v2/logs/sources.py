"""What is indexed: the three generic events of the one contract that emits all others."""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.protocols.base import Source
from analyzer.protocols.gmx_v2.deployments import ABI_FOLDER, KIND, REQUIRED_CONTRACTS
from analyzer.protocols.kit.shipped import require_contracts

EMITTER = "EventEmitter"
EVENTS = ("EventLog", "EventLog1", "EventLog2")
"""Generic events: the real one is named in the data."""


def sources(deployment: Deployment) -> tuple[Source, ...]:
    """The EventEmitter. Raises: InputError when the deployment lacks a required contract."""
    require_contracts(KIND, REQUIRED_CONTRACTS, deployment.contracts)
    address = deployment.contracts[EMITTER]
    return (Source(EMITTER, address, f"{ABI_FOLDER}/{EMITTER}", EVENTS, deployment.from_block),)
