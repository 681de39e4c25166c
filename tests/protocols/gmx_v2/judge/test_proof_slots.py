"""The words of the DataStore that are named: under keys and getters that the contract answered."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak
from gmx_recording import Recorded, recorded

from analyzer.abi.codec import mapping_slot
from analyzer.abi.contract import load_abi
from analyzer.protocols.base import StoredNumbers
from analyzer.protocols.gmx_v2.judge.proof_slots import position_field_key, proof_slots

MAPPINGS = {"getUint": 0, "getInt": 1, "getBool": 3}
"""DataStore.sol: uintValues is its first variable, intValues its second, boolValues its fourth."""


@pytest.fixture
def numbers(shared: Path) -> StoredNumbers:
    valued = recorded(shared).valued("C")
    return proof_slots(valued, list(valued.book.account_ids)[:5])


def answered(found: Recorded, label: str) -> Iterator[tuple[str, bytes, int]]:
    """(getter, key, answer) of each recorded question to the DataStore at a block."""
    block = found.replay.resolve(label).number
    getters = {load_abi("gmx_v2/DataStore").functions[name].selector: name for name in MAPPINGS}
    with gzip.open(found.folder / "calls.jsonl.gz", "rt") as lines:
        for row in map(json.loads, lines):
            getter = getters.get(row["data"][:10])
            if row["block"] == block and getter and "result" in row:
                yield getter, bytes.fromhex(row["data"][10:]), int(row["result"], 16)


def test_what_a_getter_answered_under_a_key_is_named_in_its_mapping_with_that_number(
    shared: Path, numbers: StoredNumbers
) -> None:
    named = {slot.slot: slot for slot in numbers.slots}
    found = 0
    for getter, key, answer in answered(recorded(shared), "C"):
        slot = named.get(mapping_slot(key, MAPPINGS[getter]))
        if slot is not None:
            found += 1
            assert slot.number % 2**256 == answer, slot
    assert found > 150


def test_numbers_of_zero_are_not_named_and_no_layout_is_said_to_be_sure(
    numbers: StoredNumbers,
) -> None:
    assert numbers.slots
    assert all(slot.number and not slot.sure for slot in numbers.slots)
    assert {slot.what for slot in numbers.slots} >= {"SIZE_IN_USD", "COLLATERAL_AMOUNT"}


def test_a_field_of_a_position_lies_under_the_hash_of_its_key_and_the_fields_name() -> None:
    position = "0x" + "5a" * 32
    name = keccak(encode(["string"], ["SIZE_IN_USD"]))
    expected = keccak(encode(["bytes32", "bytes32"], [bytes.fromhex(position[2:]), name]))
    assert position_field_key(position, "SIZE_IN_USD") == expected
