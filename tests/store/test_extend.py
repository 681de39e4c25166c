from __future__ import annotations

from pathlib import Path

import pytest
from database_rows import database_rows

from analyzer.model.errors import InputError
from analyzer.store.extend import Remove, extend_snapshot
from analyzer.store.load import LoadError
from analyzer.store.snapshot import SCHEMA, open_snapshot, write_snapshot

SHORT = "5ca0"
DISTANCES = "SELECT ray, account_id, multiple FROM distances ORDER BY ray, account_id"


def distance(account: str, multiple: float | None, ray: str = "all") -> tuple[object, ...]:
    return (SHORT, ray, account, multiple, "", 1.5, None, None, None)


def rows(path: Path, sql: str = DISTANCES) -> list[tuple[object, ...]]:
    with open_snapshot(path) as snapshot:
        return snapshot.query(sql)[1]


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "scan.duckdb"
    write_snapshot(path, {"distances": [distance("0x1", 0.5), distance("0x2", None)]})
    return path


def test_rows_are_added_to_a_copy_and_the_snapshot_stays_as_it_was(db: Path) -> None:
    before, target = db.read_bytes(), db.with_name("out.duckdb")
    extend_snapshot(db, target, {"distances": [distance("0x1", 0.25, "ETH")]})
    assert db.read_bytes() == before
    assert rows(target) == [("ETH", "0x1", 0.25), ("all", "0x1", 0.5), ("all", "0x2", None)]
    assert sorted(path.name for path in db.parent.iterdir()) == ["out.duckdb", "scan.duckdb"]


def test_the_same_rows_again_change_nothing(db: Path) -> None:
    before = database_rows(db)
    extend_snapshot(db, db, {"distances": [distance("0x1", 0.5), distance("0x2", None)]})
    assert database_rows(db) == before


def test_what_was_there_of_the_same_scan_and_run_is_replaced_as_a_whole(db: Path) -> None:
    with open_snapshot(db) as old:
        extend_snapshot(db, db, {"distances": [distance("0x3", 0.75)]})
        assert len(old.query(DISTANCES)[1]) == 2
    assert rows(db) == [("all", "0x3", 0.75)]


def test_rows_may_be_removed_before_others_come(db: Path) -> None:
    gone = Remove("distances", "account_id = ?", ("0x2",))
    extend_snapshot(db, db, {"distances": [distance("0x9", 1.0, "ETH")]}, [gone])
    assert rows(db) == [("ETH", "0x9", 1.0), ("all", "0x1", 0.5)]


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_leaves_the_snapshot_and_nothing_beside_it(
    db: Path, figure: float
) -> None:
    before = db.read_bytes()
    with pytest.raises(ValueError, match=r"distances\.multiple: a figure that is no finite number"):
        extend_snapshot(db, db, {"distances": [distance("0x1", figure)]})
    assert db.read_bytes() == before
    assert [path.name for path in db.parent.iterdir()] == ["scan.duckdb"]


def test_figures_are_proven_after_they_were_loaded(
    db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [0.1, -1e-9, 1e29, 5e300, 2.0**70, -3.5]
    found = [distance(f"0x{n}", value) for n, value in enumerate(values)]
    extend_snapshot(db, db, {"distances": found})
    assert [row[2] for row in rows(db)] == values
    monkeypatch.setattr("analyzer.store.load._array", lambda column, data: _spoiled(column, data))
    with pytest.raises(LoadError, match="column multiple"):
        extend_snapshot(db, db, {"distances": [distance("0x1", 0.5)]})


def _spoiled(column: object, data: list[object]) -> object:
    """The Arrow array of a column, every figure a little off."""
    import pyarrow as pa

    if isinstance(data[0], float):
        return pa.array([float(str(value)) + 0.25 for value in data], pa.float64())
    return pa.array(data, pa.string())


def test_what_is_no_snapshot_is_neither_read_nor_replaced(db: Path, tmp_path: Path) -> None:
    other = tmp_path / "diary"
    other.write_text("dear diary")
    with pytest.raises(InputError, match="is not a database of analyzer"):
        extend_snapshot(other, db, {})
    with pytest.raises(InputError, match="is not a database of analyzer"):
        extend_snapshot(db, other, {})
    with pytest.raises(InputError, match="there is no snapshot"):
        extend_snapshot(tmp_path / "none", db, {})
    with pytest.raises(KeyError):
        extend_snapshot(db, db, {"diary": []})
    assert other.read_text() == "dear diary"


def test_every_table_of_stress_is_keyed_by_scan_and_run() -> None:
    names = ("contagion_runs", "stress_results", "contagion_edges", "distances")
    assert {SCHEMA[name].key[0] for name in names} == {"scan_id"}
