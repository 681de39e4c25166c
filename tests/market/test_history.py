"""Price histories: one grid, gaps that are named, and what is refused."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from analyzer.market.history import Gap, History, load_history, of_rounds, on_grid
from analyzer.model.errors import InputError

DAY = 86_400


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def written(folder: Path, rows: str, head: str = "time,factor,price") -> Path:
    path = folder / "returns.csv"
    path.write_text(f"{head}\n{rows}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def majors(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """BTC and ETH of the reference data, daily closes."""
    path = tmp_path_factory.mktemp("prices") / "majors.csv"
    file = shared / "data" / "prices" / "daily_majors.csv"
    with file.open(encoding="utf-8") as source, path.open("w", encoding="utf-8") as out:
        out.write("time,factor,price\n")
        for row in csv.DictReader(source):
            out.write(f"{row['date']},{row['asset']},{row['close']}\n")
    return load_history(path, factors=["BTC", "ETH"])


@pytest.mark.parametrize(
    ("first", "last", "btc", "eth"),
    [
        # data/prices/PROVENANCE.md: close against the reference close, in percent
        ("2020-03-11", "2020-03-12", -39.5, -44.6),
        ("2021-05-18", "2021-05-19", -14.4, -27.7),
        ("2022-05-08", "2022-05-12", -14.7, -22.2),
        ("2022-11-05", "2022-11-09", -25.2, -32.2),
        ("2024-08-01", "2024-08-05", -17.3, -24.5),
        ("2025-10-09", "2025-10-10", -7.3, -12.3),
    ],
)
def test_the_crash_figures_of_the_reference_data_come_out(
    majors: History, first: str, last: str, btc: float, eth: float
) -> None:
    rows = [int(np.flatnonzero(majors.times == seconds(day))[0]) for day in (first, last)]
    moves = majors.prices[rows[1]] / majors.prices[rows[0]] - 1
    assert [round(float(move) * 100, 1) for move in moves] == [btc, eth]


def test_the_missing_days_of_the_reference_data_are_named(majors: History) -> None:
    assert majors.step_s == DAY
    assert majors.times[0] == seconds("2017-08-17")
    missing = [(g.first, g.points) for g in majors.gaps if g.factor == "BTC"]
    days = ("2026-01-08", "2026-01-20", "2026-03-20", "2026-03-25", "2026-04-14")
    assert missing == list(zip(map(seconds, days), (1, 1, 3, 1, 2), strict=True))
    assert [(g.first, g.points) for g in majors.gaps if g.factor == "ETH"] == missing


def test_prices_are_put_on_one_grid_and_gaps_are_named(tmp_path: Path) -> None:
    rows = (
        "2025-01-01,ETH,1\n2025-01-02,ETH,2\n2025-01-05,ETH,5\n2025-01-01,BTC,7\n2025-01-02,BTC,8"
    )
    found = load_history(written(tmp_path, rows))
    nan = float("nan")
    assert found.factors == ("BTC", "ETH")
    assert found.times.tolist() == [seconds(f"2025-01-0{day}") for day in range(1, 6)]
    expected = np.array([[7, 1], [8, 2], [nan, nan], [nan, nan], [nan, 5]])
    np.testing.assert_array_equal(found.prices, expected)
    third, fourth, fifth = (seconds(f"2025-01-0{day}") for day in (3, 4, 5))
    assert found.gaps == (Gap("BTC", third, fifth, 3), Gap("ETH", third, fourth, 2))


def test_each_point_has_the_last_price_of_the_step_before_it(tmp_path: Path) -> None:
    rows = "3599,ETH,1\n3600,ETH,2\n3601,ETH,3\n7190,ETH,4\n7205,ETH,5\n14399,ETH,6"
    found = load_history(written(tmp_path, rows), step_s=3_600)
    assert found.times.tolist() == [3_600, 7_200, 10_800, 14_400]
    assert found.prices[:, 0].tolist() == [2, 4, 5, 6]


def test_a_feed_that_prints_a_bit_more_rarely_than_hourly_makes_an_hourly_grid(
    tmp_path: Path,
) -> None:
    rows = "\n".join(f"{3_640 * n},ETH,{n + 1}" for n in range(50))
    assert load_history(written(tmp_path, rows)).step_s == 3_600


@pytest.mark.parametrize(
    "kind", [pa.timestamp("s", "UTC"), pa.timestamp("us"), pa.date32(), pa.int64(), pa.string()]
)
def test_parquet_and_csv_give_the_same(tmp_path: Path, kind: pa.DataType) -> None:
    rows = "2025-01-01,ETH,1.5\n2025-01-02,ETH,2.5\n2025-01-02,BTC,8\n"
    from_csv = load_history(written(tmp_path, rows))
    days = [date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 2)]
    moments = [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in days]
    times: list[object] = list(moments)
    if kind == pa.date32():
        times = list(days)
    elif kind == pa.int64():
        times = [int(m.timestamp()) for m in moments]
    elif kind == pa.string():
        times = [m.isoformat() for m in moments]
    table = pa.table(
        {
            "price": pa.array([1.5, 2.5, 8.0]),
            "factor": ["ETH", "ETH", "BTC"],
            "time": pa.array(times, kind),
            "volume": [1, 2, 3],
        }
    )
    path = tmp_path / "returns.parquet"
    parquet.write_table(table, path)
    found = load_history(path)
    assert (found.factors, found.gaps, found.step_s) == (
        from_csv.factors,
        from_csv.gaps,
        from_csv.step_s,
    )
    np.testing.assert_array_equal(found.times, from_csv.times)
    np.testing.assert_array_equal(found.prices, from_csv.prices)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("2025-01-01,ETH,0", "row 1: the price 0 is not above zero"),
        ("2025-01-01,ETH,1\n2025-01-02,ETH,-3", "row 2: the price -3 is not above zero"),
        ("2025-01-01,ETH,nan", "row 1: the price nan is not above zero"),
        ("2025-01-01,ETH,inf", "row 1: the price inf is not above zero"),
        ("2025-01-01,ETH,", "row 1: '' is no price"),
        ("2025-01-01,ETH,cheap", "row 1: 'cheap' is no price"),
        ("yesterday,ETH,1", "row 1: 'yesterday' is no time"),
        ("1735689600000,ETH,1", "row 1: time 1735689600000 is no unix time in seconds"),
        (
            "2025-01-01,ETH,1\n2025-01-01T00:00:00Z,ETH,1",
            "has 2 prices of ETH at 2025-01-01T00:00:00+00:00",
        ),
        ("", "has no prices"),
    ],
)
def test_what_is_no_history_is_one_line_that_names_the_row(
    tmp_path: Path, rows: str, complaint: str
) -> None:
    with pytest.raises(InputError) as error:
        load_history(written(tmp_path, rows))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wide_file_is_the_long_one(tmp_path: Path) -> None:
    long = load_history(
        written(tmp_path, "2025-01-01,ETH,1\n2025-01-02,ETH,2\n2025-01-02,BTC,3\n2025-01-01,BTC,4")
    )
    wide = written(tmp_path, "2025-01-01,1,4\n2025-01-02,2,3", "date,ETH,BTC")
    found = load_history(wide)
    assert (found.factors, found.gaps) == (long.factors, long.gaps) == (("BTC", "ETH"), ())
    np.testing.assert_array_equal(found.prices, long.prices)
    gapped = written(tmp_path, "1,1,4\n86401,,3\n172801,3,2\n259201,4,2", "ts,ETH,BTC")
    assert [gap.factor for gap in load_history(gapped).gaps] == ["ETH"]
    table = pa.table({"time": ["2025-01-01", "2025-01-02"], "ETH": [1.0, None], "BTC": [4.0, 3.0]})
    parquet.write_table(table, tmp_path / "wide.parquet")
    assert load_history(tmp_path / "wide.parquet").prices[0].tolist() == [4.0, 1.0]


def test_other_names_of_the_long_columns(tmp_path: Path) -> None:
    rows = "2025-01-01,ETH,9,1\n2025-01-02,ETH,9,2"
    found = load_history(written(tmp_path, rows, "date,asset,open,close"))
    assert found.prices[:, 0].tolist() == [1.0, 2.0]


def test_a_wide_file_without_a_factor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 0 columns of factors"):
        load_history(written(tmp_path, "2025-01-01", "time"))


def test_a_column_or_a_factor_or_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no column time \(it needs .* has day, factor"):
        load_history(written(tmp_path, "2025-01-01,ETH,1", "day,factor,close"))
    with pytest.raises(InputError, match="has no price of SOL"):
        load_history(written(tmp_path, "2025-01-01,ETH,1"), factors=["SOL"])
    with pytest.raises(InputError, match="there is no file of returns"):
        load_history(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(InputError, match="cannot be read as CSV or Parquet"):
        load_history(tmp_path / "bad.parquet")


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True),
    st.integers(1, 50),
)
def test_every_point_of_the_grid_is_the_last_print_in_its_step_or_a_gap(
    moments: list[int], step: int
) -> None:
    times = np.array(sorted(moments), dtype=np.int64)
    prices = times.astype(np.float64) + 1
    found = on_grid({"ETH": (times, prices)}, step)
    for point, price in zip(found.times.tolist(), found.prices[:, 0].tolist(), strict=True):
        inside = [t for t in moments if point - step < t <= point]
        assert np.isnan(price) if not inside else price == max(inside) + 1
    assert sum(gap.points for gap in found.gaps) == int(np.isnan(found.prices).sum())


def test_a_grid_without_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        on_grid({"ETH": (np.array([0]), np.array([1.0]))}, 0)


def test_single_prices_come_onto_a_grid_that_leaves_enough_points() -> None:
    day = 86_400
    rounds = [(n * day + 600, "ETH", 100.0 + n) for n in range(40)]
    found = of_rounds([*rounds, *((n * day + 60, "BTC", 7.0) for n in range(45))][::-1])
    assert (found.factors, found.step_s) == (("BTC", "ETH"), day)
    assert found.prices[:3, 1].tolist() == [100.0, 101.0, 102.0]
    hours = of_rounds([(n * 1_200, "ETH", 1.0 + n) for n in range(150)])
    assert hours.step_s == 3_600
    assert of_rounds([(5, "ETH", 1.0), (9, "ETH", 2.0)]).step_s == 60
    with pytest.raises(InputError, match="give --returns"):
        of_rounds([])


def test_a_grid_may_end_at_a_moment_and_no_point_is_after_it() -> None:
    day, ends = 86_400, 40 * 86_400 + 52_000
    rounds = [(n * day + 80_000, "ETH", 100.0 + n) for n in range(40)] + [(ends - 60, "ETH", 7.0)]
    found = of_rounds(rounds, ends_at=ends)
    assert (found.times[-1], found.prices[-1, 0]) == (ends, 7.0)
    assert set(np.diff(found.times).tolist()) == {day}
    # At the same hour of the day before, the last price was that of the day before that.
    assert found.prices[-3:, 0].tolist() == [137.0, 138.0, 7.0]
    assert of_rounds(rounds).times[-1] > ends
