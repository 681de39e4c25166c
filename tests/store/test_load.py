from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.store import load
from analyzer.store.load import LoadError, fetch, load_rows
from analyzer.store.overflow256 import join
from analyzer.store.schema import Column, Kind, Table, amount, count, flag, text

TABLE = Table(
    "things",
    "One row per thing.",
    (
        count("id", "Number.", key=True),
        text("name", "Name."),
        flag("good", "Good."),
        amount("signed", "Signed."),
        Column("unsigned", Kind.UNSIGNED, "Unsigned."),
        Column("narrow", Kind.INTEGER, "Narrow."),
        Column("data", Kind.BYTES, "Data."),
        Column("json", Kind.JSON, "JSON."),
        Column("at", Kind.WALL_CLOCK, "When."),
    ),
)

ROW = st.tuples(
    st.none() | st.text(max_size=5),
    st.none() | st.booleans(),
    st.none() | st.integers(-(2**255), 2**255 - 1) | st.integers(-5, 5),
    st.none() | st.integers(0, 2**256 - 1),
    st.none() | st.integers(-(2**127) + 1, 2**127 - 1),
    st.none() | st.binary(max_size=40),
    st.none() | st.dictionaries(st.text("ab"), st.text("ab")).map(json.dumps),
    st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        make(connection)
        yield connection


def make(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in TABLE.ddl():
        connection.execute(statement)


def stored(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    rows = fetch(connection, "SELECT * FROM things ORDER BY id")
    return [
        (i, name, good, join(s, s_wide), join(u, u_wide, signed=False), *rest)
        for i, name, good, s, s_wide, u, u_wide, *rest in rows
    ]


@given(st.lists(ROW, max_size=8))
def test_every_kind_of_value_comes_back_exactly(rows: list[tuple[object, ...]]) -> None:
    numbered = [(i, *row) for i, row in enumerate(rows)]
    with duckdb.connect() as connection:
        make(connection)
        assert load_rows(connection, TABLE, numbered) == len(rows)
        assert stored(connection) == numbered


def test_rows_of_several_batches_all_arrive(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH_ROWS", 3)
    rows = [(i, "n", True, i, i, i, b"", "{}", None) for i in range(10)]
    assert load_rows(connection, TABLE, iter(rows)) == 10
    assert stored(connection) == rows


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("signed", [6, 7]),
        ("name", ["a", "bcd"]),
        ("good", [True, True]),
        ("data", [b"x", b""]),
        ("narrow", [None, 7]),
    ],
)
def test_a_value_that_changes_on_its_way_into_the_table_is_noticed(
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    column: str,
    changed: list[object],
) -> None:
    honest = load._array

    def lying(of: Column, data: list[object]) -> object:
        return honest(of, changed if of.name == column else data)

    monkeypatch.setattr(load, "_array", lying)
    rows = [(1, "a", True, 6, 0, 6, b"x", "", None), (2, "bc", False, 8, 0, 7, b"yz", "", None)]
    with pytest.raises(LoadError, match=f"table things, column {column}:"):
        load_rows(connection, TABLE, rows)


def test_a_row_of_the_wrong_length_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ValueError, match="things has 9 columns, a row has 2"):
        load_rows(connection, TABLE, [(1, "a")])


def test_a_value_that_no_word_holds_is_refused_with_its_column(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(OverflowError, match=r"things\.signed: 578960"):
        load_rows(connection, TABLE, [(1, "a", True, 2**255, 0, 0, b"", "", None)])


def test_the_overflow_column_takes_32_bytes_and_nothing_else(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(duckdb.ConstraintException):
        connection.execute("INSERT INTO things (id, signed_overflow) VALUES (1, 'abc'::BLOB)")


def test_text_is_summed_where_pandas_has_not_imported_the_rest_of_arrow() -> None:
    code = (
        "import sys\n"
        "class NoPandas:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'pandas':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, NoPandas())\n"
        "import pyarrow as pa\n"
        "from analyzer.store import load\n"
        "from analyzer.store.schema import text\n"
        "print(load._checksum_of_array(text('a', 'A text.'), pa.array(['one', None, 'four'])))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("(2, 7)\n", "")
