from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from bank import PLUG, BankPlug

from analyzer.model.block import BlockRef
from analyzer.model.errors import InputError
from analyzer.protocols.kit.state_leaves import CodecError
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.snapshot.reader import read_books

RunScan = Callable[..., ScanOutcome]


def change(db: Path, statement: str) -> None:
    """Changes a snapshot behind its back."""
    with duckdb.connect(str(db)) as connection:
        connection.execute(statement)


def test_a_scan_opened_again_computes_what_was_scanned(tmp_path: Path, run_scan: RunScan) -> None:
    result = run_scan().results[0]
    (scan,) = read_books(tmp_path / "scan.duckdb")
    assert (scan.scan_id, scan.plug, scan.deployment) == (result.scan_id, PLUG, result.deployment)
    block: BlockRef = result.block
    assert (scan.block.number, scan.block.hash, scan.block.time) == (
        block.number, block.hash, block.time,
    )  # fmt: skip
    assert (scan.book.state, scan.prices) == (result.book.state, result.prices)
    margin = [row.margin for row in result.margin]
    assert list(scan.plug.margin(scan.valued)) == margin


def test_only_what_is_named_is_opened_and_a_wrong_name_lists_what_there_is(
    tmp_path: Path, run_scan: RunScan
) -> None:
    run_scan()
    db = tmp_path / "scan.duckdb"
    assert [s.deployment.name for s in read_books(db, ["bank"])] == ["bank"]
    with pytest.raises(InputError, match=r"holds no deployment 'till' \(it holds: bank\)"):
        read_books(db, ["till"])


def test_a_scan_of_other_rules_is_not_computed_on(
    tmp_path: Path, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_scan()
    monkeypatch.setattr(PLUG, "methodology", "2")
    with pytest.raises(InputError, match="was scanned by the rules 1, this program has 2: scan"):
        read_books(tmp_path / "scan.duckdb")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE books SET sha256 = '00'", "is not what was written"),
        ("UPDATE books SET book = book[1:9]::BLOB", "is no book"),
        ("DELETE FROM books", "has no book to compute on: the snapshot has none"),
    ],
)
def test_a_book_that_was_altered_or_is_gone_is_one_line(
    tmp_path: Path, run_scan: RunScan, statement: str, said: str
) -> None:
    run_scan()
    db = tmp_path / "scan.duckdb"
    change(db, statement)
    with pytest.raises(InputError, match=said) as caught:
        read_books(db)
    assert "\n" not in str(caught.value)


def test_a_state_that_cannot_be_written_spoils_no_scan_and_says_why(
    tmp_path: Path, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: BankPlug, book: object) -> bytes:
        raise CodecError("float where int belongs").under(".till.rate")

    monkeypatch.setattr(BankPlug, "pack", refuse)
    run_scan()
    said = r"cannot be kept: \.till\.rate: float where int belongs"
    with pytest.raises(InputError, match=said):
        read_books(tmp_path / "scan.duckdb")
