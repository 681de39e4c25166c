from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from demands import missing

from analyzer.devnet.part import BLOCK_LABELS
from analyzer.devnet.up import DevnetInfo, deployment_toml, start, up, write_files
from analyzer.model.errors import InputError

SERVE = """
import sys
from pathlib import Path
from analyzer.devnet.up import up
up(["perp-v2"], accounts=20, seed=3, out=Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("protocols", "accounts", "seed", "said"),
    [
        (["nothing"], 24, 1, "unknown protocol 'nothing'; the local chain has: perp-v2, aave-v3"),
        ([], 24, 1, "unknown protocol ''; the local chain has: perp-v2, aave-v3"),
        (["perp-v2"], 19, 1, "the local market needs at least 20 accounts, not 19"),
        (["aave-v3@7"], 60, 1, "no revision '7' of aave-v3 here; there are: 3.0.0, 1, 10"),
        (
            ["perp-v2@2"],
            60,
            1,
            "no revision '2' of perp-v2 here; there are: one",
        ),
        (["perp-v2,aave-v3"], 59, 1, "the local market needs at least 60 accounts, not 59"),
        (
            ["aave-v3", "aave-v3@1"],
            60,
            1,
            "no protocol twice on one chain: 'aave-v3,aave-v3@1'",
        ),
        (["perp-v2"], 24, -1, "a seed is a number from 0 up, not -1"),
    ],
)
def test_wrong_input_is_said_before_anything_is_started(
    protocols: list[str], accounts: int, seed: int, said: str
) -> None:
    with pytest.raises(InputError) as caught, start(protocols, accounts=accounts, seed=seed):
        pass
    assert str(caught.value) == said


def test_a_folder_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        up(["perp-v2"], accounts=20, seed=3, out=tmp_path / "file")


def test_the_document_of_an_earlier_chain_is_removed_before_anything_is_built(
    tmp_path: Path,
) -> None:
    (tmp_path / "devnet.json").write_text("{}")
    with pytest.raises(InputError, match="unknown protocol"):
        up(["nothing"], accounts=20, seed=3, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.chain
def test_five_blocks_are_pinned_in_their_order_and_the_last_is_the_chains_last(
    small: DevnetInfo, ask: Any
) -> None:
    blocks = list(small.blocks.values())
    assert tuple(small.blocks) == BLOCK_LABELS
    assert blocks == sorted(set(blocks))
    assert small.last_block == blocks[-1] == int(str(ask.rpc("eth_blockNumber")), 16)
    assert small.state_root == ask.header(small.last_block)["stateRoot"]
    assert int(str(ask.rpc("eth_chainId")), 16) == small.chain_id == 31_000_007


@pytest.mark.chain
def test_the_same_seed_and_accounts_give_the_same_chain_again(small: DevnetInfo) -> None:
    with start(["perp-v2"], accounts=small.accounts, seed=small.seed) as again:
        assert replace(again, rpc=small.rpc) == small


@pytest.mark.chain
def test_the_files_say_what_the_issue_promises(small: DevnetInfo, tmp_path: Path) -> None:
    toml, document = write_files(small, tmp_path / "out")
    assert [toml.name, document.name] == ["perp-v2.toml", "devnet.json"]
    said = json.loads(document.read_text())
    promised = ("rpc", "seed", "accounts", "deployments", "blocks", "state_root")
    assert {key: said[key] for key in promised} == {
        "rpc": small.rpc,
        "seed": 7,
        "accounts": 24,
        "deployments": ["perp-v2.toml"],
        "blocks": dict(small.blocks),
        "state_root": small.state_root,
    }
    assert len(said["liquidations"]) == len(small.liquidations)
    assert sorted(path.name for path in document.parent.iterdir()) == [
        "devnet.json",
        "perp-v2.toml",
    ]
    deployment = small.deployments["perp-v2"]
    assert tomllib.loads(toml.read_text()) == {
        "name": "perp-v2-devnet-7",
        "protocol": "perp-v2",
        "chain_id": small.chain_id,
        "from_block": 1,
        "contracts": dict(deployment.contracts),
    }
    assert toml.read_text() == deployment_toml(deployment)


@pytest.mark.chain
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_chain_stops_cleanly_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    child = subprocess.Popen([sys.executable, "-c", SERVE, str(out)])
    try:
        deadline = time.monotonic() + 120
        while not (out / "devnet.json").exists():
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        rpc = json.loads((out / "devnet.json").read_text())["rpc"]
        child.send_signal(number)
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.wait()
    assert not answers(rpc)


@pytest.mark.chain
def test_anvil_ends_with_a_process_that_is_killed_outright(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        missing("only Linux lets a child follow its parent", "REQUIRE_CHAIN")
    out = tmp_path / "out"
    # What the killed process could not remove goes away with the test's own folder.
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    child = subprocess.Popen([sys.executable, "-c", SERVE, str(out)], env=environment)
    try:
        while not (out / "devnet.json").exists():
            assert child.poll() is None
            time.sleep(0.1)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    time.sleep(0.5)
    assert not answers(json.loads((out / "devnet.json").read_text())["rpc"])


def answers(rpc: str) -> bool:
    """Whether anything still listens there."""
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(rpc)
    try:
        socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5).close()
    except OSError:
        return False
    return True
