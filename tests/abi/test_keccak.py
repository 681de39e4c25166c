from __future__ import annotations

import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from analyzer.abi.errors import DecodeError
from analyzer.abi.keccak import address_bytes, checksum, keccak, selector, topic

# The addresses that EIP-55 itself gives as examples.
EIP_55 = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)


@pytest.mark.parametrize("address", EIP_55)
def test_checksums_are_those_of_the_standard(address: str) -> None:
    assert [checksum(address.lower()), checksum(bytes.fromhex(address[2:]))] == [address, address]


@given(st.binary(min_size=20, max_size=20))
def test_checksum_agrees_with_eth_utils(raw: bytes) -> None:
    assert checksum(raw) == to_checksum_address("0x" + raw.hex())


def test_hashes_topics_and_selectors_are_those_that_everybody_knows() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert topic("Transfer(address,address,uint256)") == (
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    )
    assert selector("transfer(address,uint256)") == "0xa9059cbb"


@pytest.mark.parametrize("text", ["0x12", "0x" + "zz" * 20, "", "0x" + "00" * 21])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        address_bytes(text)
