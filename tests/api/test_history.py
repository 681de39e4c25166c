from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from bank import ALICE
from memory_chain import MemoryChain

import analyzer
from analyzer.api.history import ask, series
from analyzer.model.errors import InputError
from analyzer.model.integers import WAD
from analyzer.runs.many.backfill import BackfillOptions, backfill


@pytest.fixture
def history(tmp_path: Path, live: MemoryChain, deployment_file: Path) -> Path:
    """Two blocks of the live chain."""
    folder = tmp_path / "history"
    options = BackfillOptions(
        history=folder,
        blocks=("8:20:12",),
        rpc=("http://node.example",),
        deployments=(str(deployment_file),),
    )
    backfill(options, lambda *_: None)
    return folder


def test_python_opens_a_history_with_exact_amounts(history: Path) -> None:
    with analyzer.open_history(history) as opened:
        frame = opened.series()
        margin = opened.table("margin")
        one = opened.sql("SELECT count(*) AS n FROM history_margin WHERE block_number = ?", [20])
    assert list(frame["block_number"]) == [8, 20]
    assert list(frame["bad_debt_e18"]) == [0, 0]
    assert isinstance(frame["bad_debt"][0], Decimal)
    alice = margin[margin["account_id"] == ALICE]
    assert list(alice["equity_e18"]) == [60 * WAD, 60 * WAD]
    assert one["n"][0] == 3


def test_a_history_has_the_tables_of_a_snapshot_at_every_block(history: Path) -> None:
    with analyzer.open_history(history) as opened:
        accounts = opened.accounts(money="int")
        decimals = opened.accounts()
        table = opened.arrow("margin")
        scans = opened.scans()
        with pytest.raises(InputError, match="no deployment 'mars'"):
            opened.accounts(deployment="mars")
        with pytest.raises(InputError, match=r"no table 'margn' .did you mean 'margin'"):
            opened.arrow("margn")
        with pytest.raises(InputError, match="a history has no table 'books'"):
            opened.arrow("books")
    assert list(accounts.columns[:2]) == ["deployment", "block_number"]
    assert scans["block_number"].tolist() == [8, 20]
    alice = accounts[accounts["account_id"] == ALICE]
    assert alice["equity_e18"].tolist() == [60 * WAD, 60 * WAD]
    assert decimals[decimals["account_id"] == ALICE]["equity"].tolist() == [Decimal(60)] * 2
    assert table.num_rows == len(accounts)
    assert table["block_number"].to_pylist() == accounts["block_number"].tolist()


def test_every_view_and_column_says_what_it_is(history: Path) -> None:
    from analyzer.store.history import open_history

    with open_history(history) as opened:
        views = opened.tables()
    assert {"history_scans", "history_margin", "history_series"} <= {view.name for view in views}
    bare = [
        (view.name, column.name)
        for view in views
        for column in view.columns
        if not column.comment and column.name != "filename"
    ]
    assert bare == []
    assert all(view.comment for view in views)


def test_an_empty_history_has_every_view_and_no_row(tmp_path: Path) -> None:
    from analyzer.store.history import HISTORY_TABLES, make_history

    make_history(tmp_path / "empty")
    assert series(tmp_path / "empty")[1] == []
    for table in HISTORY_TABLES:
        assert ask(tmp_path / "empty", f"SELECT * FROM history_{table.name}")[1] == []


def test_what_is_not_there_is_refused_with_what_is(history: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no deployment 'x' \(it holds: bank\)"):
        series(history, "x")
    with analyzer.open_history(history) as opened, pytest.raises(InputError, match="has no table"):
        opened.table("nothing")
    with pytest.raises(InputError, match="there is no history"):
        series(tmp_path)
    with pytest.raises(InputError, match="the query failed"):
        ask(history, "SELECT nonsense")
