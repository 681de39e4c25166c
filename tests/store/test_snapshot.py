from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Context, Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_rows import contents

from analyzer.indexer.index import Index
from analyzer.model.errors import InputError
from analyzer.store import snapshot as snapshot_writer
from analyzer.store.snapshot import SCHEMA, open_snapshot, write_snapshot

SCAN = (
    "5ca0", "perp-v2", "test", 10, '{"vault": "0x01"}', "{}", "by hand", 7, "0xab", 99, "1",
    1, 0, 0, 0, 0, 1, 0, None, "none", 0, 0, 0, 0, 1, 2, 2, 3, 1, "[]",
    "solvent", "[]", "[]", "{}",
)  # fmt: skip
EXACT = Context(prec=100)


def margin(account: str, equity: int | None) -> tuple[object, ...]:
    return (
        "5ca0", account, account, equity, equity, 0, 0, equity, equity, None, "healthy", "why",
        False, False, None, "open", None,
    )  # fmt: skip


def collateral(account: str, amount: int) -> tuple[object, ...]:
    return ("5ca0", account, "0xt", "T", 18, amount, amount, 10**18, None, None, 10**6)


def test_rows_come_back_as_they_were_given(tmp_path: Path) -> None:
    rows = [margin("0x1", 5), margin("0x2", None), margin("0x3", -(2**200))]
    written = write_snapshot(tmp_path / "s", {"scans": [SCAN], "margin": rows})
    with open_snapshot(tmp_path / "s") as snapshot:
        assert snapshot.rows(SCHEMA["margin"], "5ca0") == rows
        assert snapshot.rows(SCHEMA["scans"], "5ca0") == [SCAN]
        assert snapshot.rows(SCHEMA["margin"], "other") == []
    assert {name: n for name, n in written.items() if n} == {"scans": 1, "margin": 3}


def test_a_file_that_is_opened_anew_after_a_large_table_holds_what_one_held_open_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {
        "scans": [SCAN],
        "margin": [margin("0x1", 5), margin("0x2", None)],
        "collateral": [collateral("0x1", 7)],
    }
    write_snapshot(tmp_path / "open", rows)
    monkeypatch.setattr(snapshot_writer, "_MANY", 1)
    write_snapshot(tmp_path / "anew", rows)
    assert contents(tmp_path / "anew") == contents(tmp_path / "open")
    rows["margin"].append(rows["margin"][0])
    with pytest.raises(duckdb.ConstraintException):
        write_snapshot(tmp_path / "anew", rows)
    assert contents(tmp_path / "anew") == contents(tmp_path / "open")
    assert {path.name for path in tmp_path.iterdir()} == {"open", "anew"}


@settings(max_examples=10)
@given(st.lists(st.integers(-(2**255), 2**255 - 1), max_size=5))
def test_views_show_exact_decimals_or_say_that_they_cannot(
    tmp_path_factory: pytest.TempPathFactory, equities: list[int]
) -> None:
    db = tmp_path_factory.mktemp("views") / "s"
    rows = [margin(f"0x{i}", equity) for i, equity in enumerate(equities)]
    write_snapshot(db, {"scans": [SCAN], "margin": rows})
    with open_snapshot(db) as snapshot:
        _, shown = snapshot.query("SELECT equity, out_of_range FROM v_margin ORDER BY account_id")
    for equity, (decimal, out_of_range) in zip(equities, shown, strict=True):
        fits = abs(equity) < 10**38
        assert out_of_range is not fits
        assert decimal == (Decimal(equity).scaleb(-18, EXACT) if fits else None)


def test_one_absurd_balance_breaks_no_view(tmp_path: Path) -> None:
    rows = [
        collateral("0x1", 15 * 10**17),
        collateral("0x2", 2**255 - 1),
        collateral("0x3", 2**126),
    ]
    write_snapshot(tmp_path / "s", {"scans": [SCAN], "collateral": rows})
    with open_snapshot(tmp_path / "s") as snapshot:
        _, shown = snapshot.query(
            "SELECT account_id, amount, price, out_of_range FROM v_collateral ORDER BY account_id"
        )
        exact = snapshot.amount("collateral", "amount", where="account_id = ?", parameters=["0x2"])
    assert shown == [
        ("0x1", Decimal("1.5"), Decimal(1), False),
        ("0x2", None, Decimal(1), True),
        ("0x3", Decimal("85070591730234615865.843651857942052864"), Decimal(1), False),
    ]
    assert exact == 2**255 - 1


def test_unknown_amounts_are_null_and_not_out_of_range(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", {"scans": [SCAN], "margin": [margin("0x1", None)]})
    with open_snapshot(tmp_path / "s") as snapshot:
        _, shown = snapshot.query("SELECT equity, headroom, out_of_range FROM v_margin")
    assert shown == [(None, None, False)]


def test_findings_are_shown_worst_first(tmp_path: Path) -> None:
    def finding(name: str, label: str, rank: int) -> tuple[object, ...]:
        return ("5ca0", name, "d", label, rank, None, None, "t", "{}", "{}")

    rows = [finding("a", "low", 1), finding("b", "critical", 4), finding("c", "high", 3)]
    write_snapshot(tmp_path / "s", {"scans": [SCAN], "findings": rows})
    with open_snapshot(tmp_path / "s") as snapshot:
        _, shown = snapshot.query("SELECT severity, fingerprint FROM v_findings")
    assert shown == [("critical", "b"), ("high", "c"), ("low", "a")]


def test_whoever_reads_the_old_file_keeps_it_while_a_new_one_takes_its_place(
    tmp_path: Path,
) -> None:
    db = tmp_path / "s"
    write_snapshot(db, {"scans": [SCAN], "margin": [margin("0x1", 1)]})
    with open_snapshot(db) as old:
        write_snapshot(db, {"scans": [SCAN], "margin": [margin("0x1", 2), margin("0x2", 3)]})
        assert old.query("SELECT account_id, equity_e18 FROM margin")[1] == [("0x1", 1)]
    with open_snapshot(db) as new:
        assert new.query("SELECT count(*) FROM margin")[1] == [(2,)]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    db = tmp_path / "s"
    write_snapshot(db, {"scans": [SCAN]})
    before = contents(db)

    def broken() -> Iterator[tuple[object, ...]]:
        yield margin("0x1", 1)
        raise RuntimeError("the rows broke off")

    with pytest.raises(RuntimeError, match="the rows broke off"):
        write_snapshot(db, {"scans": [SCAN], "margin": broken()})
    assert contents(db) == before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_what_a_killed_run_left_is_removed_and_what_a_running_one_writes_stays(
    tmp_path: Path,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as finished:
        finished.wait()
    left = [f".s.{finished.pid}.partial", f".s.{finished.pid}.partial.wal"]
    kept = [f".s.{os.getppid()}.partial", ".other.1.partial", ".s.notes.partial"]
    for name in left + kept:
        (tmp_path / name).write_text("")
    write_snapshot(tmp_path / "s", {})
    assert {path.name for path in tmp_path.iterdir()} == {"s", *kept}


def test_the_same_key_twice_is_an_error_and_not_a_row_too_many(tmp_path: Path) -> None:
    with pytest.raises(duckdb.ConstraintException):
        write_snapshot(tmp_path / "s", {"margin": [margin("0x1", 1), margin("0x1", 2)]})
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_no_snapshot_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="no table diary"):
        write_snapshot(tmp_path / "s", {"diary": []})


@pytest.mark.parametrize("kind", ["text", "database", "index", "version"])
def test_a_file_that_is_no_snapshot_of_this_version_is_not_replaced(
    tmp_path: Path, kind: str
) -> None:
    db = tmp_path / "s"
    if kind == "text":
        db.write_text("dear diary")
    elif kind == "database":
        with duckdb.connect(str(db)) as connection:
            connection.execute("CREATE TABLE diary AS SELECT 1")
    elif kind == "index":
        Index(db).close()
    else:
        write_snapshot(db, {})
        with duckdb.connect(str(db)) as connection:
            connection.execute("UPDATE analyzer_file SET version = 0")
    before = db.read_bytes()
    said = {
        "text": "is not a database of analyzer",
        "database": "was not made by analyzer",
        "index": "holds the index of analyzer, its snapshot is wanted",
        "version": "of version 0, this program writes version 6: scan again into another file",
    }
    with pytest.raises(InputError, match=said[kind]):
        write_snapshot(db, {})
    with pytest.raises(InputError, match=said[kind]):
        open_snapshot(db)
    assert db.read_bytes() == before


def test_a_snapshot_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no snapshot at .*: `analyzer scan --db"):
        open_snapshot(tmp_path / "s")
    with pytest.raises(InputError, match="is no folder"):
        write_snapshot(tmp_path / "nowhere" / "s", {})


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM scans", "DROP TABLE scans", "SELECT * FROM nothing", "SELEC 1", "SELECT $x"],
)
def test_a_wrong_or_a_writing_statement_is_one_line(tmp_path: Path, statement: str) -> None:
    write_snapshot(tmp_path / "s", {})
    with (
        open_snapshot(tmp_path / "s") as snapshot,
        pytest.raises(InputError, match=r"^the query failed: ") as caught,
    ):
        snapshot.query(statement)
    assert "\n" not in str(caught.value)


def test_parameters_are_bound_by_place_and_by_name(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", {})
    with open_snapshot(tmp_path / "s") as snapshot:
        assert snapshot.query("SELECT ? + 1 AS n", [2]) == (["n"], [(3,)])
        assert snapshot.query("SELECT $a || $b AS t", {"a": "x", "b": "y"}) == (["t"], [("xy",)])
