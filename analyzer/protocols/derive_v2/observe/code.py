"""The code behind each contract at the block. No rules are tied to a code hash: the contracts
are not published as packages, so a hash that is read is shown and is `unknown`."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.abi.keccak import checksum
from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.derive_v2.deployments import kind_of
from analyzer.protocols.derive_v2.observe.batch import Batch, Ticket
from analyzer.protocols.derive_v2.observe.feeds import FEED_KINDS
from analyzer.protocols.derive_v2.state import Unreadable

IMPLEMENTATION_SLOT = 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC
"""EIP-1967: keccak('eip1967.proxy.implementation') - 1."""


def read_implementations(
    deployment: Deployment, upgraded: Mapping[str, str]
) -> Reading[list[ImplementationRow]]:
    """One row per contract that rules are about (feeds are not).

    `upgraded`: proxy -> implementation as its `Upgraded` logs last said, for where the slot was
    not recorded. A contract without a proxy is its own implementation.
    """
    contracts = {
        name: address
        for name, address in deployment.contracts.items()
        if kind_of(name) not in (None, *FEED_KINDS)
    }
    batch = Batch()
    slots = {
        n: batch.slot(a, IMPLEMENTATION_SLOT, f"EIP-1967 implementation({n})")
        for n, a in contracts.items()
    }
    replies = batch.replies((yield batch.requests))
    behind: dict[str, str | None] = {}
    notes: dict[str, str] = {}
    for name, ticket in slots.items():
        word = replies.word(ticket)
        if not isinstance(word, Unreadable):
            behind[name] = checksum(word.to_bytes(32, "big")[12:]) if word else None
        elif contracts[name] in upgraded:
            behind[name] = upgraded[contracts[name]]
            notes[name] = "implementation from its last Upgraded log"
        else:
            notes[name] = f"{word.what}: {word.reason}"
    hashes = Batch()
    asked: dict[str, Ticket] = {
        name: hashes.code_hash(behind.get(name) or address, f"contract code({name})")
        for name, address in contracts.items()
    }
    codes = hashes.replies((yield hashes.requests))
    return [
        _row(name, address, behind.get(name), codes.word(asked[name]), notes.get(name, ""))
        for name, address in contracts.items()
    ]


def _row(
    role: str, address: str, implementation: str | None, code: int | Unreadable, note: str
) -> ImplementationRow:
    """One contract's row: its code is not recorded, or its hash is none that rules are tied to."""
    if isinstance(code, Unreadable):
        return ImplementationRow(
            role, address, implementation, None, "not recorded", note or "code hash not recorded"
        )
    code_hash = f"0x{code:064x}"
    return ImplementationRow(role, address, implementation, code_hash, "unknown", note)
