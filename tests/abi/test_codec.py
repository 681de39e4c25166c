from __future__ import annotations

import eth_abi
import pytest

from analyzer.abi.codec import (
    decode_revert,
    decode_values,
    encode_values,
    mapping_slot,
    slot_request,
)
from analyzer.abi.errors import DecodeError
from analyzer.abi.types import parse_type
from analyzer.model.errors import InputError
from analyzer.model.reads import ReadRequest

ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
HOLDER = "0x" + "11" * 20


def word(value: int) -> bytes:
    return (value % (1 << 256)).to_bytes(32, "big")


def test_the_example_of_the_abi_specification_encodes_to_the_bytes_printed_there() -> None:
    # Solidity's ABI specification, "Use of Dynamic Types": f(uint256,uint32[],bytes10,bytes).
    encoded = encode_values(
        ["uint256", "uint32[]", "bytes10", "bytes"],
        [0x123, [0x456, 0x789], b"1234567890", b"Hello, world!"],
    )
    assert encoded.hex() == (
        "0000000000000000000000000000000000000000000000000000000000000123"
        "0000000000000000000000000000000000000000000000000000000000000080"
        "3132333435363738393000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000000000000000000000000000000000e0"
        "0000000000000000000000000000000000000000000000000000000000000002"
        "0000000000000000000000000000000000000000000000000000000000000456"
        "0000000000000000000000000000000000000000000000000000000000000789"
        "000000000000000000000000000000000000000000000000000000000000000d"
        "48656c6c6f2c20776f726c642100000000000000000000000000000000000000"
    )


def test_every_kind_of_value_comes_back_as_its_python_type() -> None:
    types = ["uint24", "int24", "address", "bool", "bytes4", "(int256,string)[]", "uint8[2]"]
    values = [7, -7, ALICE, True, b"abcd", ((-1, "é"), (2, "")), (1, 2)]
    assert decode_values(types, encode_values(types, values)) == tuple(values)


@pytest.mark.parametrize(
    ("types", "data", "field", "problem"),
    [
        (["uint256", "uint24"], word(1), "b (uint24)", "ends after 32 bytes, 64 are needed"),
        (["uint256", "uint24"], word(1) + word(2)[:31], "b (uint24)", "ends after 63 bytes"),
        (["uint24"], word(1 << 24), "a (uint24)", "does not fit uint24"),
        (["int24"], word(1 << 23), "a (int24)", "does not fit int24"),
        (["int24"], word(-(1 << 23) - 1), "a (int24)", "does not fit int24"),
        (["bool"], word(2), "a (bool)", "is no bool"),
        (["address"], word(1 << 160), "a (address)", "dirty padding for an address"),
        (["bytes4"], b"abcde" + bytes(27), "a (bytes4)", "dirty padding for bytes4"),
        (["string"], word(32) + word(3) + b"abcd" + bytes(28), "a (string)", "dirty padding"),
        (["string"], word(32) + word(2) + b"\xff\xfe" + bytes(30), "a (string)", "no UTF-8"),
        (["bytes"], word(32) + word(33) + bytes(32), "a (bytes)", "ends after"),
        (["bytes"], word(1 << 255), "a (bytes)", "ends after"),
        (["uint256[]"], word(32) + word(1 << 200), "a (uint256[])", "ends after"),
        (["uint256[]"], word(32) + word(2) + word(1), "a (uint256[])", "ends after"),
        (["(bool,uint8)[]"], word(32) + word(1) + word(1) + word(256), "a", "[0].1"),
    ],
)
def test_bytes_that_are_not_what_the_abi_says_are_refused_by_field(
    types: list[str], data: bytes, field: str, problem: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_values(types, data, names=["a", "b"])
    assert field in str(caught.value)
    assert problem in str(caught.value)


def test_a_longer_answer_is_taken_as_solidity_takes_it() -> None:
    assert decode_values(["uint256"], word(5) + word(6)) == (5,)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint24", 1 << 24),
        ("uint24", -1),
        ("int24", 1 << 23),
        ("uint256", True),
        ("uint256", "5"),
        ("bool", 1),
        ("address", 5),
        ("bytes4", b"abc"),
        ("string", b"abc"),
        ("bytes", "abc"),
        ("uint8[2]", [1]),
        ("(uint8,bool)", (1,)),
        ("uint8[]", "12"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_not_encoded(kind: str, value: object) -> None:
    with pytest.raises(InputError, match="is no "):
        encode_values([kind], [value])


def test_the_number_of_arguments_has_to_fit() -> None:
    with pytest.raises(InputError, match="2 values are wanted"):
        encode_values(["uint8", "bool"], [1])


@pytest.mark.parametrize(
    "text", ["uint7", "uint264", "bytes33", "int0", "foo", "(uint8", "", "uint8]"]
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_type(text)


def test_short_types_are_made_canonical() -> None:
    texts = ["uint", "int[]", "(uint,(bytes,bool)[3])[]", "function", "()"]
    assert [str(parse_type(t)) for t in texts] == [
        "uint256",
        "int256[]",
        "(uint256,(bytes,bool)[3])[]",
        "bytes24",
        "()",
    ]


def test_reverts_are_read_as_text_panic_or_selector() -> None:
    error = bytes.fromhex("08c379a0") + eth_abi.encode(["string"], ["CH_EAV"])
    panic = bytes.fromhex("4e487b71") + word(0x11)
    assert [
        decode_revert(b""),
        decode_revert(error),
        decode_revert(panic),
        decode_revert(bytes.fromhex("ae769b25")),
        decode_revert(error[:50]),
    ] == ["", "CH_EAV", "Panic(0x11)", "0xae769b25", "0x" + error[:50].hex()]


def test_mapping_slots_are_those_of_the_solidity_documentation_rule() -> None:
    # keccak256(abi.encode(key, slot)), computed here by another library.
    from eth_utils import keccak

    for key, kind in ((7, "uint256"), (-7, "int256"), (ALICE, "address"), (b"\1" * 32, "bytes32")):
        expected = int.from_bytes(keccak(eth_abi.encode([kind, "uint256"], [key, 3])), "big")
        assert mapping_slot(key, 3) == expected


def test_a_slot_request_carries_the_whole_key() -> None:
    assert slot_request(HOLDER, 5, "five") == ReadRequest("slot", HOLDER, f"0x{5:064x}")
