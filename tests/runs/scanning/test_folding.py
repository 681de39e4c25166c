"""A scan goes on from a kept fold, gives what a fold of all logs gives, and trusts no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from bank import ALICE, BRANCH, MOVED, PLUG, BankPlug
from database_rows import differing_tables
from memory_chain import MemoryChain

from analyzer.documents.scan import DeploymentFolded
from analyzer.model.deployment import Deployment
from analyzer.model.errors import ExitCode
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.model.reads import Answer, Reading, ReadRequest, Value
from analyzer.protocols.kit.resumable import ResumableFold
from analyzer.runs.scanning import folding, pipeline
from analyzer.runs.scanning import scan as scan_module
from analyzer.runs.scanning import verify as verify_module
from analyzer.runs.scanning.proving import ProveOptions
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.scanning.verify import VerifyOptions, verify

RunScan = Callable[..., ScanOutcome]
LAST_LOG = 15
"""The block of the last log of the bank's small story."""
CRASH = Path(folding.__file__).resolve().parents[1] / "recordings" / "crash.zip"


@dataclass(slots=True)
class Told:
    """What the bank's fold keeps between two blocks: its events. It asks one thing at the first."""

    events: list[tuple[int, int, str, str, str, list[str], list[str | int]]] = field(
        default_factory=list
    )


def _begin(deployment: Deployment) -> Told:
    return Told()


def _go_on(deployment: Deployment, state: Told, events: Iterable[Event]) -> Reading[None]:
    for event in events:
        if not state.events:
            yield [ReadRequest("slot", BRANCH, f"0x{0:064x}", label="Branch.first", evidence=True)]
        values = [v for v in event.args.values() if isinstance(v, str | int)]
        state.events.append(
            (event.block_number, event.log_index, event.address, event.contract, event.name,
             list(event.args), values)
        )  # fmt: skip


@dataclass(slots=True)
class ResumableBank(BankPlug):
    """The bank with a fold that can be left off."""

    folding: object = None

    def fold(self, deployment: Deployment, events: Iterable[Event]) -> Reading[object]:
        return FOLDING.whole(deployment, events)


def _end(deployment: Deployment, state: Told) -> object:
    events = [
        Event(block, index, "", at, role, name, dict(zip(keys, values, strict=True)), 0)
        for block, index, at, role, name, keys, values in state.events
    ]
    with pytest.raises(StopIteration) as done:
        next(BankPlug.fold(PLUG, deployment, events))
    return done.value.value


FOLDING = ResumableFold(Told, _begin, _go_on, _end)
"""`Told.events` holds amounts of any size, so that a state is really written and read."""


@pytest.fixture
def resumable(monkeypatch: pytest.MonkeyPatch, live: MemoryChain) -> Iterator[MemoryChain]:
    """The bank's scans keep a fold at the block itself, however few logs there are."""
    plug = ResumableBank(folding=FOLDING)
    for module in (scan_module, verify_module, pipeline):
        monkeypatch.setattr(module, "load_plug", lambda _name: plug)
    monkeypatch.setattr(folding, "KEEP_AFTER_LOGS", 1)
    monkeypatch.setattr(folding, "BEHIND_BLOCKS", 2)
    told = live.answer

    def answer(number: int, request: ReadRequest) -> Answer:
        return Value(b"\7" * 32) if request.label == "Branch.first" else told(number, request)

    live.answer = answer
    return live


def folded(outcome: ScanOutcome) -> DeploymentFolded:
    (one,) = outcome.document.run.folded
    return one


def same_as_from_scratch(tmp_path: Path, run_scan: RunScan, **options: object) -> None:
    """The snapshot in place is that of a scan that folds every log."""
    fresh = tmp_path / "fresh.duckdb"
    fresh.unlink(missing_ok=True)
    index = tmp_path / "fresh.index.duckdb"
    index.unlink(missing_ok=True)
    again = run_scan(db=fresh, index=index, from_scratch=True, **options)
    assert folded(again).after_block is None
    assert differing_tables(tmp_path / "scan.duckdb", fresh) == {}


def grow(chain: MemoryChain, blocks: int = 5) -> None:
    """A deposit, and blocks after it."""
    chain.mine()
    chain.emit(BRANCH, MOVED, ALICE, 3 * WAD, 2**200)
    chain.mine(blocks - 1)


def test_a_second_scan_folds_only_what_came_since_and_says_the_same(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    first = folded(run_scan())
    assert (first.after_block, first.logs, first.refused) == (None, 8, ())
    grow(resumable)
    second = folded(run_scan())
    assert (second.after_block, second.logs, second.refused) == (LAST_LOG, 1, ())
    same_as_from_scratch(tmp_path, run_scan)


def test_nothing_is_gone_on_from_or_kept_where_the_user_says_so(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    assert folded(run_scan(from_scratch=True)).logs == 8
    grow(resumable)
    assert folded(run_scan()).after_block is None
    grow(resumable)
    assert folded(run_scan(from_scratch=True)).logs == 10


def test_a_reorg_above_the_kept_fold_leaves_it_and_one_below_drops_it(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    grow(resumable)
    run_scan()
    kept = resumable.head - 4
    resumable.reorganise(kept + 1)
    resumable.mine(3, salt="fork")
    assert folded(run_scan()).after_block == kept
    resumable.reorganise(kept - 1)
    resumable.mine(3, salt="other")
    again = folded(run_scan())
    assert (again.after_block, again.logs) == (None, 8)
    same_as_from_scratch(tmp_path, run_scan)


def test_a_contract_named_later_with_older_logs_makes_the_fold_one_of_other_logs(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    # The second branch was used in block 2 and is named in block 9.
    assert folded(run_scan(block="8")).logs == 3
    later = folded(run_scan(block="12"))
    assert (later.after_block, later.refused) == (None, ())
    same_as_from_scratch(tmp_path, run_scan, block="12")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("SET fold = 'no fold'::BLOB", "not those that were kept"),
        ("SET fold = 'no fold'::BLOB, sha256 = sha256('no fold')", "is no fold"),
        ("SET fold = NULL", "not those that were kept"),
    ],
)
def test_a_damaged_fold_is_refused_said_and_made_anew(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain, change: str, why: str
) -> None:
    run_scan()
    with duckdb.connect(str(tmp_path / "scan.index.duckdb")) as index:
        index.execute(f"UPDATE folds {change}")
    found = folded(run_scan())
    assert (found.after_block, found.logs) == (None, 8)
    (refused,) = found.refused
    assert why in refused
    assert f"the fold kept at block {LAST_LOG} is not gone on from" in refused
    assert folded(run_scan()).after_block == LAST_LOG


def test_a_fold_of_another_program_or_of_other_factors_is_not_gone_on_from(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain, deployment_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run_scan()
    deployment_file.write_text(deployment_file.read_text() + '\n[factors]\nCOIN = "ETH"\n')
    assert folded(run_scan()).after_block is None
    assert folded(run_scan()).after_block is not None
    monkeypatch.setattr("analyzer.__version__", "0.0.0-other")
    sys.modules["analyzer.protocols.kit.resumable"]._program.cache_clear()  # type: ignore[attr-defined]
    try:
        assert folded(run_scan()).after_block is None
    finally:
        sys.modules["analyzer.protocols.kit.resumable"]._program.cache_clear()  # type: ignore[attr-defined]


def test_a_fold_whose_reads_have_other_answers_now_is_refused(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    run_scan()
    told = resumable.answer

    def answer(number: int, request: ReadRequest) -> Answer:
        return Value(b"\x08" * 32) if request.label == "Branch.first" else told(number, request)

    resumable.answer = answer
    found = folded(run_scan())
    assert found.after_block is None
    assert "the chain has another answer now to Branch.first" in found.refused[0]


def test_verify_believes_no_fold_that_a_scan_left_behind(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    run_scan()
    with duckdb.connect(str(tmp_path / "scan.index.duckdb")) as index:
        index.execute("UPDATE folds SET fold = 'no fold'::BLOB")
    rpc = ("http://node.example",)
    outcome = verify(VerifyOptions(db=tmp_path / "scan.duckdb", rpc=rpc), lambda *_: None)
    assert outcome.exit_code is ExitCode.CLEAN
    with duckdb.connect(str(tmp_path / "scan.index.duckdb"), read_only=True) as index:
        assert index.execute("SELECT count(*) FROM folds").fetchall() == [(1,)]


def test_no_more_folds_are_kept_than_later_scans_can_use(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    for _ in range(6):
        grow(resumable)
        run_scan()
    with duckdb.connect(str(tmp_path / "scan.index.duckdb"), read_only=True) as index:
        blocks = index.execute("SELECT block_number FROM folds ORDER BY 1").fetchall()
    assert [block for (block,) in blocks] == [resumable.head - 9, resumable.head - 4]


def test_who_proves_folds_every_log_for_it_is_these_logs_that_are_proved(
    tmp_path: Path, run_scan: RunScan, resumable: MemoryChain
) -> None:
    run_scan()
    grow(resumable)
    assert folded(run_scan(prove=ProveOptions(("logs",)))).after_block is None
    assert folded(run_scan()).after_block == LAST_LOG
