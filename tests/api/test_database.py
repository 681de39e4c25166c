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
