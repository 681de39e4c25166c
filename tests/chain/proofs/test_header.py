"""Headers of every fork hash to what they are called; everything else is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from analyzer.chain.proofs.header import ProvedHeader, check_parents, proved_header, quantity
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.chain.wire import parse_header

if TYPE_CHECKING:
    from conftest import Vector

ZERO = "0x" + "00" * 32
EMPTY = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
GENESIS = {
    "number": "0x0",
    "hash": "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
    "parentHash": ZERO,
    "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
    "miner": "0x" + "00" * 20,
    "stateRoot": "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    "transactionsRoot": EMPTY,
    "receiptsRoot": EMPTY,
    "logsBloom": "0x" + "00" * 256,
    "difficulty": "0x400000000",
    "gasLimit": "0x1388",
    "gasUsed": "0x0",
    "timestamp": "0x0",
    "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    "mixHash": ZERO,
    "nonce": "0x0000000000000042",
}
"""Of Ethereum's main network, as everybody can look it up."""


def test_a_header_of_every_fork_hashes_to_the_hash_that_its_node_gave(vector: Vector) -> None:
    proved = proved_header(vector.block)
    assert proved.hash == vector.header["hash"]
    assert "0x" + proved.state_root.hex() == vector.header["stateRoot"]
    assert "0x" + proved.receipts_root.hex() == vector.header["receiptsRoot"]


def test_the_first_block_of_the_main_network_hashes_to_its_name() -> None:
    proved = proved_header(parse_header(GENESIS, whole=True))
    assert proved.hash == GENESIS["hash"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stateRoot", ZERO),
        ("receiptsRoot", ZERO),
        ("timestamp", "0x1"),
        ("parentHash", ZERO),
        ("extraData", "0x00"),
        ("gasUsed", "0x7"),
    ],
)
def test_a_header_with_another_field_contradicts_its_hash(
    vectors: dict[str, Vector], field: str, value: str
) -> None:
    with pytest.raises(ContradictionError, match="hashes to 0x") as caught:
        proved_header(parse_header(vectors["prague"].header | {field: value}, whole=True))
    assert (caught.value.block, caught.value.field) == (1, "hash")


def test_fields_that_are_not_known_are_named(vectors: dict[str, Vector]) -> None:
    raw = vectors["osaka"].header | {"inclusionRoot": ZERO, "anotherRoot": ZERO}
    with pytest.raises(NotProvableError, match=r"block 1 .*anotherRoot, inclusionRoot"):
        proved_header(parse_header(raw, whole=True))


def test_a_field_of_a_later_fork_without_the_earlier_one_is_of_no_fork(
    vectors: dict[str, Vector],
) -> None:
    raw = dict(vectors["cancun"].header)
    raw["withdrawalsRoot"] = None
    with pytest.raises(NotProvableError, match="no withdrawalsRoot"):
        proved_header(parse_header(raw, whole=True))


@pytest.mark.parametrize("value", [None, 7, "0x", "zz", "0x12", "0xzz" + "00" * 31])
def test_a_field_that_is_no_root_is_named_and_nothing_is_raised_besides(
    vectors: dict[str, Vector], value: object
) -> None:
    raw = vectors["london"].header | {"stateRoot": value}
    with pytest.raises(NotProvableError, match="stateRoot is"):
        proved_header(parse_header(raw, whole=True))


def test_a_header_of_which_only_the_hash_is_there_is_not_provable(
    vectors: dict[str, Vector],
) -> None:
    with pytest.raises(NotProvableError, match="only hash, parent and time"):
        proved_header(replace(vectors["london"].block, whole=b""))


def _chain(length: int) -> list[ProvedHeader]:
    """Headers that name each other."""
    return [
        ProvedHeader(n, f"0x{n + 1:064x}", f"0x{n:064x}", n, b"", b"", b"") for n in range(length)
    ]


def test_parents_are_followed_from_a_trusted_hash_to_the_lowest_header() -> None:
    assert check_parents(_chain(5), 4, f"0x{5:064X}".replace("0X", "0x")) == 4


def test_another_trusted_hash_is_named_with_its_block() -> None:
    with pytest.raises(ContradictionError, match="you trust") as caught:
        check_parents(_chain(5), 4, ZERO)
    assert caught.value.block == 4


def test_a_header_that_does_not_chain_is_named_with_its_block() -> None:
    headers = _chain(5)
    headers[2] = replace(headers[2], hash=ZERO)
    with pytest.raises(ContradictionError, match="block 3 names as its parent") as caught:
        check_parents(headers, 4, f"0x{5:064x}")
    assert caught.value.block == 2


def test_a_gap_is_not_jumped() -> None:
    headers = [header for header in _chain(5) if header.number != 2]
    with pytest.raises(NotProvableError, match="block 2 is missing"):
        check_parents(headers, 4, f"0x{5:064x}")


def test_quantities_have_no_leading_zeros_and_zero_is_empty() -> None:
    assert [quantity("0x0"), quantity("0x7f"), quantity("0x0100")] == [b"", b"\x7f", b"\x01\x00"]
    for text in ("", "0x", "-0x1", f"0x1{'00' * 32}"):
        with pytest.raises(ValueError, match=r"."):
            quantity(text)
