"""The code behind each contract at the block, and the revision that it says it is.

Aave's code carries its market's addresses as immutables, so every deployment has its own code
hash: the revision is what names the rules, the hash only fixes the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.abi.keccak import checksum
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.aave_v3.code_hashes import release_of_code
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER
from analyzer.protocols.aave_v3.revisions import Rules
from analyzer.protocols.batch import Batch, Unreadable

IMPLEMENTATION_SLOT = 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC
"""EIP-1967: where a proxy keeps its code's address."""

_REVISION_VIEWS = {
    "pool": ("Pool", "POOL_REVISION"),
    "pool_configurator": ("PoolConfigurator", "CONFIGURATOR_REVISION"),
    "a_token": ("AToken", "ATOKEN_REVISION"),
    "variable_debt_token": ("VariableDebtToken", "DEBT_TOKEN_REVISION"),
}


@dataclass(frozen=True, slots=True)
class CodeAt:
    """One contract to look behind. kind: role without the symbol."""

    role: str
    kind: str
    address: str


def read_code(
    rules: Rules, contracts: list[CodeAt], upgraded: Mapping[str, str]
) -> Reading[list[ImplementationRow]]:
    """One row a contract. `upgraded`: proxy -> implementation as logs last said, for where the
    slot is not recorded."""
    batch = Batch(ABI_FOLDER)
    slots = [batch.slot(c.address, IMPLEMENTATION_SLOT, "EIP-1967 slot", c.role) for c in contracts]
    said = [
        batch.call(*_view(c.kind, c.address), about=c.role) if c.kind in _REVISION_VIEWS else None
        for c in contracts
    ]
    replies = batch.replies((yield batch.requests))
    behind: list[str | None] = []
    for contract, ticket in zip(contracts, slots, strict=True):
        word = replies.word(ticket)
        if isinstance(word, Unreadable):
            behind.append(upgraded.get(contract.address))
        else:
            behind.append(checksum(word.to_bytes(32, "big")[12:]) if word else None)
    hashes = Batch(ABI_FOLDER)
    codes = [
        hashes.code_hash(implementation or contract.address, f"code of {contract.role}")
        for contract, implementation in zip(contracts, behind, strict=True)
    ]
    second = hashes.replies((yield hashes.requests))
    rows = []
    for number, contract in enumerate(contracts):
        code = second.word(codes[number])
        ticket_said = said[number]
        revision = None if ticket_said is None else replies.optional(ticket_said)
        code_hash = None if isinstance(code, Unreadable) else f"0x{code:064x}"
        rows.append(
            ImplementationRow(
                contract.role,
                contract.address,
                behind[number],
                code_hash,
                _status(rules, contract.kind),
                _note(rules, contract.kind, revision, release_of_code(contract.kind, code_hash)),
            )
        )
    return rows


def _view(kind: str, address: str) -> tuple[str, str, str]:
    """The revision view of a kind of contract: ABI, address, function."""
    abi, function = _REVISION_VIEWS[kind]
    return abi, address, function


def _status(rules: Rules, kind: str) -> str:
    """Whether the rules are ours. Only the Pool's revision decides: the others follow it."""
    return "unknown" if kind == "pool" and not rules.known else "known"


def _note(rules: Rules, kind: str, revision: int | None, release: str | None) -> str:
    """The revision that the contract says, for the Pool whether it was ever run here, and the
    release whose code this is to the byte, where its hash is known."""
    if kind == "pool":
        run = "compared with real contracts" if rules.executed else "never run against contracts"
        said = f"revision {rules.revision} ({rules.release}), {run}"
    else:
        said = "" if revision is None else f"revision {revision}"
    known = "" if release is None else f"code of {release}"
    return "; ".join(part for part in (said, known) if part)
