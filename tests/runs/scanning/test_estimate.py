"""What a run would cost, against what it then costs: the same node, counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bank import ALICE, BRANCH, MOVED, contract_answers, small_story
from click.testing import CliRunner, Result
from document_schemas import validate
from memory_chain import MemoryChain

from analyzer.cli import main
from analyzer.model.integers import WAD
from analyzer.testing import FaultNode, InMemory

BLOCKS = 3_000
INDEXED = 400
EVERY = 7
"""A log in every so many blocks."""


@pytest.fixture
def node() -> Iterator[FaultNode]:
    """The bank after years of small movements."""
    chain = small_story(MemoryChain())
    while chain.head < BLOCKS:
        if chain.mine() % EVERY == 0:
            chain.emit(BRANCH, MOVED, ALICE, WAD, 0)
    chain.answer = contract_answers(chain)
    with FaultNode(InMemory(chain)) as serving:
        yield serving


def call(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_the_estimate_is_near_to_what_the_run_then_asks(
    node: FaultNode, deployment_file: Path, tmp_path: Path
) -> None:
    index = tmp_path / "bank.index"
    words = ["index", "--rpc", node.url, "--deployment", str(deployment_file)]
    words += ["--index", str(index), "--max-age", "none"]
    assert call(*words, "--block", str(INDEXED)).exit_code == 0
    before, listed = index.read_bytes(), sorted(tmp_path.iterdir())
    node.asked.clear()
    dry = call(*words, "--dry-run", "--json")
    assert dry.exit_code == 0, dry.stderr
    document = json.loads(dry.stdout)
    validate(document)
    # Nothing was written, and the sample's own requests are counted and said.
    assert (index.read_bytes(), sorted(tmp_path.iterdir())) == (before, listed)
    sample, [told] = document["sample"], document["deployments"]
    assert sample["log_requests"] == node.asked["eth_getLogs"] > 0
    assert 0 < sample["header_requests"] <= node.asked["eth_getBlockByNumber"]
    assert sample["blocks"] < (BLOCKS - INDEXED) / 8
    assert (told["first_block"], told["last_block"]) == (INDEXED + 1, node.source.head())
    node.asked.clear()
    real = call(*words, "--json")
    assert real.exit_code == 0, real.stderr
    [done] = json.loads(real.stdout)["deployments"]
    assert told["log_requests"] == node.asked["eth_getLogs"]
    assert told["headers"] == pytest.approx(node.asked["eth_getBlockByNumber"], rel=0.25)
    assert abs(told["logs"] - done["new_logs"]) <= max(3 * told["logs_error"], 30)
    assert told["blocks_with_logs"] == pytest.approx(BLOCKS / EVERY, rel=0.25)
    assert 0 <= told["minutes_low"] <= told["minutes_high"]


def test_the_seed_decides_the_sample(
    node: FaultNode, deployment_file: Path, tmp_path: Path
) -> None:
    words = ["scan", "--rpc", node.url, "--deployment", str(deployment_file), "--dry-run"]
    words += ["--db", str(tmp_path / "scan.duckdb"), "--max-age", "none", "--json"]

    def asked(seed: int) -> list[object]:
        document = json.loads(call(*words, "--sample-seed", str(seed)).stdout)
        timed = {"minutes_low", "minutes_high"}
        return [{k: v for k, v in d.items() if k not in timed} for d in document["deployments"]]

    assert asked(3) == asked(3)


def test_without_an_index_what_logs_name_later_is_said_to_be_missing(
    node: FaultNode, deployment_file: Path, tmp_path: Path
) -> None:
    words = ["--rpc", node.url, "--deployment", str(deployment_file), "--max-age", "none"]
    scan = call("scan", *words, "--db", str(tmp_path / "scan.duckdb"), "--dry-run")
    assert scan.exit_code == 0, scan.stderr
    assert "note: contracts that logs name later are not in the sample" in scan.stderr
    assert "reads of state at the block come on top" in scan.stderr
    backfill = call("backfill", *words, "--blocks", "100:3000:100", "--dry-run",
                    "--history", str(tmp_path / "history"), "--json")  # fmt: skip
    document = json.loads(backfill.stdout)
    assert (document["command"], document["scans"]) == ("backfill", 30)
    assert document["deployments"][0]["last_block"] == 3_000
    assert not (tmp_path / "history").exists()
    assert not list(tmp_path.glob("*.duckdb"))


def test_a_recording_and_no_node_are_refused(tmp_path: Path, deployment_file: Path) -> None:
    words = ["scan", "--db", str(tmp_path / "s.duckdb"), "--dry-run"]
    free = call(*words, "--recording", "e.zip")
    none = call(*words, "--deployment", str(deployment_file))
    assert (free.exit_code, none.exit_code) == (2, 2)
    assert "a recording costs no request" in free.stderr
    assert "give --rpc" in none.stderr
