"""Logs that are held against logs that are proved: each lie is named with its block and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.chain.base import NotRecordedError
from analyzer.chain.proofs.gathered import Gathered
from analyzer.chain.proofs.header import EMPTY_ROOT, ProvedHeader
from analyzer.chain.proofs.logs import false_positive_rate, log_differences, proved_empty
from analyzer.chain.proofs.prove_logs import HeldLogs, prove_logs
from analyzer.chain.proofs.source import ProofSource, WantedWords
from analyzer.chain.wire import parse_log
from analyzer.model.block import BlockRef
from analyzer.model.certificate import LogsProved
from analyzer.model.errors import UnreadError
from analyzer.model.logs import LogFilter, RawLog
from analyzer.model.reads import NotRead

if TYPE_CHECKING:
    from conftest import Vector

NOTHING = LogFilter(("0x" + "99" * 20,), ("0x" + "98" * 32,))


class OneBlock:
    """A chain of one block that can be proved, or not."""

    def __init__(self, vector: Vector, *, receipts: bool = True) -> None:
        self.vector, self.there = vector, receipts

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        if set(numbers) != {1}:
            raise NotRecordedError(f"block {numbers[0]} is not in the recording")
        return [self.vector.block for _ in numbers]

    def receipts(self, blocks: Sequence[BlockRef]) -> list[Sequence[Mapping[str, Any]] | NotRead]:
        why = NotRead("not provable from this recording: the receipts of block 1")
        return [self.vector.receipts if self.there else why for _ in blocks]

    def proof_nodes(
        self, block: BlockRef, wanted: Sequence[WantedWords]
    ) -> list[Sequence[bytes] | NotRead]:
        return [self.vector.nodes for _ in wanted]


@pytest.fixture
def cancun(vectors: dict[str, Vector]) -> Vector:
    return vectors["cancun"]


@pytest.fixture
def logs(cancun: Vector) -> list[RawLog]:
    """All logs of the block, as a node gives them."""
    return [parse_log(log) for receipt in cancun.receipts for log in receipt["logs"]]


def _ours(_raw: RawLog) -> bool:
    return True


def _proved(
    source: ProofSource, held: Sequence[RawLog], *, last: int = 1, sample: int | None = None,
    most_bytes: int = 10**9, filters: Sequence[LogFilter] = (NOTHING,), chain_id: int = 31337,
) -> tuple[Gathered, LogsProved]:  # fmt: skip
    """What comes of proving these logs of blocks 1 to `last`."""
    gathered = Gathered(source, most_bytes)
    by_block = {1: held} if held else {}
    proved = prove_logs(
        gathered,
        HeldLogs(1, by_block, filters, _ours if held else (lambda raw: False)),
        last,
        chain_id=chain_id,
        sample=sample,
        seed=0,
        progress=lambda *_: None,
    )
    return gathered, proved


def test_the_logs_of_a_block_are_proved_to_be_exactly_these(
    cancun: Vector, logs: list[RawLog]
) -> None:
    gathered, proved = _proved(OneBlock(cancun), logs)
    assert (gathered.contradictions, gathered.missing) == ([], ())
    assert (proved.proved_blocks, proved.proved_logs) == (1, len(logs))
    assert proved.miss_with_logs == 0.0
    assert gathered.cost().receipts == 1
    assert gathered.cost().bytes > 1_000


def test_each_lie_about_a_log_is_named_with_its_block_and_field(
    cancun: Vector, logs: list[RawLog]
) -> None:
    first, second, third = logs[:3]
    rest = logs[3:]
    flipped = first.data[:-1] + bytes([first.data[-1] ^ 1])
    lies = {
        "log 1": [first, third, *rest],
        "log 900": [*logs, replace(first, log_index=900, data=b"\x07")],
        "log 1 address": [first, replace(second, address=b"\x07" * 20), third, *rest],
        "log 0 data": [replace(first, data=flipped), second, third, *rest],
        "log 0 topic 1": [replace(first, topics=(first.topics[0], b"\x07" * 32)), *logs[1:]],
        "log 0 topics": [replace(first, topics=first.topics[:1]), *logs[1:]],
        "log 0 transactionIndex": [replace(first, tx_index=2), *logs[1:]],
        "log 0 transactionHash": [replace(first, tx_hash=b"\x07" * 32), *logs[1:]],
        "log 0 blockHash": [replace(first, block_hash=b"\x07" * 32), *logs[1:]],
    }
    for field, held in lies.items():
        gathered, proved = _proved(OneBlock(cancun), held)
        assert [(c.kind, c.block, c.field) for c in gathered.contradictions] == [
            ("log", 1, field)
        ], field
        assert proved.proved_blocks == 0


def test_a_log_at_another_place_was_moved_and_is_told_of_once(
    cancun: Vector, logs: list[RawLog]
) -> None:
    moved = [replace(logs[0], log_index=900), *logs[1:]]
    gathered, _ = _proved(OneBlock(cancun), moved)
    (found,) = gathered.contradictions
    assert (found.block, found.field) == (1, "log 900")
    assert "proved to be log 0: it was moved" in found.text


def test_a_log_in_the_place_of_one_that_is_not_ours_was_added(logs: list[RawLog]) -> None:
    def ours(raw: RawLog) -> bool:
        return raw.log_index != 0

    (found,) = log_differences([*logs], logs, ours)
    assert (found.field, "it was added" in found.text) == ("log 0", True)


def test_a_block_without_logs_of_ours_is_empty_by_its_bloom_and_else_by_its_receipts(
    cancun: Vector, logs: list[RawLog]
) -> None:
    _, proved = _proved(OneBlock(cancun), [])
    assert (proved.empty_blocks, proved.empty_by_bloom, proved.empty_by_receipts) == (1, 1, 0)
    held = LogFilter(("0x" + logs[0].address.hex(),), ("0x" + logs[0].topics[0].hex(),))
    gathered, proved = _proved(OneBlock(cancun), [], filters=[held])
    assert (proved.empty_by_bloom, proved.empty_by_receipts) == (0, 1)
    assert gathered.cost().receipts == 1


def test_all_logs_of_a_block_left_out_are_each_named(cancun: Vector, logs: list[RawLog]) -> None:
    gathered = Gathered(OneBlock(cancun))
    held = LogFilter(("0x" + logs[0].address.hex(),), ())
    proved = prove_logs(
        gathered, HeldLogs(1, {}, [held], lambda raw: raw.address == logs[0].address), 1,
        chain_id=31337, sample=None, seed=0, progress=lambda *_: None,
    )  # fmt: skip
    removed = [c for c in gathered.contradictions if "it was removed" in c.text]
    assert len(removed) == len([log for log in logs if log.address == logs[0].address])
    assert proved.empty_by_receipts == 0


def test_an_empty_bloom_proves_nothing_where_there_are_receipts() -> None:
    blank = ProvedHeader(1, "0x1", "0x0", 0, b"", b"\x01" * 32, b"\0" * 256)
    assert not proved_empty(blank, [NOTHING])
    assert proved_empty(replace(blank, receipts_root=EMPTY_ROOT), [NOTHING])


def test_a_filter_that_asks_for_anything_is_never_proved_empty_by_a_bloom() -> None:
    some = ProvedHeader(1, "0x1", "0x0", 0, b"", b"\x01" * 32, b"\0" * 255 + b"\x01")
    assert proved_empty(some, [NOTHING])
    assert not proved_empty(some, [LogFilter(())])


def test_a_full_bloom_makes_every_pair_a_false_positive() -> None:
    full = ProvedHeader(1, "0x1", "0x0", 0, b"", b"", b"\xff" * 256)
    half = ProvedHeader(1, "0x1", "0x0", 0, b"", b"", b"\x0f" * 256)
    assert false_positive_rate([full], [NOTHING]) == 1.0
    assert false_positive_rate([half], [NOTHING]) == 0.5**6
    assert false_positive_rate([], [NOTHING]) == 0.0


def test_what_was_not_recorded_is_missing_and_never_a_pass(
    cancun: Vector, logs: list[RawLog]
) -> None:
    gathered, proved = _proved(OneBlock(cancun, receipts=False), logs)
    assert proved.proved_blocks == 0
    assert proved.miss_with_logs == 1.0
    assert gathered.missing == ("not provable from this recording: the receipts of block 1",)
    gathered, proved = _proved(OneBlock(cancun), logs, last=3)
    assert (proved.empty_blocks, proved.empty_by_bloom) == (2, 0)
    assert any("block 2 is not in the recording" in text for text in gathered.missing)


def test_the_bound_on_what_is_gathered_is_told(cancun: Vector, logs: list[RawLog]) -> None:
    gathered, proved = _proved(OneBlock(cancun), logs, most_bytes=0)
    assert proved.proved_blocks == 0
    assert "the bound on proofs is reached" in gathered.missing[0]


def test_a_sample_is_seeded_and_says_what_it_misses(cancun: Vector, logs: list[RawLog]) -> None:
    _, proved = _proved(OneBlock(cancun), logs, last=1_000_001, sample=2)
    assert (proved.empty_blocks, proved.wanted_empty) == (1_000_000, 2)
    assert proved.miss_empty == 1.0
    again = _proved(OneBlock(cancun), logs, last=1_000_001, sample=2)
    assert again[0].missing == _proved(OneBlock(cancun), logs, last=1_000_001, sample=2)[0].missing


def test_where_logs_are_in_no_root_a_bloom_proves_no_block_empty(cancun: Vector) -> None:
    _, elsewhere = _proved(OneBlock(cancun), [])
    assert elsewhere.empty_by_bloom == 1
    gathered, proved = _proved(OneBlock(cancun), [], chain_id=137)
    assert (proved.empty_by_bloom, proved.empty_by_receipts) == (0, 0)
    assert "Polygon PoS" in gathered.missing[0]


class NoBlock(OneBlock):
    """A chain that has none of the blocks it is asked for."""

    def whole_headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        raise UnreadError(f"block {numbers[0]} is pruned")


@pytest.mark.parametrize("sample", [None, 10**15])
def test_of_a_range_that_nobody_can_read_the_first_blocks_are_asked_for_and_the_rest_told(
    cancun: Vector, monkeypatch: pytest.MonkeyPatch, sample: int | None
) -> None:
    monkeypatch.setattr("analyzer.chain.proofs.prove_logs.MOST_HEADERS", 1_000)
    gathered, proved = _proved(NoBlock(cancun), [], last=10**18, sample=sample)
    wanted = sample or 10**18
    assert (proved.wanted_empty, proved.empty_blocks) == (wanted, 10**18)
    assert f"{wanted - 1_000:,} blocks without logs of ours" in " ".join(gathered.missing)


def test_a_trusted_hash_that_is_too_far_away_is_not_followed(cancun: Vector) -> None:
    gathered = Gathered(OneBlock(cancun))
    gathered.take([1])
    headers = gathered.anchor({10**15: "0x" + "07" * 32})
    assert (headers.links, headers.anchored, headers.trusted) == (0, 0, {})
    assert "trusted hash nearer to the block" in " ".join(gathered.missing)
