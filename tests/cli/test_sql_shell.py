"""The interactive SQL shell: completion, backslash commands, and where its history is."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.cli.sql_shell import complete, describe, history_file, statement_of
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
    assert statement_of(r"\x") is None
    assert statement_of(r"\d margin; DROP") is None


def test_the_history_is_in_the_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_file() == tmp_path / "analyzer" / "sql_history"
