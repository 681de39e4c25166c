from __future__ import annotations

import pytest

from analyzer.abi.codec import encode_values
from analyzer.devnet.chain import RpcRefusedError
from analyzer.devnet.world import World, chain_id_of, created_address, revert_text

# The example that the Ethereum community has always used for CREATE addresses.
CREATOR = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
CREATED = [
    "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
    "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
    "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
    "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
]


def world(seed: int) -> World:
    """A world of which only the seed is used."""
    return World(None, None, seed)  # type: ignore[arg-type]


def test_created_addresses_are_those_of_the_known_example() -> None:
    assert [created_address(CREATOR, nonce).lower() for nonce in range(4)] == CREATED


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_created_addresses_agree_with_an_rlp_library(nonce: int) -> None:
    import rlp
    from eth_utils import keccak, to_checksum_address

    encoded = rlp.encode([bytes.fromhex(CREATOR[2:]), nonce])
    assert created_address(CREATOR, nonce) == to_checksum_address(keccak(encoded)[12:])


def test_addresses_and_chances_depend_on_the_seed_and_on_the_purpose_alone() -> None:
    assert world(1).address("maker", 2) == world(1).address("maker", 2)
    assert len({world(s).address(r, i) for s in (1, 2) for r in "ab" for i in (0, 1)}) == 8
    assert world(1).random("x").random() == world(1).random("x").random()
    assert len({world(s).random(p).random() for s in (1, 2) for p in "ab"}) == 4


def test_each_seed_has_a_chain_id_of_its_own() -> None:
    assert [chain_id_of(0), chain_id_of(7)] == [31_000_000, 31_000_007]


def test_a_revert_is_told_in_the_contracts_words_else_in_anvils() -> None:
    data = bytes.fromhex("08c379a0") + encode_values(["string"], ["CH_IIC"])
    error = {"code": 3, "message": "execution reverted", "data": "0x" + data.hex()}
    assert revert_text(RpcRefusedError("eth_call", dict(error))) == "CH_IIC"
    silent = {"code": 3, "message": "execution reverted", "data": "0x"}
    assert revert_text(RpcRefusedError("eth_call", dict(silent))) == "execution reverted"
