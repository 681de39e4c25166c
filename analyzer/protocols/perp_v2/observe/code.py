"""The code behind each contract at the block, and whether its rules are ours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from analyzer.abi.keccak import checksum
from analyzer.model.errors import InputError
from analyzer.model.reads import Reading
from analyzer.model.rows import ImplementationRow
from analyzer.protocols.perp_v2 import slots
from analyzer.protocols.perp_v2.observe.batch import Batch
from analyzer.protocols.perp_v2.state import Unreadable

_FILE = Path(__file__).parents[1] / "implementations.json"
_SCHEMA = 1
BASE_TOKEN_ROLE = "base_token"


@cache
def known_code() -> Mapping[tuple[str, str], str]:
    """(role, code hash) -> version whose rules this adapter has.

    Raises: InputError when the data file is of another schema (a broken installation).
    """
    import orjson

    document = orjson.loads(_FILE.read_bytes())
    if document.get("schema") != _SCHEMA:
        raise InputError(f"{_FILE.name} is of schema {document.get('schema')}, not {_SCHEMA}")
    return {
        (role, code_hash): str(rules["version"])
        for rules in document["rules"]
        for role, code_hash in rules["code_hashes"].items()
    }


def read_implementations(
    addresses: Mapping[str, str], upgraded: Mapping[str, str]
) -> Reading[list[ImplementationRow]]:
    """One row a contract: role -> address in `addresses`, base tokens as `base_token SYMBOL`.

    `upgraded`: proxy -> implementation as `Upgraded` logs last said, for where the slot is not
    recorded. A contract without a proxy is its own implementation.
    """
    batch = Batch()
    proxies = {
        role: batch.slot(address, slots.IMPLEMENTATION, "EIP-1967 implementation", role)
        for role, address in addresses.items()
    }
    replies = batch.replies((yield batch.requests))
    behind: dict[str, str | None] = {}
    notes: dict[str, str] = {}
    for role, ticket in proxies.items():
        word = replies.word(ticket)
        if not isinstance(word, Unreadable):
            behind[role] = checksum(word.to_bytes(32, "big")[12:]) if word else None
        elif addresses[role] in upgraded:
            behind[role] = upgraded[addresses[role]]
            notes[role] = "implementation from its last Upgraded log"
        else:
            notes[role] = f"{word.what}: {word.reason}"
    hashes = Batch()
    asked = {
        role: hashes.code_hash(implementation or addresses[role], f"code of {role}")
        for role, implementation in behind.items()
    }
    codes = hashes.replies((yield hashes.requests)) if asked else None
    rows = []
    for role, address in addresses.items():
        code = codes.word(asked[role]) if codes is not None and role in asked else None
        code_hash = f"0x{code:064x}" if isinstance(code, int) else None
        if isinstance(code, Unreadable):
            notes[role] = f"{code.what}: {code.reason}"
        rows.append(_row(role, address, behind.get(role), code_hash, notes.get(role, "")))
    return rows


def _row(
    role: str, address: str, implementation: str | None, code_hash: str | None, note: str
) -> ImplementationRow:
    """One contract's row with its status."""
    if code_hash is None:
        return ImplementationRow(role, address, implementation, None, "not recorded", note)
    kind = BASE_TOKEN_ROLE if role.startswith(BASE_TOKEN_ROLE) else role
    version = known_code().get((kind, code_hash))
    text = "; ".join(part for part in (version, note) if part)
    status = "unknown" if version is None else "known"
    return ImplementationRow(role, address, implementation, code_hash, status, text)
