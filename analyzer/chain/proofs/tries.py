"""Merkle Patricia tries: the root of a list, what a root says of one key (yellow paper, app. D).

The tries themselves are the library `trie`'s; here its errors become ours, whatever a hostile node
puts into a proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analyzer.abi.keccak import keccak
from analyzer.model.errors import lacks_extra

ABSENT = b""
"""What a root says of a key that has no entry."""


class BadProofError(Exception):
    """Nodes that do not lead from the root to the key: too few, damaged, or of another root."""


def needs_tries() -> Any:
    """The library's trie. Raises: InputError where the extra `prove` is not installed."""
    try:
        from trie.hexary import HexaryTrie
    except ImportError:
        raise lacks_extra("proving", "prove") from None
    return HexaryTrie


def list_root(items: Sequence[bytes]) -> bytes:
    """The root of the trie that a block has over a list: key rlp(place), value the item."""
    import rlp

    nodes: dict[bytes, bytes] = {}
    trie = needs_tries()(nodes)
    with trie.squash_changes() as batch:
        for place, item in enumerate(items):
            batch[rlp.encode(place)] = item
    return bytes(trie.root_hash)


def node_pool(nodes: Iterable[bytes]) -> dict[bytes, bytes]:
    """Nodes by their hash: what `value_at` looks into. Whoever made them, a node counts only under
    its own hash."""
    return {keccak(node): node for node in nodes}


def value_at(root: bytes, key: bytes, pool: Mapping[bytes, bytes]) -> bytes:
    """What the trie of that root holds under a key; ABSENT where the nodes prove that it holds
    nothing. key: as it stands in the trie (state and storage: the hash of what is asked for).

    Raises: BadProofError when the nodes do not lead there.
    """
    trie = needs_tries()(dict(pool) if not isinstance(pool, dict) else pool, root)
    try:
        value = trie[key]
    except Exception as error:
        # A node that hashes right may still hold anything: the library says so in many ways.
        raise BadProofError(_words(error)) from None
    if not isinstance(value, bytes):
        raise BadProofError("a leaf that holds no bytes")
    return value


def _words(error: Exception) -> str:
    """What is wrong with a proof, in words of a fixed length."""
    missing = getattr(error, "missing_node_hash", None)
    if isinstance(missing, bytes):
        return f"the node 0x{missing.hex()} is missing"
    return f"a node is malformed ({type(error).__name__})"
