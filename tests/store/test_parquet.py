from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.store.overflow256 import join
from analyzer.store.parquet import write_parquet
from analyzer.store.schema import Column, Kind, Table, amount, text

TABLE = Table(
    "t",
    "One row per test.",
    (text("name", "Name."), amount("x", "Signed."), Column("u", Kind.UNSIGNED, "Unsigned.")),
)
signed = st.none() | st.integers(-(2**255), 2**255 - 1)
unsigned = st.none() | st.integers(0, 2**256 - 1)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=4), signed, unsigned), max_size=6))
@example([("", 10**38 - 1, 10**38), ("", -(10**38), 2**256 - 1), ("", -(2**255), 0)])
def test_every_256_bit_integer_comes_back_whole_and_null_stays_null(
    rows: list[tuple[str, int | None, int | None]],
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        assert write_parquet(path, TABLE, rows, {}) == len(rows)
        with duckdb.connect() as connection:
            found = connection.execute(
                "SELECT name, x::HUGEINT, x_overflow, u::HUGEINT, u_overflow FROM read_parquet(?)",
                [str(path)],
            ).fetchall()
    back = [(n, join(x, xo), join(u, uo, signed=False)) for n, x, xo, u, uo in found]
    assert back == rows


def test_duckdb_reads_the_amounts_as_exact_decimals(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", TABLE, [("a", 10**38 - 1, 7)], {"about": "it"})
    with duckdb.connect() as connection:
        sql = "SELECT typeof(x), x::VARCHAR FROM read_parquet(?)"
        found = connection.execute(sql, [str(tmp_path / "t.parquet")]).fetchall()
    assert found == [("DECIMAL(38,0)", "9" * 38)]
    assert pq.read_schema(tmp_path / "t.parquet").metadata[b"about"] == b"it"


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [("a", 1, 2), ("b", None, 2**255)]
    write_parquet(tmp_path / "1", TABLE, rows, {"b": "2", "a": "1"})
    write_parquet(tmp_path / "2", TABLE, rows, {"a": "1", "b": "2"})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_what_no_word_holds_is_refused_and_the_file_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_parquet(path, TABLE, [("a", 1, 2)], {})
    before = path.read_bytes()
    with pytest.raises(OverflowError, match=r"t\.x: .* does not fit int256"):
        write_parquet(path, TABLE, [("a", 2**255, 2)], {})
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [before]
