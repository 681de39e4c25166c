"""Accounts and words against a state root: what is there, what is not, and damaged proofs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from analyzer.abi.keccak import keccak
from analyzer.chain.proofs.header import proved_header
from analyzer.chain.proofs.state import StateProof
from analyzer.chain.proofs.tries import BadProofError, list_root, node_pool, value_at

if TYPE_CHECKING:
    from conftest import Vector

STRANGER = "0x" + "13" * 20


def _proof(vector: Vector, nodes: list[bytes] | None = None) -> StateProof:
    root = proved_header(vector.block).state_root
    return StateProof(root, vector.nodes if nodes is None else nodes)


def test_words_that_are_there_and_that_are_not_are_proved_under_every_fork(
    vector: Vector,
) -> None:
    proof, address = _proof(vector), vector.proof["address"]
    assert proof.word(address, 7) == 42
    assert proof.word(address, 8) == 0
    account = proof.account(address)
    assert "0x" + account.code_hash.hex() == vector.proof["codeHash"]
    assert "0x" + account.storage_root.hex() == vector.proof["storageHash"]


def test_a_proof_of_another_block_does_not_lead_from_this_one(
    vectors: dict[str, Vector],
) -> None:
    with pytest.raises(BadProofError, match="is missing"):
        _proof(vectors["london"], vectors["cancun"].nodes[:1]).word(STRANGER, 7)


def test_a_truncated_proof_is_none_wherever_it_is_cut(vector: Vector) -> None:
    address = vector.proof["address"]
    for left_out in range(len(vector.nodes)):
        nodes = vector.nodes[:left_out] + vector.nodes[left_out + 1 :]
        if set(nodes) == set(vector.nodes):
            continue  # the same node stands in both words' proofs
        proof = _proof(vector, nodes)
        with pytest.raises(BadProofError, match="is missing"):
            _ = [proof.word(address, slot) for slot in (7, 8)]


def test_a_node_with_one_other_bit_counts_for_nothing(vector: Vector) -> None:
    nodes = [bytes([node[0] ^ 1]) + node[1:] for node in vector.nodes]
    with pytest.raises(BadProofError):
        _proof(vector, nodes).word(vector.proof["address"], 7)


@given(st.lists(st.binary(min_size=33, max_size=80), max_size=4), st.binary(max_size=40))
def test_nodes_of_anything_are_a_bad_proof_and_no_crash(extra: list[bytes], body: bytes) -> None:
    hostile = rlp.encode([b"\x20" + keccak(b"x"), body])
    for root_node in (hostile, *extra):
        # Some of these prove that the stranger is not there, which is an answer too.
        with contextlib.suppress(BadProofError):
            assert StateProof(keccak(root_node), [root_node, *extra]).word(STRANGER, 1) == 0


def _state_of(leaf: bytes) -> StateProof:
    """A state whose only account has this leaf."""
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    trie[keccak(bytes.fromhex(STRANGER[2:]))] = leaf
    return StateProof(trie.root_hash, nodes.values())


@pytest.mark.parametrize(
    "leaf",
    [
        b"\x01",
        b"\xff\xff",
        rlp.encode([b"", b"", b""]),
        rlp.encode([b"", b"", b"short", b"\x01" * 32]),
        rlp.encode([b"", b"", [b"a"], b"\x01" * 32]),
    ],
)
def test_a_leaf_that_is_no_account_is_a_bad_proof(leaf: bytes) -> None:
    with pytest.raises(BadProofError, match="a leaf"):
        _state_of(leaf).account(STRANGER)


def test_a_word_of_more_than_32_bytes_is_a_bad_proof() -> None:
    nodes: dict[bytes, bytes] = {}
    storage = HexaryTrie(nodes)
    storage[keccak((1).to_bytes(32, "big"))] = rlp.encode(b"\x01" * 33)
    state = HexaryTrie(nodes)
    leaf = rlp.encode([b"", b"", storage.root_hash, b"\x02" * 32])
    state[keccak(bytes.fromhex(STRANGER[2:]))] = leaf
    with pytest.raises(BadProofError, match="no word"):
        StateProof(state.root_hash, nodes.values()).word(STRANGER, 1)


def test_an_address_that_is_not_there_has_no_storage_and_no_code(vector: Vector) -> None:
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    trie[keccak(b"\x01" * 20)] = rlp.encode([b"", b"", b"\x01" * 32, b"\x02" * 32])
    proof = StateProof(trie.root_hash, nodes.values())
    assert proof.word(STRANGER, 3) == 0
    assert proof.account(STRANGER).code_hash == keccak(b"")


def test_a_list_has_the_root_of_its_items_at_their_places() -> None:
    items = [bytes([n]) * 40 for n in range(130)]
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    for place, item in enumerate(items):
        trie[rlp.encode(place)] = item
    root = list_root(items)
    assert root == trie.root_hash
    assert value_at(root, rlp.encode(129), node_pool(nodes.values())) == items[129]
    assert list_root(items[::-1]) != root
    assert list_root([]) == keccak(rlp.encode(b""))
