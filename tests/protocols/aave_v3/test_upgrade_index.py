"""A market that lived through upgrades: from scratch, from a checkpoint before one, and after a
fork across one was taken back, the rows are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aave_past import silent
from aave_recording import recorded

from analyzer.chain.replay import Replay
from analyzer.indexer.index import Index
from analyzer.model.block import BlockRef
from analyzer.model.deployment import Deployment
from analyzer.protocols.aave_v3 import PLUG
from analyzer.runs.scanning.pipeline import rebuild_indexed
from analyzer.solvency.result import ScanResult

LAST_COMMON = 103
"""The upgrade to 3.1 is in block 105."""


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    """The recording of a market from 3.0.0 to 3.7."""
    return shared / "recordings" / "aave_v3_upgrades_l2_seedA"


@pytest.fixture(scope="module")
def deployment(folder: Path) -> Deployment:
    """Its deployment."""
    return recorded(folder).deployment


@pytest.fixture(scope="module")
def scratch(
    folder: Path, deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> ScanResult:
    """The market after the upgrade, by an index that was made in one go."""
    path = tmp_path_factory.mktemp("scratch") / "index.duckdb"
    return rebuilt(path, Replay(folder), deployment, "rev4")


def rebuilt(path: Path, chain: Replay, deployment: Deployment, *labels: str) -> ScanResult:
    """The market at the last label, the index being advanced from label to label."""
    with Index(path) as index:
        for label in labels:
            block = chain.resolve(label)
            index.advance(chain, deployment, PLUG, to=block, progress=silent)
        return rebuild_indexed(index, chain, deployment, block=block, progress=silent).result


def rows(result: ScanResult) -> list[object]:
    """Every row of a result."""
    details = result.details
    return [
        result.scan_id,
        result.margin,
        details.accounts,
        details.collateral,
        details.positions,
        details.markets,
        details.prices,
        details.totals,
        details.implementations,
        details.statements,
        details.silent_changes,
        result.backstops,
        result.cautions,
    ]


def forked(folder: Path) -> Replay:
    """The recording on a fork: the blocks above the last common one are others, without a log."""
    chain = Replay(folder)
    renamed = {
        number: "0x" + hashlib.sha256(header.hash.encode()).hexdigest()
        for number, header in chain._headers.items()
        if number > LAST_COMMON
    }
    for number, name in renamed.items():
        header = chain._headers[number]
        parent = renamed.get(number - 1, header.parent_hash)
        chain._headers[number] = replace(
            header, hash=name, parent_hash=parent, bloom=b"", whole=b""
        )
    chain._by_hash = {header.hash: header for header in chain._headers.values()}
    chain._logs = [log for log in chain._logs if log.block_number <= LAST_COMMON]
    chain._log_blocks = [log.block_number for log in chain._logs]
    return chain


def test_resumed_at_a_checkpoint_before_an_upgrade(
    folder: Path, deployment: Deployment, scratch: ScanResult, tmp_path: Path
) -> None:
    resumed = rebuilt(tmp_path / "i.duckdb", Replay(folder), deployment, "rev3", "rev4_new", "rev4")
    assert rows(resumed) == rows(scratch)
    assert any(c.kind == "upgrade: virtual balance" for c in scratch.details.silent_changes)
    assert all(total.holds for total in scratch.details.totals)


def test_rolled_back_across_an_upgrade(
    folder: Path, deployment: Deployment, scratch: ScanResult, tmp_path: Path
) -> None:
    path = tmp_path / "i.duckdb"
    other = forked(folder)
    with Index(path) as index:
        advanced = index.advance(
            other, deployment, PLUG, to=other.resolve("rev4_new"), progress=silent
        )
        assert advanced.head.hash == other.resolve("rev4_new").hash
        true = Replay(folder)
        back = index.advance(true, deployment, PLUG, to=true.resolve("rev4"), progress=silent)
        assert back.rolled_back > 0
        block = true.resolve("rev4")
        again = rebuild_indexed(index, true, deployment, block=block, progress=silent).result
    assert rows(again) == rows(scratch)
    assert len(list(upgrades(scratch))) == 4


def upgrades(result: ScanResult) -> Iterator[BlockRef | int]:
    """The revisions that the market lived through."""
    from analyzer.protocols.aave_v3.state.state import state_of

    yield from (span.revision for span in state_of(result.book).ledger.revisions)
