from __future__ import annotations

from pathlib import Path

import pytest
from document_schemas import validate
from index_rows import contents
from memory_chain import Interrupted, MemoryChain

from analyzer import __version__
from analyzer.documents.encode import to_json
from analyzer.model.errors import InputError
from analyzer.runs.scanning.index import IndexOptions, IndexOutcome, index


def run(
    tmp_path: Path, deployment_file: Path, name: str = "i", block: str = "latest"
) -> IndexOutcome:
    options = IndexOptions(
        index=tmp_path / name,
        rpc=("http://node.example",),
        deployments=(str(deployment_file),),
        block=block,
    )
    return index(options, lambda *_: None)


def test_an_index_says_how_far_it_is_and_what_was_new(
    tmp_path: Path, deployment_file: Path, live: MemoryChain
) -> None:
    run(tmp_path, deployment_file, block="9")
    document = to_json(run(tmp_path, deployment_file).document)
    validate(document)
    assert document == {
        "schema": 1,
        "kind": "index",
        "run": {"analyzer_version": __version__, "exit_code": 0},
        "deployments": [
            {
                "deployment": "bank",
                "protocol": "bank",
                "chain_id": 4242,
                "from_block": 1,
                "head_block": 20,
                "head_hash": live.ref(20).hash,
                "logs": 8,
                "blocks_with_logs": 5,
                "new_logs": 2,
                "rolled_back_blocks": 0,
                "headers": 6,
                "headers_linked": 1,
                "doubts": [],
                "read_again": None,
            }
        ],
    }


def test_a_range_is_indexed_to_its_end_and_may_leave_no_gap(
    tmp_path: Path, deployment_file: Path, live: MemoryChain
) -> None:
    run(tmp_path, deployment_file, block="1:+9")
    run(tmp_path, deployment_file, block="10:20")
    run(tmp_path, deployment_file, "straight")
    assert contents(tmp_path / "i") == contents(tmp_path / "straight")
    with pytest.raises(InputError, match="begins at block 5, and logs are needed from block 1 on"):
        run(tmp_path, deployment_file, "gap", block="5:20")


def test_a_run_that_was_cut_off_gives_the_same_index_in_the_end(
    tmp_path: Path, deployment_file: Path, live: MemoryChain
) -> None:
    live.chunk, live.fail_after = 2, 5
    with pytest.raises(Interrupted):
        run(tmp_path, deployment_file)
    live.fail_after = None
    run(tmp_path, deployment_file)
    run(tmp_path, deployment_file, "straight")
    assert contents(tmp_path / "i") == contents(tmp_path / "straight")
