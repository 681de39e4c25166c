"""The index on a live chain: killed at any point, and across a reorg, it holds the same rows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from database_rows import differing_tables
from fake_node import FakeNode
from live_scan import deployment_files, scan_live

from analyzer.devnet.up import silent, start
from analyzer.runs.scanning.index import IndexOptions, index

if TYPE_CHECKING:
    from analyzer.devnet.up import DevnetInfo

pytestmark = pytest.mark.chain

LARGEST_RANGE = 30
"""Blocks that the node in between gives at once, so that indexing takes many steps."""


def small_ranges(first: int, last: int, count: int) -> str | None:
    """A provider's refusal of ranges over LARGEST_RANGE blocks."""
    if last - first + 1 <= LARGEST_RANGE:
        return None
    return f"query exceeds max block range {LARGEST_RANGE}"


def rpc(url: str, method: str, *params: Any) -> Any:
    """One JSON-RPC call."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    assert "error" not in answer, answer
    return answer["result"]


def run_index(url: str, deployment: str, path: Path, *, to: int) -> None:
    """Indexes in one go, in this process."""
    index(IndexOptions(path, rpc=(url,), deployments=(deployment,), block=str(to)), silent)


def start_index(url: str, deployment: str, path: Path, *, to: int) -> subprocess.Popen[bytes]:
    """Indexes in a process of its own, which can be killed."""
    command = [sys.executable, "-c", "from analyzer.cli import main; main()"]
    command += ["index", "--rpc", url, "--deployment", deployment]
    command += ["--index", str(path), "--block", str(to)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_after_ranges(process: subprocess.Popen[bytes], node: FakeNode, ranges: int) -> bool:
    """SIGKILL once the node was asked for so many more ranges; False when it ended before."""
    before = len(node.asked("eth_getLogs"))
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if len(node.asked("eth_getLogs")) - before >= ranges:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False


@pytest.mark.long
def test_an_indexer_that_is_killed_again_and_again_ends_with_the_rows_of_one_straight_run(
    perp_devnet: DevnetInfo, tmp_path: Path
) -> None:
    (deployment,) = deployment_files(perp_devnet, tmp_path)
    to = perp_devnet.blocks["paused"]
    straight, killed = tmp_path / "straight.duckdb", tmp_path / "killed.duckdb"
    run_index(perp_devnet.rpc, deployment, straight, to=to)
    kills = 0
    with FakeNode(upstream=perp_devnet.rpc) as node:
        node.range_error = small_ranges
        for ranges in (1, 4, 7, 9, 12):
            process = start_index(node.url, deployment, killed, to=to)
            kills += kill_after_ranges(process, node, ranges)
        process = start_index(node.url, deployment, killed, to=to)
        assert process.wait(120) == 0
    assert kills >= 3
    assert differing_tables(straight, killed) == {}


def test_a_reorg_leaves_the_same_database_as_indexing_the_new_chain_from_scratch(
    tmp_path: Path,
) -> None:
    with start(("perp-v2",), accounts=24, seed=3) as info:
        (deployment,) = deployment_files(info, tmp_path)
        resumed, fresh = tmp_path / "resumed.duckdb", tmp_path / "fresh.duckdb"
        head = info.last_block
        run_index(info.rpc, deployment, resumed, to=head)
        depth = head - info.blocks["mid_liquidation"]
        assert depth > 3
        rpc(info.rpc, "anvil_reorg", depth, [])
        rpc(info.rpc, "anvil_mine", hex(2))
        run_index(info.rpc, deployment, resumed, to=head + 2)
        run_index(info.rpc, deployment, fresh, to=head + 2)
        assert differing_tables(fresh, resumed) == {}
        outcome = scan_live(info, tmp_path / "after", head + 2)
        assert outcome.results[0].mismatches == []
        assert outcome.results[0].completeness.undoubted
