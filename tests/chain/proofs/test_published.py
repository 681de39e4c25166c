"""Blocks of public chains, as their documentation and other programs' tests quote them: facts that
no chain of ours made. And every type of receipt, encoded a second time by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from trie import HexaryTrie

from analyzer.chain.proofs.header import proved_header
from analyzer.chain.proofs.outcome import ContradictionError
from analyzer.chain.proofs.receipts import proved_logs, receipts_root
from analyzer.chain.wire import parse_header

PUBLISHED = {
    one["chain"]: one
    for one in orjson.loads(
        (Path(__file__).parents[2] / "data" / "proofs" / "published.json").read_bytes()
    )
}
CANYON = "an OP chain after Canyon"


@pytest.mark.parametrize("chain", PUBLISHED)
def test_a_header_of_a_public_chain_hashes_to_the_hash_that_it_is_known_under(chain: str) -> None:
    header = PUBLISHED[chain]["header"]
    assert proved_header(parse_header(header, whole=True)).hash == header["hash"]


def test_arbitrums_own_fields_are_in_what_is_hashed_twice_and_a_change_of_one_is_seen() -> None:
    header = PUBLISHED["Arbitrum One"]["header"]
    assert header["sendRoot"] == header["extraData"]
    assert int(header["l1BlockNumber"], 16) == int(header["mixHash"][18:34], 16)
    with pytest.raises(ContradictionError, match="hashes to"):
        proved_header(parse_header(header | {"mixHash": "0x" + "00" * 32}, whole=True))


def test_a_deposit_of_a_public_op_chain_makes_the_receipts_root_of_its_header() -> None:
    block = PUBLISHED[CANYON]
    header = proved_header(parse_header(block["header"], whole=True))
    assert proved_logs(header, block["receipts"], 10) == []
    (deposit,) = block["receipts"]
    for other in (
        deposit | {"depositNonce": "0x112"},
        deposit | {"depositReceiptVersion": None},
        deposit | {"type": "0x2"},
    ):
        with pytest.raises(ContradictionError, match="make the root"):
            proved_logs(header, [other], 10)


def by_hand(item: bytes | list[Any]) -> bytes:
    """RLP, as the yellow paper says it (appendix B)."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return headed(0x80, item)
    return headed(0xC0, b"".join(map(by_hand, item)))


def headed(base: int, body: bytes) -> bytes:
    """A body behind its length."""
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length + body


KINDS = (0, 1, 2, 3, 4, 0x64, 0x65, 0x66, 0x68, 0x69, 0x6A, 0x7E)


def receipt(kind: int, place: int) -> dict[str, Any]:
    """A receipt of a type, with a log or two."""
    logs = [
        {
            "address": "0x" + f"{kind:02x}" * 20,
            "topics": ["0x" + f"{place:02x}" * 32] * topic,
            "data": "0x" + "5a" * (31 * place),
        }
        for topic in range(place % 3)
    ]
    deposit = {"depositNonce": "0x80", "depositReceiptVersion": "0x1"} if kind == 0x7E else {}
    return {
        "type": hex(kind), "status": hex(place % 2), "cumulativeGasUsed": hex(21_000 * place),
        "logsBloom": "0x" + f"{place:02x}" * 256, "logs": logs, **deposit,
    }  # fmt: skip


def leaf(raw: dict[str, Any]) -> bytes:
    """The same, encoded by hand."""

    def number(text: str) -> bytes:
        value = int(text, 16)
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    def data(text: str) -> bytes:
        return bytes.fromhex(text[2:])

    body: list[Any] = [
        number(raw["status"]), number(raw["cumulativeGasUsed"]), data(raw["logsBloom"]),
        [[data(g["address"]), [data(t) for t in g["topics"]], data(g["data"])]
         for g in raw["logs"]],
    ]  # fmt: skip
    if "depositNonce" in raw:
        body += [number(raw["depositNonce"]), number(raw["depositReceiptVersion"])]
    kind = int(raw["type"], 16)
    return (bytes([kind]) if kind else b"") + by_hand(body)


def test_receipts_of_every_known_type_make_the_root_that_an_encoding_by_hand_makes() -> None:
    receipts = [receipt(kind, place) for place, kind in enumerate(KINDS)]
    trie = HexaryTrie({})
    for place, raw in enumerate(receipts):
        trie[by_hand(bytes([place]) if place else b"")] = leaf(raw)
    assert receipts_root(1, receipts) == trie.root_hash
