"""The watch: new blocks, a node that goes away, a kill, a reorg, and what it shows of itself."""

from __future__ import annotations

import json
import socket
import struct
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bank import ALICE, BRANCH, MOVED
from document_schemas import validate
from memory_chain import Interrupted, MemoryChain
from prometheus_client.parser import text_string_to_metric_families

from analyzer.model.errors import InputError, UnreadError
from analyzer.model.integers import WAD
from analyzer.report.metrics import Place
from analyzer.runs.scanning.scan import ScanOptions
from analyzer.runs.schedule.http import health_of, metrics_of, serve
from analyzer.runs.schedule.watch import (
    Hooks,
    WatchOptions,
    WatchState,
    live_head,
    live_scan,
    watch,
)
from analyzer.store.snapshot import open_snapshot


@dataclass
class World:
    """A clock and a chain that move while the watch waits.

    during: what happens in the n-th wait; the watch ends when they are used up.
    """

    chain: MemoryChain
    options: WatchOptions
    during: list[Callable[[], object]] = field(default_factory=list)
    time: float = 1_000.0
    said: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    looked: Callable[[WatchState], None] = lambda _state: None

    def run(self) -> WatchState:
        state = WatchState(started_at=self.time, places=(Place(4_242, "bank", "bank"),))

        def wait(seconds: float) -> bool:
            self.waits.append(seconds)
            self.time += seconds
            if not self.during:
                return True
            self.during.pop(0)()
            return False

        def scanned(now: WatchState) -> None:
            assert now.scanned is not None
            self.blocks.append(now.scanned.number)

        hooks = Hooks(
            now=lambda: self.time,
            wait=wait,
            say=self.said.append,
            scanned=scanned,
            head=live_head(self.options.scan),
            scan=live_scan(lambda *_: None),
            looked=self.looked,
        )
        return watch(self.options, hooks, state)


@pytest.fixture
def world(tmp_path: Path, live: MemoryChain, deployment_file: Path) -> World:
    """A watch two blocks behind the head of the bank's chain."""
    scan = ScanOptions(
        db=tmp_path / "scan.duckdb",
        rpc=("http://node.example",),
        deployments=(str(deployment_file),),
    )
    return World(live, WatchOptions(scan=scan, confirmations=2, every=2, poll_s=10.0))


def rows(db: Path, sql: str) -> list[tuple[object, ...]]:
    with open_snapshot(db) as snapshot:
        return snapshot.query(sql)[1]


def test_it_scans_behind_the_head_and_again_when_enough_blocks_have_come(world: World) -> None:
    head = world.chain.head
    world.during = [lambda: world.chain.mine(1), lambda: world.chain.mine(1), lambda: None]
    state = world.run()
    assert world.blocks == [head - 2, head]
    assert (state.scans, state.reorgs, state.failures_total) == (2, 0, 0)
    assert rows(world.options.scan.db, "SELECT block_number FROM scans") == [(head,)]


def test_a_node_that_is_away_is_waited_for_longer_and_longer_and_said_once(world: World) -> None:
    def away() -> None:
        world.chain.fail_after, world.chain.failure = 0, UnreadError("no endpoint answers")

    def back() -> None:
        world.chain.fail_after = None
        world.chain.mine(2)

    world.during = [lambda: (away(), world.chain.mine(2)), lambda: None, lambda: None, back]
    state = world.run()
    assert world.waits[1:4] == [2.0, 4.0, 8.0]
    assert [line for line in world.said if "no endpoint" in line] == [
        "no endpoint answers; the last snapshot stays, next try in 2 s"
    ]
    assert (state.failures, state.failures_total, state.scans) == (0, 3, 2)


def test_a_watch_that_was_killed_goes_on_from_its_snapshot(world: World) -> None:
    world.run()
    before = rows(world.options.scan.db, "SELECT block_hash FROM scans")
    # Killed in the middle of the next scan: nothing that it had begun is there.
    world.chain.mine(4)
    world.chain.fail_after, world.chain.failure = 1, Interrupted()
    with pytest.raises(Interrupted):
        world.run()
    assert rows(world.options.scan.db, "SELECT block_hash FROM scans") == before
    world.chain.fail_after = None
    world.blocks.clear()
    world.run()
    assert world.blocks == [world.chain.head - 2]
    assert any(line.startswith("goes on after block") for line in world.said)
    # Started once more without a new block, it has nothing to do.
    world.blocks.clear()
    world.run()
    assert world.blocks == []


def test_a_scanned_block_that_leaves_the_chain_is_scanned_again(world: World) -> None:
    def reorganise() -> None:
        keep = world.chain.head - 4
        world.chain.reorganise(keep)
        world.chain.mine(1, salt="fork")
        world.chain.emit(BRANCH, MOVED, ALICE, -55 * WAD, 0)
        world.chain.mine(3, salt="fork")

    world.during = [reorganise, lambda: None]
    state = world.run()
    head = world.chain.head
    assert (state.reorgs, world.blocks) == (1, [head - 2, head - 2])
    [(found,)] = rows(world.options.scan.db, "SELECT block_hash FROM scans")
    assert found == world.chain.ref(head - 2).hash
    assert any("has left the chain" in line for line in world.said)


def test_wrong_input_ends_it_at_once(world: World, tmp_path: Path) -> None:
    world.options = WatchOptions(
        scan=ScanOptions(db=tmp_path / "x.duckdb", rpc=("http://node.example",),
                         deployments=("mars",))
    )  # fmt: skip
    with pytest.raises(InputError, match="there is no deployment 'mars'"):
        world.run()


def test_metrics_are_prometheus_text_and_carry_no_account(world: World) -> None:
    state = world.run()
    text = metrics_of(state).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["analyzer_lag_blocks"].samples[0].value == 2
    accounts = families["analyzer_accounts"].samples
    assert sum(sample.value for sample in accounts) == len(state.outcome.results[0].margin)  # type: ignore[union-attr]
    labels = {label for f in families.values() for s in f.samples for label in s.labels}
    assert labels <= {
        "chain", "protocol", "deployment", "verdict", "outcome", "severity", "symbol", "status",
        "market", "side", "version", "of", "grade",
    }  # fmt: skip
    assert ALICE not in text


def test_before_the_first_scan_nothing_is_claimed(world: World) -> None:
    places = (Place(10, "bank", "a"),)
    text = metrics_of(WatchState(started_at=0.0, places=places)).decode()
    samples = [s.name for f in text_string_to_metric_families(text) for s in f.samples]
    assert samples == [
        "analyzer_scans_total", "analyzer_failures_total", "analyzer_reorgs_total",
        "analyzer_reorg_depth", "analyzer_build_info",
    ]  # fmt: skip


def test_health_turns_bad_when_no_scan_has_come_for_too_long(world: World) -> None:
    state = world.run()
    well, _ = health_of(state, world.options, state.last_scan_at + 3_600)
    ill, body = health_of(state, world.options, state.last_scan_at + 3_601)
    assert (well, ill) == (True, False)
    validate(json.loads(body))
    assert json.loads(body)["reason"] == "no scan for 3601 s"
    assert json.loads(body)["because"] == "no node has answered"


def test_a_chain_that_stands_is_told_from_a_node_and_a_watch_that_do_not_answer(
    world: World,
) -> None:
    looks: list[float] = []
    world.looked = lambda state: looks.append(state.looked_at)
    world.during = [lambda: None, lambda: None, lambda: None]
    state = world.run()
    # Nothing came, and every look is a sign of life with its own time.
    assert looks == sorted(set(looks))
    assert len(looks) == 4
    head, begun = state.head, state.head_since
    late = begun + 4_000
    state.looked_at = late - 5
    well, body = health_of(state, world.options, late)
    found = json.loads(body)
    assert not well
    assert found["because"] == (
        f"the node answered 5 s ago, and its newest block has been {head} for 4000 s:"
        " the chain stands, or the node is stuck"
    )
    assert (found["seconds_since_look"], found["seconds_since_head_moved"]) == (5.0, 4_000.0)
    text = metrics_of(state).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["analyzer_last_look_timestamp_seconds"].samples[0].value == late - 5
    assert families["analyzer_head_since_timestamp_seconds"].samples[0].value == begun
    # A head that moves, while no block is due for long.
    state.head_since = late - 10
    because = json.loads(health_of(state, world.options, late)[1])["because"]
    assert because == "the node answered 5 s ago, and no block has been due"
    state.error = "no endpoint answers"
    because = json.loads(health_of(state, world.options, late)[1])["because"]
    assert because == "no endpoint answers"


def test_both_pages_are_served_on_loopback() -> None:
    def get(url: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(url) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    with serve(0, lambda: b"a 1\n", lambda: (False, b"{}\n")) as port:
        base = f"http://127.0.0.1:{port}"
        assert get(f"{base}/metrics") == (200, b"a 1\n")
        assert get(f"{base}/health") == (503, b"{}\n")
        assert get(f"{base}/else")[0] == 404
        with (
            pytest.raises(InputError, match=f"port {port} on 127.0.0.1 cannot be had"),
            serve(port, lambda: b"", lambda: (True, b"")),
        ):
            pass


def test_a_page_that_cannot_be_made_and_a_reader_that_goes_away_are_not_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken() -> bytes:
        raise ValueError("s3cret")

    with serve(0, broken, lambda: (True, b"x" * 5_000_000)) as port:
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics")
        with caught.value as answer:
            assert (answer.code, answer.read()) == (500, b"ValueError\n")
        with socket.create_connection(("127.0.0.1", port)) as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            reader.sendall(b"GET /health HTTP/1.0\r\n\r\n")
            reader.recv(1)
    assert capfd.readouterr().err == ""
