"""Receipts and proofs in a recording: kept, given back, and refused by line where damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.chain.proofs.kept import KeptProofs, load_proofs
from analyzer.chain.proofs.source import WantedWords
from analyzer.chain.recording import RecordingFiles, write_recording
from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError
from analyzer.model.reads import NotRead

BLOCK, OTHER = BlockRef(7, "0x07", "0x06", 0), BlockRef(8, "0x08", "0x07", 0)
META = {
    "format": 1, "chain_id": 1, "description": "", "deployments": [], "pinned_blocks": [],
    "log_filters": [],
}  # fmt: skip


def _loaded(folder: Path, files: dict[str, list[dict[str, Any]]]) -> KeptProofs:
    """What a recording with these rows gives back."""
    write_recording(folder / "r.zip", META, files)
    return load_proofs(RecordingFiles(folder / "r.zip"))


def test_what_was_kept_comes_back_and_what_was_not_is_not_provable(tmp_path: Path) -> None:
    kept = KeptProofs()
    kept.keep_receipts(BLOCK, [{"logs": []}])
    kept.keep_receipts(OTHER, NotRead("no"))
    kept.keep_nodes(BLOCK, WantedWords("0xAB", (1, 2)), [b"\x01", b"\x02", b"\x01"])
    again = _loaded(tmp_path, kept.rows())
    assert again.rows() == kept.rows()
    assert again.blocks() == [7]
    assert again.words() == {7: [WantedWords("0xab", (1, 2))]}
    found = again.receipts([BLOCK, OTHER])
    assert found[0] == [{"logs": []}]
    assert isinstance(found[1], NotRead)
    assert found[1].reason == "not provable from this recording: the receipts of block 8"
    nodes = again.proof_nodes(
        BLOCK, [WantedWords("0xab", (2,)), WantedWords("0xab", (2, 3)), WantedWords("0xcd", ())]
    )
    assert nodes[0] == [b"\x01", b"\x02"]
    assert isinstance(nodes[1], NotRead)
    assert "slot 0x3 of 0xab" in nodes[1].reason
    assert isinstance(nodes[2], NotRead)


def test_of_a_receipt_what_no_root_holds_is_not_kept(tmp_path: Path) -> None:
    log = {"address": "0xab", "topics": ["0x1"], "data": "0x"}
    receipt = {"type": "0x0", "status": "0x1", "cumulativeGasUsed": "0x5", "logsBloom": "0x00",
               "transactionHash": "0x77", "of a later fork": "0x1"}  # fmt: skip
    kept = KeptProofs()
    more = {"blockNumber": "0x7", "transactionHash": "0x77", "logIndex": "0x0", "removed": False}
    kept.keep_receipts(
        BLOCK, [receipt | {"gasUsed": "0x5", "from": "0x1", "logs": [log | more]}, {"logs": 1}]
    )
    again = _loaded(tmp_path, kept.rows()).receipts([BLOCK])
    assert again == [[receipt | {"logs": [log]}, {"logs": 1}]]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("receipts", {"block": 7}),
        ("receipts", {"block": "7", "receipts": []}),
        ("receipts", {"block": True, "receipts": []}),
        ("receipts", {"block": 7, "receipts": [1]}),
        ("proofs", {"block": 7, "address": "0xab", "slots": ["x"], "nodes": []}),
        ("proofs", {"block": 7, "address": "0xab", "slots": [], "nodes": ["0xzz"]}),
        ("proofs", {"block": 7, "address": "0xab", "slots": [], "nodes": [7]}),
        ("proofs", {"block": 7, "slots": [], "nodes": []}),
    ],
)
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, name: str, row: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=rf"{name}\.jsonl\.gz, line 1 is corrupt"):
        _loaded(tmp_path, {name: [row]})
