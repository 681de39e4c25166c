"""Tables that are not as they should be: one line with row and column, and nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_tables import POSITIONS, PRICES, RULES, Tables

HANDLER = re.compile(r"invalid_row_handler=")

WRONG = {
    "a column is missing": ("account,kind,asset\na,debt,USDC\n", "row 1 has no column amount"),
    "a column is unknown": (
        "account,kind,asset,amount,treshold\na,debt,USDC,1,\n",
        "'treshold', which is none of",
    ),
    "a column is there twice": (
        "account,kind,asset,amount,amount\na,debt,USDC,1,1\n",
        "names the column 'amount' twice",
    ),
    "semicolons": ("account;kind;asset;amount\na;debt;USDC;1\n", "account;kind;asset;amount"),
    "a row is short": ("account,kind,asset,amount\na,debt,USDC,1\nb,debt,USDC\n", "row 3 has 3"),
    "a row is long": (
        'account,kind,asset,amount\na,debt,USDC,1\n\nb,debt,USDC,"1",2\n',
        "row 3 has 5 cells, row 1 has 4",
    ),
    "a quotation mark is not closed": (
        'account,kind,asset,amount\na,debt,USDC,1\n"b,debt,USDC,1\nc,debt,USDC,1\n',
        "row 3 has 1 cells, row 1 has 4",
    ),
    "no account": ("account,kind,asset,amount\n,debt,USDC,1\n", "row 2, column account: is empty"),
    "an account that moves the cursor": (
        "account,kind,asset,amount\na\x1b[2J,debt,USDC,1\n",
        "row 2, column account: 'a\\x1b[2J' is no name",
    ),
    "an account that is markup": (
        "account,kind,asset,amount\n<b>,debt,USDC,1\n",
        "row 2, column account: '<b>' is no name",
    ),
    "an account that is a formula": (
        "account,kind,asset,amount\n=1+1,debt,USDC,1\n",
        "row 2, column account: '=1+1' is no name",
    ),
    "one address in two spellings": (
        "account,kind,asset,amount\n0xAb,collateral,WETH,1\n0xab,debt,USDC,1\n",
        "row 3, column account: 0xab is written 0xAb in row 2",
    ),
    "another kind": ("account,kind,asset,amount\na,loan,USDC,1\n", "column kind: 'loan' is none"),
    "an asset without a row of prices": (
        "account,kind,asset,amount\na,debt,USDT,1\n",
        "row 2, column asset: 'USDT' has no row in",
    ),
    "no amount": ("account,kind,asset,amount\na,debt,USDC,\n", "row 2, column amount: is empty"),
    "not a number": ("account,kind,asset,amount\na,debt,USDC,nan\n", "'nan' is no amount"),
    "thousands": ('account,kind,asset,amount\na,debt,USDC,"1,000"\n', "signs between its digits"),
    "a currency": ("account,kind,asset,amount\na,debt,USDC,$5\n", "'$5' is no decimal number"),
    "an exponent beyond all": (
        "account,kind,asset,amount\na,debt,WETH,1e99\n",
        "row 2, column amount: '1e99' has more than 76 digits",
    ),
    "more than 256 bits": (
        f"account,kind,asset,amount\na,debt,WETH,{'9' * 77}\n",
        "row 2, column amount: has more than 76 digits",
    ),
    "more decimals than the token": (
        "account,kind,asset,amount\na,debt,USDC,1.0000001\n",
        "1.0000001 has more decimals than USDC, which has 6",
    ),
    "collateral below zero": (
        "account,kind,asset,amount\na,collateral,USDC,-1\n",
        "-1 of collateral is below zero",
    ),
    "debt below zero": ("account,kind,asset,amount\na,debt,USDC,-1\n", "-1 of debt is below zero"),
    "a position without an entry": (
        "account,kind,asset,amount\na,position,ETH-PERP,1\n",
        "row 2, column entry: is empty: a position needs",
    ),
    "a debt with an entry": (
        "account,kind,asset,amount,entry\na,debt,USDC,1,5\n",
        "row 2, column entry: a debt has no entry price",
    ),
    "an entry of zero": (
        "account,kind,asset,amount,entry\na,position,ETH-PERP,1,0\n",
        "row 2, column entry: '0' is no price above zero",
    ),
    "a threshold in percent": (
        "account,kind,asset,amount,threshold\na,collateral,USDC,1,80\n",
        "row 2, column threshold: '80' is no share from 0 to 1",
    ),
    "a debt with a threshold": (
        "account,kind,asset,amount,threshold\na,debt,USDC,1,0.5\n",
        "row 2, column threshold: a debt has no threshold",
    ),
    "a row twice": (
        "account,kind,asset,amount\na,debt,USDC,1\nb,debt,USDC,1\na,debt,USDC,2\n",
        "row 4, column account: a has debt USDC in row 2 already",
    ),
    "two owners of one account": (
        "account,kind,asset,amount,owner\na,debt,USDC,1,x\na,debt,WETH,1,y\n",
        "row 3, column owner: y, and a row above says that a is of x",
    ),
}
"""What is wrong -> (the table of positions, what the error says of it)."""


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_table_is_one_line_and_nothing_is_written(what: str, tables: Tables) -> None:
    text, said = WRONG[what]
    tables.write("positions.csv", text)
    done = tables.book()
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not tables.db.exists()


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ("asset,price\nWETH,\n", "'USDC' has no row"),
        ("asset,price\nWETH,0\n", "row 2, column price: '0' is no price"),
        ("asset,price\nWETH,-1\n", "row 2, column price: '-1' is no price"),
        ("asset,price\nWETH,0.0000000000000000001\n", "is below 18 decimals"),
        ("asset,price\nWETH,NaN\n", "'NaN' is no price"),
        ("asset,price\nWETH,1\nweth,2\n", "row 3, column asset: 'weth' has a price in row 2"),
        ("asset,price,decimals\nWETH,1,18.5\n", "'18.5' is no whole number from 0 to 36"),
        ("asset,price\n=SUM(A1),1\n", "a spreadsheet would run it"),
        ("asset,price\nWE\u202eTH,1\n", "signs that do not show"),
        ("asset,price\nusd,2\n", "'usd' is written USD as the unit of account"),
        ("asset,price\nUSD,2\n", "'USD' is the unit of account: its price is 1"),
        (f"asset,price\nWETH,{10**21}\n", "is too large"),
    ],
)
def test_a_wrong_price_is_named_with_its_row(prices: str, said: str, tables: Tables) -> None:
    tables.write("prices.csv", prices)
    tables.write("rules.toml", "[default]\nthreshold = 1\nmaintenance = 0\n")
    done = tables.book()
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
    assert said in done.stderr
    assert not tables.db.exists()


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("treshold = 1\n", "there is no key treshold"),
        ("[default]\nthreshold = 1.5\n", "threshold has to be from 0 to 1"),
        ("[default]\nltv = 0.5\n", "there is no key ltv"),
        ("[asset.WHET]\nthreshold = 0.5\n", "[asset] names 'WHET', which has no row"),
        ("[account.zoe]\nthreshold = 0.5\n", "[account] names 'zoe', which has no row"),
        ('[losses]\nadl = "lottery"\n', 'adl has to be "" or "queue"'),
        ('[losses]\nadl = "capped"\n', "needs adl_cap, the share of a profit"),
        ("[losses]\nadl_cap = 0.5\n", 'adl_cap is for adl = "capped"'),
        ("[close]\nfactor = 0\n", "factor has to be above zero"),
        ('taken_at = "yesterday"\n', "taken_at has to be a time"),
        ("[default]\nmaintenance = 0.2\ninitial = 0.1\n", "maintenance is above initial"),
        ("", "nothing says the threshold of collateral WETH"),
    ],
)
def test_wrong_rules_are_named_by_their_key(rules: str, said: str, tables: Tables) -> None:
    tables.write("rules.toml", rules)
    done = tables.book()
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
    assert said in done.stderr


def test_an_empty_table_proves_nothing(tables: Tables) -> None:
    tables.write("positions.csv", "account,kind,asset,amount\n")
    done = tables.book()
    assert done.exit_code == 3
    assert "an empty table is no proof" in done.stderr
    assert not tables.db.exists()


def test_the_snapshot_that_was_there_stays(tables: Tables) -> None:
    tables.book()
    before = tables.db.read_bytes()
    tables.write("positions.csv", POSITIONS.replace("12000", "12,000"))
    assert tables.book().exit_code == 2
    assert tables.db.read_bytes() == before


def test_a_file_of_somebody_else_is_not_replaced(tables: Tables) -> None:
    tables.write("book.duckdb", "mine")
    assert tables.book().exit_code == 2
    assert tables.db.read_text() == "mine"


def test_what_is_right_is_taken(tables: Tables) -> None:
    for name, text in (("positions.csv", POSITIONS), ("prices.csv", PRICES), ("rules.toml", RULES)):
        tables.write(name, text)
    assert tables.book("--fail-on", "never").exit_code == 0


def test_no_thread_of_arrow_is_given_a_function_of_python(repository: Path) -> None:
    # It is let go of when Python has ended for this thread, and then the process is aborted.
    held = [p for p in (repository / "analyzer").rglob("*.py") if HANDLER.search(p.read_text())]
    assert held == []
    assert HANDLER.search("ParseOptions(invalid_row_handler=collect)")


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 3), ("utf-16", 1), ("utf-16-le", 3)])
def test_a_table_in_another_encoding_is_said_to_be(
    tmp_path: Path, encoding: str, line: int
) -> None:
    tables = Tables(tmp_path)
    tables.write("prices.csv", PRICES)
    tables.write("rules.toml", RULES)
    text = "account,kind,asset,amount\na,debt,USDC,1\nÿ,debt,USDC,1\n"
    (tmp_path / "positions.csv").write_bytes(text.encode(encoding))
    done = tables.book()
    assert done.exit_code == 2
    assert f"line {line} is not UTF-8: save the table as UTF-8" in " ".join(done.output.split())
