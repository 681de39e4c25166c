"""Decisions about a table: accounts with numbers of their own, who sells what, who says prices."""

from __future__ import annotations

import json

import pytest
from small_tables import POSITIONS, Tables, run

from analyzer.runs.risk.decisions import clearing as clearing_module
from analyzer.runs.snapshot.reader import read_books
from analyzer.runs.stress.reverse import standings


def own_numbers(tables: Tables) -> str:
    """The small table, and Fay: long three perps of which a half is required; her snapshot."""
    more = "fay,,position,ETH-PERP,3,2100,0.5\nfay,,collateral,USDC,6000,,\n"
    tables.write("positions.csv", POSITIONS + more)
    done = tables.book("--fail-on", "never")
    assert done.exit_code == 0, done.output
    return str(tables.db)


def test_sizes_stand_under_the_account_s_own_numbers_and_are_kept_again(tables: Tables) -> None:
    db = own_numbers(tables)
    for _ in range(2):
        done = run("risk", "size", "fay", "--db", db, "--out", db, "--json")
        assert done.exit_code == 0, done.output
    sizes = json.loads(done.stdout)["sizes"]
    found = {(one["kind"], one["symbol"]): int(one["largest"]) for one in sizes}
    assert len(found) == len(sizes) == 3
    # 5,400 of collateral - 300 lost - 3,000 required: 2,100 at a half of 2,000 each.
    assert found["long", "ETH-PERP"] == 21 * 10**17
    assert found["short", "ETH-PERP"] == 81 * 10**17


def test_a_budget_says_where_it_ends_and_where_it_does_not(tables: Tables) -> None:
    db = own_numbers(tables)
    days = "".join(
        f"2026-{1 + n // 28:02}-{1 + n % 28:02},{2_000 + n % 7 * 40}\n" for n in range(90)
    )
    tables.write("days.csv", f"time,ETH\n{days}")
    given = ("--returns", str(tables.folder / "days.csv"), "--still", "USDC,USD", "--json")
    found = {}
    for budget in ("1", "2000"):
        done = run("risk", "size", "fay", "--db", db, *given, "--es-budget", budget)
        assert done.exit_code == 0, done.output
        for one in json.loads(done.stdout)["sizes"]:
            found[budget, one["kind"]] = one["by_es_usd"]
    # What she holds loses more than a dollar; a debt in what stands still costs nothing on any day.
    assert found["1", "long"] == found["1", "borrow"] == 0
    assert found["2000", "long"] > 0
    assert found["2000", "borrow"] is None


def test_one_set_of_parameters_is_kept_once_whatever_its_order(tables: Tables) -> None:
    db = own_numbers(tables)
    sets = ("LT:WETH=0.7", "LTV:WETH=0.6")
    for order in (sets, sets[::-1]):
        words = [word for one in order for word in ("--set", one)]
        done = run("risk", "what-if", "positions", "--db", db, *words, "--out", db)
        assert done.exit_code == 0, done.output
    done = run("sql", "--db", db, "--format", "csv", "SELECT DISTINCT what_if FROM risk_what_ifs")
    assert done.stdout.split("\n")[1:-1] == ["LT:WETH=0.7 LTV:WETH=0.6"]


def test_a_wall_is_of_what_is_seized_closed_and_bought_back(tables: Tables) -> None:
    own_numbers(tables)
    [scan] = read_books(tables.db, ())
    found = {one.factor: one for one in standings(scan).walls.walls}
    # Money that positions were entered for is nothing that anybody sells.
    assert set(found) == {"ETH", "USDC"}
    # At once: Bob's 1.5 WETH; Carol's, not entered, secure nothing. A half down, all others'.
    assert found["ETH"].within(0.0) == pytest.approx(3_000)
    assert found["ETH"].total == pytest.approx(3_000 + 20_000 + 6_000)
    # Debts of Bob and Carol, and hers are paid out of 500 USDC.
    assert found["USDC"].within(0.0) == pytest.approx(2_500 + 40 + 10)


def test_the_one_table_of_prices_is_behind_all_that_moves(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in (("NAMED", 1), ("PLAYERS", 1), ("DRAWS", 20), ("FEW", 5)):
        monkeypatch.setattr(clearing_module, name, count)
    days = "".join(
        f"2026-{1 + n // 28:02}-{1 + n % 28:02},{2_000 + n % 7 * 40}\n" for n in range(90)
    )
    tables.write("days.csv", f"time,ETH\n{days}")
    words = ("--returns", str(tables.folder / "days.csv"), "--still", "USDC,USD", "--json")
    done = run("risk", "clearing", "positions", "--db", own_numbers(tables), *words)
    assert done.exit_code == 0, done.output
    shares = {one["what"]: one for one in json.loads(done.stdout)["shares"]}
    assert shares["oracle"]["share"] == pytest.approx(1.0, abs=1e-4)


def test_who_can_leave_is_not_told_where_no_pool_is_known(tables: Tables) -> None:
    done = run("risk", "exits", "positions", "--db", own_numbers(tables))
    assert done.exit_code == 0, done.output
    assert "who can leave is not told" in done.output.replace("\n", " ")


def test_a_value_of_more_digits_than_are_stored_is_refused(tables: Tables) -> None:
    db = own_numbers(tables)
    for value in ("0." + "8" * 40, "1e999999", "nan"):
        done = run("risk", "what-if", "positions", "--db", db, "--set", f"LT:WETH={value}")
        assert done.exit_code == 2, done.output
        assert "LT:WETH is a ratio from 0 to 1 with at most 18 decimals" in done.output
