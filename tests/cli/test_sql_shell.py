"""The interactive SQL shell: completion, backslash commands, and where its history is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from analyzer.cli.sql_shell import (
    HELP,
    Look,
    complete,
    describe,
    history_file,
    interact,
    statement_of,
)
from analyzer.runs.snapshot.sql import sql


def test_names_and_keywords_are_completed_in_the_case_that_was_begun() -> None:
    names = ["margin", "markets", "Margin_view"]
    assert complete("mar", names) == ["margin", "markets", "Margin_view"]
    assert complete("sel", names) == ["select"]
    assert complete("SEL", names) == ["SELECT"]
    assert complete("zz", names) == []


def test_a_backslash_d_with_a_name_describes_that_table(demo_snapshot: Path) -> None:
    statement = statement_of(r"\d margin")
    assert statement == describe("margin")
    columns, rows = sql(demo_snapshot, describe("margin"))
    assert columns == ["column", "type", "comment"]
    assert rows[0][0] == "scan_id"
    assert all(comment for _, _, comment in rows)


def test_an_unknown_backslash_command_is_none() -> None:
    assert statement_of(r"\z") is None
    assert statement_of(".tables") == statement_of(r"\d")
    assert statement_of(r"\d margin; DROP") is None


def test_the_history_is_in_the_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_file() == tmp_path / "analyzer" / "sql_history"


def test_the_shell_turns_records_and_all_digits_on_and_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    typed = iter(
        [".help", "SELECT", "1;", r"\x", "SELECT 1;", r"\x", ".exact", "SELECT 1;", ".nope", r"\q"]
    )
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    value = Decimal("1234.567000000000000000")
    asked: list[str] = []

    def run(statement: str) -> tuple[list[str], list[tuple[object, ...]]]:
        asked.append(statement)
        return ["owed"], [(value,)]

    assert interact(run, "table") == 0
    out, said = capsys.readouterr()
    assert asked[1:] == ["SELECT\n1;", "SELECT 1;", "SELECT 1;"]
    shown = [line.strip() for line in out.splitlines() if "1,234" in line or "1234" in line]
    assert shown == ["1,234.57", "owed  1,234.57", "1234.567000000000000000"]
    assert "-- 1 --" in out
    assert HELP in said
    assert "there is no command .nope: .help says what there is" in said


def test_a_command_of_the_look_is_told_from_others() -> None:
    look = Look()
    assert [look.obey(word) for word in (r"\x", ".exact", ".help", r"\d", "SELECT")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert (look.records, look.exact) == (True, True)
