"""A large scan writes the statements that somebody has to act on; others come from the book."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from bank import ALICE, CAROL

from analyzer.model.errors import InputError
from analyzer.model.rows import StatementLine
from analyzer.protocols.kit.rows_of import RowsOf
from analyzer.protocols.kit.statement import Statements, statements_of
from analyzer.runs.scanning.scan import ScanOutcome
from analyzer.runs.snapshot import statements
from analyzer.runs.snapshot.account import account

RunScan = Callable[..., ScanOutcome]


def line(account_id: str, label: str) -> StatementLine:
    return StatementLine(account_id, "result", label, 1, "e18", "logs")


def written(db: Path) -> list[str]:
    with duckdb.connect(str(db), read_only=True) as connection:
        rows = connection.execute("SELECT DISTINCT account_id FROM statements ORDER BY 1")
        return [str(name) for (name,) in rows.fetchall()]


def test_the_account_command_says_the_same_whether_a_statement_was_written_or_not(
    tmp_path: Path, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = tmp_path / "scan.duckdb"
    run_scan()
    assert len(written(db)) == 3
    before = [account(db, name) for name in (ALICE, CAROL)]
    monkeypatch.setattr(statements, "ALL_UP_TO_ACCOUNTS", 2)
    run_scan()
    # Carol is liquidatable, Bob is only below initial margin.
    assert written(db) == [CAROL]
    assert [account(db, name) for name in (ALICE, CAROL)] == before
    assert before[0].lines


def test_a_statement_that_was_left_out_and_cannot_be_made_is_one_line_of_error(
    tmp_path: Path, run_scan: RunScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = tmp_path / "scan.duckdb"
    monkeypatch.setattr(statements, "ALL_UP_TO_ACCOUNTS", 2)
    run_scan()
    with duckdb.connect(str(db)) as connection:
        connection.execute("UPDATE books SET book = NULL")
    assert account(db, CAROL).lines
    with pytest.raises(InputError, match="has no book to compute on"):
        account(db, ALICE)


def test_lines_are_made_when_they_are_asked_for_and_of_nobody_else() -> None:
    asked: list[str] = []

    def make(name: str) -> list[StatementLine]:
        asked.append(name)
        return [line(name, "a"), line(name, "b")]

    lines = Statements(["x", "y", "z"], make)
    assert asked == []
    assert list(statements_of(lines, {"y", "nobody"})) == [line("y", "a"), line("y", "b")]
    assert asked == ["y"]
    plain = list(lines)
    assert list(statements_of(plain, {"y"})) == [line("y", "a"), line("y", "b")]
    assert lines == plain
    assert (len(lines), lines[1], lines[4:]) == (6, line("x", "b"), plain[4:])
    assert lines != plain[1:]
    assert not RowsOf([], make)
