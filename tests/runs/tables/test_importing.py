"""A table becomes a snapshot like any other."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.csv
import pyarrow.parquet
import pytest
from small_tables import POSITIONS, PRICES, RULES, Tables, run

import analyzer
from analyzer.model.deployment import Deployment
from analyzer.model.errors import InputError
from analyzer.protocols.registry import load_plug
from analyzer.runs.snapshot.reader import open_reader, read_books

E18 = 10**18


def rows(db: Path, sql: str) -> list[list[str]]:
    """What `analyzer sql` says."""
    done = run("sql", "--db", str(db), sql, "--json")
    assert done.exit_code == 0, done.output
    return [list(row.values()) for row in json.loads(done.stdout)["rows"]]


def test_every_account_has_the_verdict_of_its_numbers(tables: Tables) -> None:
    done = tables.book("--json", "--fail-on", "never")
    assert done.exit_code == 0, done.output
    with analyzer.open(tables.db) as db:
        found = db.accounts().set_index("account_id")
    assert found["verdict"].to_dict() == {
        "alice": "healthy",  # 20,000 x 0.8 - 12,000
        "bob": "liquidatable",  # 3,000 x 0.8 - 2,500
        "carol": "liquidatable",  # 500 x 0.9 - 460, and 2 WETH that are not entered
        "dan": "healthy",  # 900 x 0.9 + 300 - 6,000 x 0.05
        "eve": "insolvent",
    }
    assert found["equity"].to_dict() == {
        "alice": Decimal(8000),
        "bob": Decimal(500),
        "carol": Decimal(4040),
        "dan": Decimal(1200),
        "eve": Decimal(-10),
    }
    headroom = {"alice": 4000, "bob": -100, "carol": -10, "dan": 810, "eve": -10}
    assert found["headroom"].to_dict() == {a: Decimal(h) for a, h in headroom.items()}
    free = {"alice": 4000, "bob": -100, "carol": -10, "dan": 510, "eve": -10}
    assert found["free_collateral"].to_dict() == {a: Decimal(f) for a, f in free.items()}
    assert found["owner"].to_dict()["dan"] == "ann"
    assert found["verified"].isna().all()
    document = json.loads(done.stdout)
    assert (document["kind"], document["run"]["source"]) == ("book", "table")
    assert document["book"]["below_maintenance"] == 3
    assert document["book"]["lacking_e18"] == str(120 * E18)


def test_nothing_of_it_can_be_taken_for_a_scan_of_a_chain(tables: Tables) -> None:
    tables.book()
    with open_reader(tables.db) as reader:
        (scan,) = reader.scans()
    assert (scan.deployment.protocol, scan.deployment.chain_id, scan.block.number) == (
        "table",
        0,
        0,
    )
    assert scan.verify_mode == "none"
    assert scan.logs == scan.headers == 0
    page = tables.book("--format", "markdown").output
    assert "a table: no chain, no block" in page
    assert "as the table says; nothing was compared with a chain" in page


def test_the_same_content_has_the_same_id_in_every_form(tables: Tables, tmp_path: Path) -> None:
    tables.book()
    first = read_books(tables.db)[0].scan_id
    cells = pyarrow.csv.read_csv(tmp_path / "positions.csv")
    pyarrow.parquet.write_table(cells, tmp_path / "positions.parquet")
    tables.book(positions="positions.parquet")
    assert read_books(tables.db)[0].scan_id == first
    tables.write(
        "positions.csv",
        POSITIONS.replace("alice,,debt,USDC,12000", "alice,,debt,USDC,12000.000001"),
    )
    tables.book()
    assert read_books(tables.db)[0].scan_id != first


def test_an_unknown_price_makes_its_holders_unknown(tables: Tables) -> None:
    tables.write("prices.csv", PRICES.replace("WETH,2000", "WETH,"))
    done = tables.book("--fail-on", "never")
    assert done.exit_code == 3
    found = rows(tables.db, "SELECT account_id, verdict FROM margin ORDER BY 1")
    assert [row[1] for row in found] == ["unknown", "unknown", "unknown", "healthy", "insolvent"]


@pytest.mark.parametrize(
    ("amount", "raw"),
    [
        ("1e18", 10**36),
        ("2.5E-3", 25 * 10**14),
        ("0000001.50", 15 * 10**17),
        (".5", 5 * 10**17),
        ("-0", 0),
        (f"{'9' * 40}.{'9' * 18}", 10**58 - 1),
        ("1.000000000000000000000001", 10**24 + 1),
        ("170141183460469231731.687303715884105728", 2**127),
    ],
)
def test_every_digit_of_an_amount_counts(amount: str, raw: int) -> None:
    table = {"account": ["a"], "kind": ["collateral"], "asset": ["X"], "amount": [amount]}
    with analyzer.book(
        table, {"asset": ["X"], "price": ["1"]}, {"default": {"threshold": 1}}
    ) as db:
        assert db.book().book.amount == [raw]


def test_a_book_beyond_any_account_is_unknown_and_breaks_nothing() -> None:
    table = {"account": ["a"], "kind": ["debt"], "asset": ["X"], "amount": ["9" * 58]}
    prices = {"asset": ["X"], "price": ["1e20"]}
    with analyzer.book(table, prices, {}) as db:
        assert db.accounts()["verdict"].tolist() == ["unknown"]


def test_frames_and_files_say_the_same(tables: Tables) -> None:
    tables.book()
    frame = pd.read_csv(tables.folder / "positions.csv")
    prices = pd.read_csv(tables.folder / "prices.csv")
    with analyzer.book(frame, prices, tables.folder / "rules.toml") as db:
        path = db.path
        assert db.book().scan_id == read_books(tables.db)[0].scan_id
        assert db.imported.document.book.positions == "given"
    assert not path.exists()
    with pytest.raises(InputError, match="row 2, column amount"):
        analyzer.book(frame.assign(amount=None), prices, tables.folder / "rules.toml")


def test_stress_contagion_report_and_diff_work_on_it(tables: Tables) -> None:
    tables.book()
    db = str(tables.db)
    told = run("contagion", "--db", db, "--shock", "ETH=-30%", "--json", "--fail-on", "never")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["kind"] == "contagion"
    stressed = run("stress", "--db", db, "--shock", "ETH=-30%", "--json", "--fail-on", "never")
    assert stressed.exit_code == 0, stressed.output
    (scenario,) = json.loads(stressed.stdout)["scenarios"]
    (venue,) = scenario["results"]
    # At 1,400 alice has 14,000 x 0.8 - 12,000, and bob less than he owes.
    assert venue["insolvent"] == 2
    assert run("report", "--db", db, "--out", str(tables.folder / "r.html")).exit_code == 0
    page = (tables.folder / "r.html").read_text()
    assert "as the table says; nothing was compared with a chain" in page
    assert run("diff", db, db).exit_code == 0
    assert "equity" in run("account", "dan", "--db", db).output


def test_a_table_is_not_scanned() -> None:
    plug = load_plug("table")
    with pytest.raises(InputError, match="analyzer book import"):
        plug.sources(Deployment("x", "table", 1, 0, {}))


def test_rules_of_asset_account_and_row_win_in_that_order() -> None:
    table = {
        "account": ["a", "b", "c", "d"],
        "kind": ["collateral"] * 4,
        "asset": ["X", "Y", "Y", "Y"],
        "amount": ["100"] * 4,
        "threshold": ["", "", "", "0.3"],
    }
    rules = {
        "default": {"threshold": 0.9, "haircut": 0.5},
        "asset": {"Y": {"threshold": 0.7, "haircut": 0}},
        "account": {"c": {"threshold": 0.5}, "d": {"threshold": 0.5}},
    }
    with analyzer.book(table, {"asset": ["X", "Y"], "price": [1, 1]}, rules) as db:
        found = db.accounts()["margin_equity"].tolist()
    assert found == [Decimal(45), Decimal(70), Decimal(50), Decimal(30)]


def test_the_unit_needs_no_price_and_rules_no_file() -> None:
    table = {"account": ["a"], "kind": ["debt"], "asset": ["EUR"], "amount": ["1"]}
    with analyzer.book(table, {"asset": ["X"], "price": [1]}, {"unit": "EUR"}) as db:
        assert db.accounts()["equity"].tolist() == [Decimal(-1)]


def test_a_book_in_another_unit_says_which_prices_no_shock_moves(tables: Tables) -> None:
    assert "no shock moves" not in tables.book().output
    tables.write("rules.toml", RULES.replace('"USD"', '"ETH"'))
    tables.write("prices.csv", "asset,price,decimals\nWETH,1,18\nUSDC,0.0005,6\nETH-PERP,1,18\n")
    assert "no shock moves ETH-PERP, WETH: the unit of account is ETH" in tables.book().output


def test_parts_of_a_collateral_and_lots_of_a_position_are_one_row_each(tables: Tables) -> None:
    tables.write(
        "positions.csv",
        "account,kind,asset,amount,entry,threshold\n"
        "bob,collateral,WETH,2,,0\nbob,collateral,WETH,1,,\nbob,debt,USDC,1000,,\n"
        "bob,position,ETH-PERP,3,2100,\nbob,position,ETH-PERP,-1,1900,\n"
        "eve,collateral,USDC,9,,\neve,debt,WETH,0.001,,\neve,position,WETH,0.002,2000,0.1\n",
    )
    done = tables.book("--fail-on", "never")
    assert done.exit_code == 0, done.output

    def rows(sql: str) -> list[str]:
        found = run("sql", "--db", str(tables.db), "--format", "csv", sql)
        assert found.exit_code == 0, found.output
        return found.stdout.splitlines()[1:]

    of_weth = "SELECT amount, value_e18, margin_value_e18, weight_e6 FROM collateral"
    # 1,600 of 6,000 count.
    e18 = 10**18
    wanted = f"{3 * e18},{6000 * e18},{1600 * e18},266666"
    assert rows(f"{of_weth} WHERE account_id = 'bob'") == [wanted]
    lots = "SELECT size_e18, open_notional_e18, value_e18, unrealized_pnl_e18 FROM positions"
    # Long 3 for 6,300, short 1 for 1,900; at 2,000 both have lost 400.
    assert rows(f"{lots} WHERE account_id = 'bob' AND market_id = 'ETH-PERP'") == [
        f"{2 * e18},{-4400 * e18},{4000 * e18},{-400 * e18}"
    ]
    assert rows(f"{lots} WHERE account_id = 'eve'") == [f"{e18 // 1000},,{2 * e18},"]
    equity = rows("SELECT equity_e18 FROM margin WHERE account_id = 'bob'")
    assert equity == [str(4600 * e18)]


def test_a_scan_of_the_same_name_is_not_dropped_unsaid(tables: Tables, tmp_path: Path) -> None:
    assert tables.book("--fail-on", "never").exit_code == 0
    other, before = tmp_path / "other.duckdb", tables.db.read_bytes()
    tables.db.rename(other)
    tables.write("prices.csv", PRICES.replace("2000", "1999"))
    words = ("--fail-on", "never", "--with", str(other))
    refused = tables.book(*words)
    assert refused.exit_code == 2
    assert "has a scan named positions already (table)" in refused.output
    assert not tables.db.exists()
    assert other.read_bytes() == before
    assert tables.book(*words, "--name", "later").exit_code == 0
    # Into its own snapshot it is read again.
    tables.write("prices.csv", PRICES.replace("2000", "1998"))
    again = tables.book("--fail-on", "never", "--name", "later", "--with", str(tables.db))
    assert again.exit_code == 0, again.output
    found = run("sql", "--db", str(tables.db), "--format", "csv", "SELECT deployment FROM scans")
    assert sorted(found.stdout.split()[1:]) == ["later", "positions"]
