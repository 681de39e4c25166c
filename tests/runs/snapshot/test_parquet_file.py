"""Rows as Parquet: what comes back is what went in, whatever its size."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.model.errors import InputError
from analyzer.runs.snapshot.parquet_file import write_parquet

INTEGERS = st.integers(-(2**256), 2**256)
SMALL = st.integers(-(2**63) + 1, 2**63 - 1)
DECIMALS = st.integers(-(10**37), 10**37).map(lambda n: Decimal(n).scaleb(-18))


def read_back(path: Path, columns: list[str], rows: list[tuple[object, ...]]) -> list[object]:
    write_parquet(path, columns, rows)
    table = pq.read_table(path)
    assert table.column_names == columns
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(INTEGERS | st.none(), min_size=1, max_size=6))
def test_an_integer_comes_back_whole(tmp_path: Path, values: list[int | None]) -> None:
    back = read_back(tmp_path / "x.parquet", ["n"], [(value,) for value in values])
    assert [None if v is None else int(v) for (v,) in back] == values  # type: ignore[misc]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(DECIMALS | st.none(), SMALL, st.booleans(), st.text(max_size=5))))
def test_rows_come_back_as_they_were(
    tmp_path: Path, rows: list[tuple[Decimal | None, int, bool, str]]
) -> None:
    known = [row for row in rows if row[0] is not None]
    back = read_back(tmp_path / "x.parquet", ["d", "n", "b", "t"], list(known))
    assert back == known


def test_small_integers_are_integers_in_the_file(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", ["n", "w"], [(1, 2**70), (None, None)])
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "x.parquet")}
    assert types == {"n": "int64", "w": "decimal128(38, 0)"}


def test_a_folder_that_is_not_there_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_parquet(tmp_path / "none" / "x.parquet", ["n"], [(1,)])
    assert not list(tmp_path.rglob("*.part"))
