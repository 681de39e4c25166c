"""The scenarios of a sweep: tables of moves, and joint draws of returns by date."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from analyzer.model.errors import InputError
from analyzer.runs.stress.batch import Batch, columns_batch, drawn_batch, multiple, table_batch
from analyzer.runs.stress.scenarios import Held

HELD = Held(
    frozenset({"ETH", "BTC", "stETH/ETH", "USDC"}),
    {"weth": frozenset({"ETH"}), "wsteth": frozenset({"stETH/ETH"})},
    frozenset(),
    frozenset(),
)
PRICES = {
    "ETH": (100.0, 90.0, 99.0, 49.5, 60.0),
    "BTC": (10.0, 11.0, 10.0, 8.0, 8.0),
    "DOGE": (1.0, 1.0, 2.0, 3.0, 4.0),
}
DAYS = [f"2025-01-0{day}" for day in range(1, 6)]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("time", "factor", "price"))
        for factor, prices in PRICES.items():
            lines.writerows((day, factor, p) for day, p in zip(DAYS, prices, strict=True))
    return path


def shocks(batch: Batch, row: int) -> Mapping[str, Fraction]:
    return batch.scenarios[batch.which[row]].steps[0].shocks


def table(tmp_path: Path, text: str, name: str = "moves.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_cell_is_a_move_and_is_read_as_the_decimal_that_is_written(tmp_path: Path) -> None:
    batch = table_batch(table(tmp_path, "name,WETH,*\ncrash,-0.3,-0.5\nup,1e-1,0\n"), HELD)
    assert batch.names == ("crash", "up")
    assert shocks(batch, 0) == {"ETH": Fraction(7, 10), "*": Fraction(1, 2)}
    assert shocks(batch, 1) == {"ETH": Fraction(11, 10), "*": 1}
    assert [one.source for one in batch.scenarios] == ["moves.csv, row 1", "moves.csv, row 2"]
    assert (batch.seed, batch.which.tolist()) == (None, [0, 1])


def test_parquet_and_csv_say_the_same_and_rows_without_a_name_are_numbered(tmp_path: Path) -> None:
    moves = {"ETH": [-0.3, 0.1], "BTC": [0.0, -0.25]}
    parquet.write_table(pa.table(moves), tmp_path / "moves.parquet")
    written = table(tmp_path, "ETH,BTC\n-0.3,0.0\n0.1,-0.25\n")
    ours, theirs = table_batch(tmp_path / "moves.parquet", HELD), table_batch(written, HELD)
    assert ours.names == theirs.names == ("row 1", "row 2")
    assert [shocks(ours, row) for row in (0, 1)] == [shocks(theirs, row) for row in (0, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,DOGE\na,0\n", r"no book holds column 'DOGE' \(held: BTC, ETH, USDC, stETH/ETH\)"),
        ("name,ETH\na,0\nb,nan\n", r"row 2, column ETH: 'nan' is no move"),
        ("name,ETH\na,\n", r"row 1, column ETH: '' is no move"),
        ("name,ETH\na,much\n", r"row 1, column ETH: 'much' is no move"),
        ("name,ETH\na,inf\n", r"row 1, column ETH: 'inf' is no move"),
        ("name,ETH\na,-1\n", r"row 1, column ETH: -1 leaves no price"),
        ("name,ETH\na,-1.5\n", r"row 1, column ETH: -1.5 leaves no price"),
        ("name,ETH\na,1e7\n", r"row 1, column ETH: 1e\+07 is more than 1,000,000 times"),
        ("name,ETH\na,0\na,0.1\n", r"row 2, column name: 'a' is row 1 already"),
        ("name,ETH\n ,0\n", r"row 1, column name: ' ' is no name"),
        ("name,ETH,WETH\na,0,0\n", r"columns ETH and WETH are both ETH"),
        ("name,ETH,ETH\na,0,0\n", r"two columns 'ETH'"),
        ("name\na\n", r"no column of a factor"),
        ("name,ETH\n", r"no row"),
        ("name,ETH\na,0,0\n", r"cannot be read as CSV or Parquet"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_row_and_column(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message) as error:
        table_batch(table(tmp_path, text), HELD)
    assert "\n" not in str(error.value)
    assert "moves.csv" in str(error.value)


def test_a_file_that_is_not_there_or_is_no_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file of scenarios"):
        table_batch(tmp_path / "none.csv", HELD)
    with pytest.raises(InputError, match="cannot be read as CSV or Parquet"):
        table_batch(table(tmp_path, "no parquet", "moves.parquet"), HELD)


@pytest.mark.parametrize("cell", [None, True, "0x1", [0.1], float("nan"), "1/2"])
def test_no_other_value_is_a_move(cell: object) -> None:
    with pytest.raises(InputError, match=r"here: .* is no move"):
        multiple(cell, "here")


def test_columns_in_memory_are_a_table_too() -> None:
    batch = columns_batch({"ETH": np.array([-0.5, 0.5])}, HELD, source="s", where="the table")  # type: ignore[dict-item]
    assert [shocks(batch, row)["ETH"] for row in (0, 1)] == [Fraction(1, 2), Fraction(3, 2)]
    with pytest.raises(InputError, match="the table: row 1, column ETH"):
        columns_batch({"ETH": [None]}, HELD, source="s", where="the table")


def test_draws_are_those_of_numpys_generator_with_that_seed(history: Path) -> None:
    batch = drawn_batch(history, 50, 7, HELD)
    expected = np.random.default_rng(7).integers(0, len(DAYS) - 1, 50)
    dates = [f"{DAYS[1 + row]}T00:00:00Z" for row in expected.tolist()]
    assert [batch.scenarios[number].name for number in batch.which.tolist()] == dates
    assert len(set(dates)) == len(batch.scenarios) == 4
    assert batch.names[:2] == ("draw 1", "draw 2")
    assert (batch.seed, batch.not_held) == (7, ("DOGE",))
    assert batch.source == "4 returns over 86,400 s of prices.csv"
    others = drawn_batch(history, 50, 8, HELD).which.tolist()
    assert others != batch.which.tolist()


def test_a_draw_takes_all_factors_of_one_date(history: Path) -> None:
    batch = drawn_batch(history, 40, 1, HELD)
    together = {
        tuple(round(now / before - 1, 12) for before, now in zip(before, now, strict=True))
        for before, now in pairs([PRICES["ETH"], PRICES["BTC"]])
    }
    drawn = {
        tuple(round(float(shocks(batch, row)[f]) - 1, 12) for f in ("ETH", "BTC"))
        for row in range(40)
    }
    assert drawn == together
    assert len(together) == 4


def pairs(series: Sequence[Sequence[float]]) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
    """(prices of the day before, of the day) of all series."""
    days = list(zip(*series, strict=True))
    return list(pairwise(days))


def test_a_factor_that_is_not_held_does_not_take_its_gaps_along(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    lines = [f"{day},ETH,{n}" for n, day in enumerate(DAYS, 1)]
    path.write_text("\n".join(["time,factor,price", *lines, "2025-01-03,DOGE,1"]) + "\n")
    assert drawn_batch(path, 3, 0, HELD).source.startswith("4 returns")


def test_wrong_draws_are_refused(history: Path, tmp_path: Path) -> None:
    for draws, seed, message in ((0, 0, "from 1 to 1,000,000"), (1, -1, "--seed")):
        with pytest.raises(InputError, match=message):
            drawn_batch(history, draws, seed, HELD)
    with pytest.raises(InputError, match="the books hold none of them"):
        drawn_batch(history, 5, 0, Held(frozenset({"LINK"}), {}, frozenset(), frozenset()))
    double = tmp_path / "double.csv"
    double.write_text("time,factor,price\n2025-01-01,ETH,1\n2025-01-01,WETH,1\n")
    with pytest.raises(InputError, match="one factor under two names"):
        drawn_batch(double, 5, 0, HELD)
