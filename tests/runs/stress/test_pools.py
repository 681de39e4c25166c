"""Pools of a depth file: read at the scan's block, from a node or a recording, or unknown."""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from pool_node import PoolNode
from recorded_pools import recorded_swaps

from analyzer.abi.keccak import checksum
from analyzer.documents.encode import to_json
from analyzer.market.depth.file import DepthFile, PoolEntry, load_depth
from analyzer.market.depth.observe import read_pool
from analyzer.market.depth.pool_state import PoolState, pool_curve
from analyzer.model.errors import ExitCode, InputError
from analyzer.model.reads import ReadRequest, Value
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.pools import read_depth_pools
from analyzer.runs.stress.stress import StressOptions, stress


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> list[ScanBook]:
    return read_books(demo_snapshot)


@pytest.fixture(scope="module")
def pool() -> PoolState:
    """The last state of a pool of the demo, at another address: a market of ETH elsewhere."""
    return replace(list(recorded_swaps())[-1].before, address=checksum("0x" + "cd" * 20))


@pytest.fixture(scope="module")
def recording(
    tmp_path_factory: pytest.TempPathFactory, scans: list[ScanBook], pool: PoolState
) -> Path:
    """The demo's recording, to which every answer of the pool was added."""
    folder = tmp_path_factory.mktemp("with_pool")
    with zipfile.ZipFile(demo_folder() / RECORDING) as archive:
        archive.extractall(folder)
    node, rows = PoolNode(pool), []

    class Written(PoolNode):
        def answer(self, request: ReadRequest):  # type: ignore[no-untyped-def]
            answer = node.answer(request)
            assert isinstance(answer, Value)
            block = scans[0].block.number
            row = {"block": block, "to": request.to, "data": request.data}
            rows.append({**row, "result": "0x" + answer.data.hex()})
            return answer

    Written(pool).drive(read_pool(pool.address))
    calls = folder / "calls.jsonl.gz"
    text = gzip.decompress(calls.read_bytes()) + b"\n".join(map(orjson.dumps, rows)) + b"\n"
    calls.write_bytes(gzip.compress(text))
    return folder


def depth_file(folder: Path, pool: PoolState) -> Path:
    path = folder / "depth.toml"
    path.write_text(
        f'[ETH]\nkind = "uniswap-v3"\npool = "{pool.address}"\nasset = "{pool.token0.address}"\n'
    )
    return path


def test_a_pool_is_read_at_the_block_of_the_scan(
    tmp_path: Path, scans: list[ScanBook], pool: PoolState, recording: Path
) -> None:
    file = load_depth(depth_file(tmp_path, pool))
    found = read_depth_pools(file, scans, recording=recording)
    curve = found["ETH"]
    assert not isinstance(curve, Unreadable)
    whole = pool_curve(pool, pool.token0.address, quote_usd=1.0)
    for v in (-1e3, 1e3, 1e5):
        assert curve.price_ratio(v) == pytest.approx(whole.price_ratio(v), rel=1e-12)
    assert curve.source == f"Uniswap V3 pool {pool.address} at block {scans[0].block.number}"


def test_a_stress_with_that_pool_sells_into_it_and_says_so(
    tmp_path: Path, demo_snapshot: Path, pool: PoolState, recording: Path
) -> None:
    options = StressOptions(
        demo_snapshot,
        shocks=("ETH=-30%",),
        depth=depth_file(tmp_path, pool),
        recording=recording,
        fail_on="never",
    )
    outcome = stress(options, lambda _what, _done, _total: None)
    [used] = [
        row for row in to_json(outcome.document)["scenarios"][0]["depth"] if row["factor"] == "ETH"
    ]
    assert used["origin"] == "pool"
    assert used["source"].startswith(f"Uniswap V3 pool {pool.address} at block ")
    assert outcome.exit_code is ExitCode.CLEAN


def test_without_a_node_the_depth_is_unknown_and_the_exit_code_says_so(
    tmp_path: Path, demo_snapshot: Path, pool: PoolState
) -> None:
    options = StressOptions(
        demo_snapshot,
        shocks=("ETH=-30%",),
        depth=depth_file(tmp_path, pool),
        fail_on="never",
    )
    outcome = stress(options, lambda _what, _done, _total: None)
    [used] = [
        row for row in to_json(outcome.document)["scenarios"][0]["depth"] if row["factor"] == "ETH"
    ]
    assert used["origin"] == "unknown"
    assert used["source"].endswith("was not read: give --rpc or --recording")
    assert outcome.exit_code is ExitCode.NOT_FULLY_READ


def test_a_recording_without_the_pool_makes_it_unknown(
    tmp_path: Path, scans: list[ScanBook], pool: PoolState
) -> None:
    file = load_depth(depth_file(tmp_path, pool))
    found = read_depth_pools(file, scans, recording=demo_folder() / RECORDING)
    assert isinstance(found["ETH"], Unreadable)


def test_without_a_pool_no_node_is_asked(scans: list[ScanBook]) -> None:
    assert read_depth_pools(DepthFile({}, {}), scans, rpc=("http://127.0.0.1:1",)) == {}


def test_a_node_of_another_chain_or_another_block_is_refused(
    scans: list[ScanBook], pool: PoolState, recording: Path
) -> None:
    file = DepthFile({}, {"ETH": PoolEntry(pool.address, pool.token0.address, 1.0)})
    elsewhere = [replace(s, deployment=replace(s.deployment, chain_id=10)) for s in scans]
    with pytest.raises(InputError, match="but the scans are of chain 10"):
        read_depth_pools(file, elsewhere, recording=recording)
    other = [replace(s, block=replace(s.block, hash="0x" + "ab" * 32)) for s in scans]
    with pytest.raises(InputError, match=r"was scanned at 0xabab.*scan again"):
        read_depth_pools(file, other, recording=recording)
