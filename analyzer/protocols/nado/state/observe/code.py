"""The code behind each contract at the block, and whether its rules are those of 1.1.0."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.kit.code import CodeAt, load_known, read_code
from analyzer.protocols.nado.deployments import REQUIRED_CONTRACTS
from analyzer.protocols.nado.logs.ledger import NadoLedger

LIQUIDATOR = "ClearinghouseLiq"
"""Reached from the Clearinghouse alone, which names it in a slot."""
_FILE = Path(__file__).parents[2] / "implementations.json"


def read_implementations(
    deployment: Deployment, ledger: NadoLedger, liquidator: str
) -> Reading[list[ImplementationRow]]:
    """One row per contract whose rules the rebuild follows. liquidator: its address."""
    contracts = [
        CodeAt(role, role, address, ledger.upgraded.get(address))
        for role in REQUIRED_CONTRACTS
        for address in (deployment.contracts[role],)
    ]
    contracts.append(CodeAt(LIQUIDATOR, LIQUIDATOR, liquidator))
    rows = yield from read_code(contracts, version_of)
    return rows


@cache
def version_of(kind: str, code_hash: str) -> str | None:
    """The version whose rules a code hash stands for; None for any other code."""
    return load_known(_FILE).get((kind, code_hash))
