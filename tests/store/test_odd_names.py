"""Names of files that are no UTF-8, which most file systems take: read, written, or one line."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from analyzer.contagion.scenario import load_scenario
from analyzer.market.depth.file import load_depth
from analyzer.model.errors import InputError
from analyzer.runs.snapshot.parquet_file import write_parquet
from analyzer.store.beside import attach, load_table
from analyzer.store.confine import lock
from analyzer.store.schema import path_literal

ODD = os.fsdecode(b"odd\xff")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A CSV file with such a name."""
    path = tmp_path / f"{ODD}.csv"
    path.write_text("a,b\n1,2\n")
    return path


def test_duckdb_is_not_asked_for_what_it_cannot_open(odd: Path) -> None:
    with duckdb.connect() as connection:
        for ask in (
            lambda: load_table(connection, "mine", odd),
            lambda: attach(connection, "mine", odd),
            lambda: lock(connection, [odd]),
            lambda: path_literal(odd),
        ):
            with pytest.raises(InputError, match="only files whose name is UTF-8"):
                ask()


def test_rows_go_into_such_a_file(tmp_path: Path) -> None:
    target = tmp_path / f"{ODD}.parquet"
    write_parquet(target, ["a"], [[1]])
    assert target.read_bytes().startswith(b"PAR1")
    assert os.listdir(tmp_path) == [target.name]


def test_scenarios_and_curves_have_a_name_that_can_be_shown(tmp_path: Path) -> None:
    scenario, depth = tmp_path / f"{ODD}\u202e.toml", tmp_path / f"{ODD}\u202e.depth"
    scenario.write_text('title = "t"\nsource = "s"\nshocks = {ETH = "-3%"}\n')
    depth.write_text("ETH = {kind = 'constant-product', depth_usd = 1e8}\n")
    assert load_scenario(str(scenario)).name == "odd\\udcff\\u202e"
    assert r"\udcff\u202e.depth: ETH" in load_depth(depth).curves["ETH"].source
