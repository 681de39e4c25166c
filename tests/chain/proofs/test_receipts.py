"""Receipts of every type make the root of their header; one other bit makes another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer.chain.proofs.header import proved_header
from analyzer.chain.proofs.outcome import ContradictionError, NotProvableError
from analyzer.chain.proofs.receipts import encoded, proved_logs

if TYPE_CHECKING:
    from conftest import Vector

CHAIN = 31337


def test_receipts_of_every_fork_and_type_make_the_root_of_their_header(vector: Vector) -> None:
    logs = proved_logs(proved_header(vector.block), vector.receipts, CHAIN)
    given = [log for receipt in vector.receipts for log in receipt["logs"]]
    assert len(logs) == len(given) >= 4
    for log, raw in zip(logs, given, strict=True):
        assert "0x" + log.address.hex() == raw["address"].lower()
        assert ["0x" + topic.hex() for topic in log.topics] == raw["topics"]
        assert "0x" + log.data.hex() == raw["data"]
        assert (hex(log.log_index), hex(log.tx_index)) == (raw["logIndex"], raw["transactionIndex"])


def test_the_forks_have_between_them_the_types_that_nodes_give(
    vectors: dict[str, Vector],
) -> None:
    types = {int(r["type"], 16) for v in vectors.values() for r in v.receipts}
    assert types >= {0, 1, 2, 0x7E}


def _changed(vector: Vector, **fields: Any) -> list[dict[str, Any]]:
    """The receipts with other fields in the first."""
    return [vector.receipts[0] | fields, *vector.receipts[1:]]


def test_another_bit_anywhere_makes_another_root(vector: Vector) -> None:
    header = proved_header(vector.block)
    log = vector.receipts[0]["logs"][0]
    lies = [
        _changed(vector, status="0x0"),
        _changed(vector, cumulativeGasUsed="0x1"),
        _changed(vector, logs=vector.receipts[0]["logs"][:1]),
        _changed(vector, logs=[log | {"data": "0x00"}, *vector.receipts[0]["logs"][1:]]),
        _changed(vector, logs=vector.receipts[0]["logs"][::-1]),
        vector.receipts[:-1],
        vector.receipts[::-1],
    ]
    for receipts in lies:
        with pytest.raises(ContradictionError, match="make the root") as caught:
            proved_logs(header, receipts, CHAIN)
        assert (caught.value.block, caught.value.field) == (1, "receiptsRoot")


def test_a_deposit_without_a_version_is_encoded_without_its_nonce(
    vectors: dict[str, Vector],
) -> None:
    deposit = next(r for r in vectors["op"].receipts if int(r["type"], 16) == 0x7E)
    bare = {k: v for k, v in deposit.items() if k not in ("depositNonce", "depositReceiptVersion")}
    before_canyon = encoded(bare | {"depositNonce": "0x5"})
    assert before_canyon == encoded(bare)
    assert encoded(bare | {"depositNonce": "0x5", "depositReceiptVersion": "0x1"}) != encoded(bare)


@pytest.mark.parametrize("kind", ["0x64", "0x65", "0x66", "0x68", "0x69", "0x6a", "0x3", "0x4"])
def test_other_known_types_differ_from_a_plain_one_in_their_first_byte(
    vectors: dict[str, Vector], kind: str
) -> None:
    plain = vectors["london"].receipts[0]
    assert encoded(plain | {"type": kind}) == bytes([int(kind, 16)]) + encoded(plain)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"type": "0x78"}, "transaction type 0x78 is not known"),
        ({"type": "0x5"}, "transaction type 0x5 is not known"),
        ({"status": None, "root": None}, "neither a status nor a state root"),
        ({"logsBloom": None}, "no hex"),
        ({"logs": None}, "receipt 0 of block 1"),
        ({"logs": [{}]}, "receipt 0 of block 1"),
        ({"cumulativeGasUsed": "x"}, "receipt 0 of block 1"),
        ({"type": "0xzz"}, "receipt 0 of block 1"),
    ],
)
def test_what_cannot_be_encoded_is_not_provable_and_says_why(
    vectors: dict[str, Vector], fields: dict[str, Any], why: str
) -> None:
    vector = vectors["london"]
    with pytest.raises(NotProvableError, match=why):
        proved_logs(proved_header(vector.block), _changed(vector, **fields), CHAIN)


def test_a_state_root_stands_where_old_receipts_have_no_status(
    vectors: dict[str, Vector],
) -> None:
    old = vectors["berlin"].receipts[0] | {"status": None, "root": "0x" + "ab" * 32}
    assert b"\xa0" + b"\xab" * 32 in encoded(old)


def test_a_chain_whose_nodes_list_more_than_is_in_the_root_is_named(
    vectors: dict[str, Vector],
) -> None:
    vector = vectors["london"]
    with pytest.raises(NotProvableError, match="Polygon"):
        proved_logs(proved_header(vector.block), vector.receipts, 137)


def test_a_transaction_hash_that_is_no_hex_is_no_crash(vectors: dict[str, Vector]) -> None:
    vector = vectors["london"]
    logs = proved_logs(proved_header(vector.block), _changed(vector, transactionHash="zz"), CHAIN)
    assert logs[0].tx_hash == b""
