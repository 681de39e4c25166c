"""Tables for Python: exact money, unknown as None, and the book itself."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from scan_results import clean_result, judged, unknown

import analyzer
from analyzer.api.frames import MONEY
from analyzer.model.errors import InputError
from analyzer.model.scan_rows import RunFacts
from analyzer.runs.scanning.rows import snapshot_rows
from analyzer.store.snapshot import SCHEMA, write_snapshot

WIDE = 2**200 + 1
"""An amount that no HUGEINT and no float holds."""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three accounts: one with everyday numbers, one with an absurd one, one unknown."""
    from dataclasses import replace
    from datetime import UTC, datetime

    absurd = judged(1)
    absurd = replace(absurd, margin=replace(absurd.margin, equity_e18=WIDE))
    result = clean_result([judged(0, equity=-600), absurd, unknown(2)])
    now = datetime.now(UTC).replace(tzinfo=None)
    facts = RunFacts("r" * 16, "recording", "test", "all", 0, now, now)
    path = tmp_path_factory.mktemp("database") / "scan.duckdb"
    # Its book is made by hand and is no protocol's.
    write_snapshot(path, {**snapshot_rows(facts, [result]), "books": []})
    return path


def test_money_is_exact_as_decimal_and_as_int_and_a_float_says_that_it_is_one(
    snapshot: Path,
) -> None:
    with analyzer.open(snapshot) as db:
        frames = {money: db.accounts(money=money) for money in MONEY}
    assert list(frames["decimal"]["equity"]) == [
        Decimal(-600), Decimal(f"{WIDE}e-18"), None,
    ]  # fmt: skip
    assert list(frames["int"]["equity_e18"]) == [-600 * 10**18, WIDE, None]
    floats = frames["float"]["equity_float"]
    assert list(floats[:2]) == [-600.0, WIDE / 10**18]
    assert floats.isna().tolist() == [False, False, True]


def test_what_is_unknown_is_none_and_never_zero(snapshot: Path) -> None:
    with analyzer.open(snapshot) as db:
        accounts = db.accounts().set_index("account_id")
    row = accounts[accounts["verdict"] == "unknown"].iloc[0]
    assert row["equity"] is None
    assert row["headroom"] is None


def test_every_table_comes_as_a_frame_and_every_column_explains_itself(snapshot: Path) -> None:
    with analyzer.open(snapshot) as db:
        listed = db.tables()
        assert set(SCHEMA) <= set(listed["name"])
        assert listed["comment"].str.len().min() > 0
        for name in SCHEMA:
            assert "deployment" in db.table(name).columns
            assert db.columns(name)["comment"].str.len().min() > 0


def test_sql_and_stored_queries_keep_integers_whole(snapshot: Path) -> None:
    with analyzer.open(snapshot) as db:
        frame = db.sql("SELECT sum(equity_e18) AS total FROM margin WHERE verdict = $v",
                       {"v": "insolvent"})  # fmt: skip
        assert frame["total"].tolist() == [-600 * 10**18]
        counts = db.query("verdict_counts")
        assert counts["accounts"].sum() == 3


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda db: db.table("nothing"), "no table 'nothing'"),
        (lambda db: db.columns("nothing"), "no table 'nothing'"),
        (lambda db: db.accounts(deployment="mars"), "no deployment 'mars'"),
        (lambda db: db.accounts(money="double"), "none of decimal, int, float"),
        (lambda db: db.query("nothing"), "no query 'nothing'"),
        (lambda db: db.sql("DROP TABLE margin"), "the query failed"),
    ],
)
def test_a_wrong_question_is_one_line(snapshot: Path, ask, says: str) -> None:  # type: ignore[no-untyped-def]
    with analyzer.open(snapshot) as db, pytest.raises(InputError, match=says) as caught:
        ask(db)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no snapshot"):
        analyzer.open(tmp_path / "none.duckdb")


def test_importing_the_package_imports_neither_pandas_nor_duckdb() -> None:
    code = "import sys, analyzer; print({'pandas', 'duckdb', 'web3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_arrow_is_exact_and_says_what_does_not_fit(snapshot: Path) -> None:
    with analyzer.open(snapshot) as db:
        table = db.arrow("margin")
        frame = db.accounts(money="int")
    assert table.column_names[0] == "deployment"
    assert str(table.schema.field("equity_e18").type) == "decimal128(38, 0)"
    equity = table["equity_e18"].to_pylist()
    assert [None if v is None else int(v) for v in equity] == [-600 * 10**18, None, None]
    wide = table["equity_e18_overflow"].to_pylist()
    assert [word is None for word in wide] == [True, False, True]
    assert int.from_bytes(wide[1], "big") - 2**255 == WIDE == frame["equity_e18"][1]
    with pytest.raises(InputError, match="did you mean 'margin'"), analyzer.open(snapshot) as db:
        db.arrow("margins")


def test_several_snapshots_are_one_table_with_block_and_file_in_front(
    snapshot: Path, tmp_path: Path
) -> None:
    from dataclasses import replace
    from datetime import UTC, datetime

    later = clean_result([judged(0, equity=-700)], scan_id="b" * 16)
    later = replace(later, block=replace(later.block, number=later.block.number + 1))
    now = datetime.now(UTC).replace(tzinfo=None)
    facts = RunFacts("s" * 16, "recording", "test", "all", 0, now, now)
    second = tmp_path / "later.duckdb"
    write_snapshot(second, {**snapshot_rows(facts, [later]), "books": []})
    with analyzer.open_all(second, snapshot) as both:
        frame = both.accounts()
        table = both.arrow("margin")
        scans = both.scans()
    assert list(frame.columns[:3]) == ["snapshot", "block_number", "deployment"]
    assert frame["snapshot"].tolist() == ["scan.duckdb"] * 3 + ["later.duckdb"]
    assert frame["block_number"].tolist() == [1_234] * 3 + [1_235]
    assert frame["equity"].tolist()[-1] == Decimal(-700)
    assert scans["block_number"].tolist() == [1_234, 1_235]
    assert table["block_number"].to_pylist() == frame["block_number"].tolist()
    with pytest.raises(InputError, match="name at least one file"):
        analyzer.open_all()
    with pytest.raises(InputError, match="there is no snapshot"):
        analyzer.open_all(snapshot, tmp_path / "none.duckdb")
    with analyzer.open_all(snapshot) as one, pytest.raises(InputError, match="no deployment"):
        one.accounts(deployment="mars")
