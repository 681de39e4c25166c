from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bank import (
    ALICE,
    BOB,
    BRANCH,
    BRANCH_2,
    CAROL,
    MOVED,
    OPENED,
    PLUG,
    REGISTRY,
    bank,
    bank_abi,
    small_story,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from index_rows import contents
from memory_chain import Interrupted, MemoryChain

from analyzer.abi.keccak import checksum
from analyzer.chain.header_links import Links
from analyzer.indexer import index as index_module
from analyzer.indexer import write as index_write
from analyzer.indexer.index import Advance, Index
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.integers import WAD
from analyzer.store.load import fetch

Contents = dict[str, list[tuple[Any, ...]]]


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody sees."""


def advance(
    path: Path, chain: MemoryChain, to: str = "latest", deployment: Deployment | None = None
) -> Advance:
    with Index(path, abi=bank_abi) as index:
        return index.advance(
            chain, deployment or bank(), PLUG, to=chain.resolve(to), progress=quiet
        )


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What an index holds after one straight run in one chunk."""
    path = tmp_path_factory.mktemp("straight") / "i"
    advance(path, small_story(MemoryChain(chunk=100)))
    return contents(path)


def moves(path: Path, up_to: int) -> list[tuple[int, int, object, object, object]]:
    with Index(path, abi=bank_abi) as index:
        return [
            (e.block_number, e.log_index, e.args["who"], e.args["amount"], e.args["memo"])
            for e in index.events(bank(), PLUG, up_to=up_to)
            if e.name == "Moved"
        ]


def test_events_come_back_in_order_decoded_with_role_and_time(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    with Index(tmp_path / "i", abi=bank_abi) as index:
        events = list(index.events(bank(), PLUG, up_to=chain.head))
    assert [
        (e.block_number, e.log_index, e.contract, e.address, e.name, e.time) for e in events
    ] == [
        (1, 0, "registry", REGISTRY, "Opened", chain.ref(1).time),
        (2, 0, "branch", BRANCH, "Moved", chain.ref(2).time),
        (2, 1, "branch", BRANCH_2, "Moved", chain.ref(2).time),
        (5, 0, "branch", BRANCH, "Moved", chain.ref(5).time),
        (9, 0, "branch", BRANCH, "Opened", chain.ref(9).time),
        (9, 1, "branch", BRANCH_2, "Moved", chain.ref(9).time),
        (15, 0, "branch", BRANCH_2, "Moved", chain.ref(15).time),
        (15, 1, "registry", REGISTRY, "Opened", chain.ref(15).time),
    ]
    assert events[1].args == {"who": ALICE, "amount": 100 * WAD, "memo": 1}


def test_decoded_tables_hold_every_argument_exactly(tmp_path: Path, chain: MemoryChain) -> None:
    advance(tmp_path / "i", chain)
    rows = contents(tmp_path / "i")["event_branch_moved"]
    assert [(row[1], row[5], row[6], row[7], row[8], row[9]) for row in rows] == [
        (15, BOB, WAD, None, 3, None),
        (2, ALICE, 100 * WAD, None, 1, None),
        (2, BOB, 7 * WAD, None, None, (2**256 - 1).to_bytes(32, "big")),
        (5, ALICE, -40 * WAD, None, None, (2**127).to_bytes(32, "big")),
        (9, CAROL, 2 * WAD, None, 0, None),
    ]


def test_a_contract_named_late_is_indexed_from_its_first_block(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    assert (2, 1, BOB, 7 * WAD, 2**256 - 1) in moves(tmp_path / "i", chain.head)


def test_an_older_block_is_served_as_if_nothing_later_were_known(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "far", chain)
    advance(tmp_path / "near", chain, "8")
    assert moves(tmp_path / "far", 8) == moves(tmp_path / "near", 8)
    assert [who for _, _, who, *_ in moves(tmp_path / "far", 8)] == [ALICE, ALICE]


@settings(max_examples=12)
@given(chunk=st.integers(1, 25), stops=st.lists(st.integers(1, 20), max_size=2))
def test_the_result_depends_on_no_chunk_and_no_stop(
    tmp_path_factory: pytest.TempPathFactory, straight: Contents, chunk: int, stops: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("chunks")
    stepwise = small_story(MemoryChain(chunk=chunk))
    for stop in stops:
        advance(folder / "stepwise", stepwise, str(stop))
    advance(folder / "stepwise", stepwise)
    assert contents(folder / "stepwise") == straight


@pytest.mark.parametrize("answered", range(9))
def test_a_run_that_was_cut_off_is_gone_on_from(
    tmp_path: Path,
    chain: MemoryChain,
    answered: int,
    monkeypatch: pytest.MonkeyPatch,
    straight: Contents,
) -> None:
    monkeypatch.setattr("analyzer.indexer.batch.BATCH_LOGS", 1)
    chain.chunk, chain.fail_after = 3, answered
    with pytest.raises(Interrupted):
        advance(tmp_path / "killed", chain)
    chain.fail_after = None
    advance(tmp_path / "killed", chain)
    assert contents(tmp_path / "killed") == straight


WRITES = (
    (index_write, "load_columns"),
    (index_module, "write_batch"),
    (index_module, "write_namings"),
    (index_module, "make_event_tables"),
    (index_module, "write_checkpoint"),
)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("calls", [0, 1, 4])
@pytest.mark.parametrize(("module", "name"), WRITES, ids=[name for _, name in WRITES])
def test_a_kill_inside_a_transaction_leaves_nothing_of_it(
    tmp_path: Path,
    chain: MemoryChain,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    calls: int,
    before: bool,
    straight: Contents,
) -> None:
    monkeypatch.setattr("analyzer.indexer.batch.BATCH_LOGS", 1)
    chain.chunk = 3
    honest, left = getattr(module, name), [calls]

    def killed(*args: object, **kwargs: object) -> object:
        if left[0] == 0 and before:
            raise Interrupted
        result = honest(*args, **kwargs)
        if left[0] == 0:
            raise Interrupted
        left[0] -= 1
        return result

    monkeypatch.setattr(module, name, killed)
    # A step that happens less often than that is not killed: then this is a straight run.
    with suppress(Interrupted):
        advance(tmp_path / "killed", chain)
    monkeypatch.setattr(module, name, honest)
    advance(tmp_path / "killed", chain)
    assert contents(tmp_path / "killed") == straight


def test_a_second_advance_asks_for_no_log_again(tmp_path: Path, chain: MemoryChain) -> None:
    first = advance(tmp_path / "i", chain)
    chain.asked.clear()
    second = advance(tmp_path / "i", chain)
    assert (first.logs_added, second.logs_added) == (8, 0)
    assert [what for what, _ in chain.asked if what == "logs"] == []


def test_the_checkpoint_says_how_far_and_how_many(tmp_path: Path, chain: MemoryChain) -> None:
    advance(tmp_path / "i", chain, "9")
    with Index(tmp_path / "i", abi=bank_abi) as index:
        assert index.head(bank()) == chain.ref(9)
        rows = fetch(index._connection, "SELECT deployment_key, head_block, logs FROM checkpoints")
    # S='\x1f'; printf "bank${S}4242${S}1${S}registry=0xa1..(20 bytes)" | sha256sum | cut -c1-16
    assert rows == [("f0d3cfa8e05cc467", 9, 6)]


def test_the_extent_counts_what_the_block_knows(tmp_path: Path, chain: MemoryChain) -> None:
    advance(tmp_path / "i", chain)
    with Index(tmp_path / "i", abi=bank_abi) as index:
        near = index.extent(bank(), PLUG, block=chain.ref(8))
        far = index.extent(bank(), PLUG, block=chain.ref(chain.head))
    assert (near.logs, near.blocks_with_logs, near.links) == (3, 3, Links(4, 1))
    assert (far.logs, far.blocks_with_logs, far.links) == (8, 5, Links(6, 1))


def test_two_deployments_share_a_file_and_stay_apart(tmp_path: Path) -> None:
    chain = MemoryChain()
    other_registry = checksum("0x" + "a2" * 20)
    other = Deployment("other", "bank", 4242, 1, {"registry": other_registry})
    chain.mine()
    chain.emit(REGISTRY, OPENED, BRANCH)
    chain.emit(other_registry, OPENED, BRANCH_2)
    chain.emit(BRANCH, MOVED, ALICE, WAD, 0)
    chain.emit(BRANCH_2, MOVED, BOB, WAD, 0)
    path = tmp_path / "i"
    advance(path, chain)
    advance(path, chain, deployment=other)
    with Index(path, abi=bank_abi) as index:
        ours = [e.args["who"] for e in index.events(bank(), PLUG, up_to=1) if e.name == "Moved"]
        theirs = [e.args["who"] for e in index.events(other, PLUG, up_to=1) if e.name == "Moved"]
    assert (ours, theirs) == ([ALICE], [BOB])


def test_other_declared_sources_start_the_deployment_again(
    tmp_path: Path, chain: MemoryChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance(tmp_path / "i", chain)
    honest = type(PLUG).sources

    def more(self: object, deployment: Deployment) -> list[object]:
        (source,) = honest(PLUG, deployment)
        branch = type(source)("branch", BRANCH_2, "bank/Branch", ("Moved",), 0)
        return [source, branch]

    monkeypatch.setattr(type(PLUG), "sources", more)
    outcome = advance(tmp_path / "i", chain)
    advance(tmp_path / "fresh", chain)
    assert outcome.restarted
    assert contents(tmp_path / "i") == contents(tmp_path / "fresh")


def test_an_index_of_another_chain_is_refused_with_both_named(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    before = contents(tmp_path / "i")
    other = MemoryChain(chain_id=1)
    other.mine(20)
    with pytest.raises(InputError, match="is the index of chain 4242, this is chain 1"):
        advance(tmp_path / "i", other)
    assert contents(tmp_path / "i") == before


def test_another_chain_of_the_same_id_is_refused_by_its_first_block(
    tmp_path: Path, chain: MemoryChain
) -> None:
    advance(tmp_path / "i", chain)
    twin = MemoryChain(salts=["another genesis"])
    twin.mine(20)
    with pytest.raises(InputError, match="another chain with id 4242"):
        advance(tmp_path / "i", twin)


def test_a_file_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("dear diary")
    with pytest.raises(InputError, match="is not a database of analyzer"):
        Index(text)
    assert text.read_text() == "dear diary"


def test_a_chain_whose_log_and_header_disagree_is_not_indexed(
    tmp_path: Path, chain: MemoryChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = MemoryChain._raw

    def stale(self: MemoryChain, number: int, *rest: object) -> object:
        log = honest(self, number, *rest)
        return type(log)(log.block_number, log.log_index, b"\x11" * 32, *_after_hash(log))

    monkeypatch.setattr(MemoryChain, "_raw", stale)
    with pytest.raises(UnreadError, match="block 1 changed while it was being read"):
        advance(tmp_path / "i", chain)


def _after_hash(log: object) -> tuple[object, ...]:
    fields = ("tx_hash", "tx_index", "address", "topics", "data")
    return tuple(getattr(log, name) for name in fields)
