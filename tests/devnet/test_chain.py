from __future__ import annotations

import http.server
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.devnet.chain import Anvil, Call
from analyzer.devnet.packages import anvil_binary, fetch
from analyzer.model.errors import InputError, UnreadError

GENESIS = 1_700_000_000
CHAIN_ID = 31_999_999
ALICE = "0x00000000000000000000000000000000000A11cE"
BOB = "0x0000000000000000000000000000000000000B0b"


def anvil(**changes: object) -> Anvil:
    binary = anvil_binary(fetch())
    return Anvil(**({"binary": binary, "chain_id": CHAIN_ID, "genesis_time": GENESIS} | changes))  # type: ignore[arg-type]


def false_anvil(tmp_path: Path, text: str) -> str:
    path = tmp_path / "anvil"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil() as running:
        running.fund([ALICE, BOB])
        yield running


@pytest.mark.chain
def test_transactions_are_mined_in_the_order_given_whoever_sends_them(chain: Anvil) -> None:
    senders = [ALICE, BOB, BOB, ALICE, ALICE, BOB] * 20
    calls = [Call(s, BOB, b"", f"call {i}") for i, s in enumerate(senders)]
    mined = chain.mine(GENESIS + 5, calls)
    assert [r.call.label for r in mined.receipts] == [f"call {i}" for i in range(len(senders))]
    assert all(r.ok for r in mined.receipts)
    assert (mined.number, mined.time, chain.nonce(ALICE)) == (1, GENESIS + 5, 60)


@pytest.mark.chain
def test_blocks_may_have_equal_times_and_never_earlier_ones(chain: Anvil) -> None:
    assert [chain.mine(GENESIS + 5).time, chain.mine(GENESIS + 5).time] == [GENESIS + 5] * 2
    with pytest.raises(UnreadError, match="lower than previous"):
        chain.mine(GENESIS + 4)


@pytest.mark.chain
def test_a_transaction_that_reverts_is_mined_and_its_receipt_says_so(chain: Anvil) -> None:
    # Creation code that reverts at once: PUSH1 0, PUSH1 0, REVERT.
    mined = chain.mine(GENESIS + 1, [Call(ALICE, None, bytes.fromhex("60006000fd"), "revert")])
    assert [r.ok for r in mined.receipts] == [False]


@pytest.mark.chain
def test_a_transaction_that_anvil_does_not_take_is_named(chain: Anvil) -> None:
    beggar = "0x000000000000000000000000000000000000bEe7"
    with pytest.raises(UnreadError, match="did not take 'unpaid'"):
        chain.mine(GENESIS + 1, [Call(beggar, BOB, b"", "unpaid")])


@pytest.mark.chain
def test_two_chains_run_side_by_side_and_leave_nothing_behind() -> None:
    first, second = anvil(), anvil()
    with first, second:
        assert first.port != second.port
        folders = [Path(str(a._cache and a._cache.name)) for a in (first, second)]
        children = [a._child.pid for a in (first, second) if a._child]
        assert all(folder.is_dir() for folder in folders)
    assert not any(folder.exists() for folder in folders)
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    first.stop()


@pytest.mark.chain
def test_a_port_in_use_is_an_input_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} cannot be used"):
            anvil(port=port).start()


def test_an_anvil_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    broken = Anvil(false_anvil(tmp_path, "echo 'bad option' >&2; exit 3"), CHAIN_ID, GENESIS)
    with pytest.raises(InputError, match="anvil ended with code 3: bad option"):
        broken.start()
    assert not broken.alive()


class AnotherNode(http.server.BaseHTTPRequestHandler):
    """Answers every call with a chain id that is not ours."""

    def do_POST(self) -> None:
        body = b'[{"jsonrpc":"2.0","id":0,"result":"0x1"}]'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stays silent."""


def test_another_node_on_the_port_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), AnotherNode)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        sleeping = Anvil(false_anvil(tmp_path, "exec sleep 60"), CHAIN_ID, GENESIS)
        port = server.server_address[1]
        monkeypatch.setattr("analyzer.devnet.chain._free_port", lambda: port)
        with pytest.raises(InputError, match=r"another node \(chain id 1\) answers"):
            sleeping.start()
        assert not sleeping.alive()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
