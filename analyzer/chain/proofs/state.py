"""Accounts and storage words against the state root of a header (yellow paper, 4.1).

state root ─ keccak(address) ─▶ [nonce, balance, storage root, code hash]
storage root ─ keccak(slot) ──▶ the word, without leading zeros; no entry = 0
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.abi.keccak import address_bytes, keccak
from analyzer.chain.proofs.header import EMPTY_ROOT
from analyzer.chain.proofs.tries import ABSENT, BadProofError, node_pool, value_at

_NO_CODE = keccak(b"")
_WORD = 32


@dataclass(frozen=True, slots=True)
class ProvedAccount:
    """What the state root says of an address. storage_root and code_hash are 32 bytes; those of an
    address that is not there are of nothing."""

    storage_root: bytes
    code_hash: bytes


class StateProof:
    """The nodes that a node sent about one block's state, and what its state root says by them."""

    def __init__(self, state_root: bytes, nodes: Iterable[bytes]) -> None:
        self._root = state_root
        self._pool = node_pool(nodes)
        self._accounts: dict[str, ProvedAccount] = {}

    def account(self, address: str) -> ProvedAccount:
        """What is at an address. Raises: BadProofError."""
        key = address.lower()
        if key not in self._accounts:
            self._accounts[key] = self._account(key)
        return self._accounts[key]

    def word(self, address: str, slot: int) -> int:
        """The storage word of a slot as an unsigned number. Raises: BadProofError."""
        root = self.account(address).storage_root
        if root == EMPTY_ROOT:
            return 0
        leaf = value_at(root, keccak(slot.to_bytes(_WORD, "big")), self._pool)
        if leaf == ABSENT:
            return 0
        data = _decoded(leaf)
        # An empty leaf is a 0 that was written: no public chain keeps one, anvil does.
        if not isinstance(data, bytes) or len(data) > _WORD:
            raise BadProofError("a leaf of storage that is no word")
        return int.from_bytes(data, "big")

    def _account(self, address: str) -> ProvedAccount:
        leaf = value_at(self._root, keccak(address_bytes(address)), self._pool)
        if leaf == ABSENT:
            return ProvedAccount(EMPTY_ROOT, _NO_CODE)
        parts = _decoded(leaf)
        if not isinstance(parts, list) or len(parts) != 4:
            raise BadProofError("a leaf of the state that is no account")
        storage_root, code_hash = parts[2:]
        if not all(isinstance(part, bytes) and len(part) == _WORD for part in parts[2:]):
            raise BadProofError("a leaf of the state whose roots are no hashes")
        return ProvedAccount(storage_root, code_hash)


def _decoded(leaf: bytes) -> object:
    """The RLP in a leaf. Raises: BadProofError."""
    import rlp

    try:
        found: object = rlp.decode(leaf)
    except Exception as error:
        # The library raises its own errors and, for odd lengths, plain ones.
        raise BadProofError(f"a leaf that is no RLP ({type(error).__name__})") from None
    return found
