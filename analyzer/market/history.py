"""Price history: a file of (time, factor, price), on one common grid.

    CSV or Parquet, long or wide
    long    columns time, factor, price (others are left alone)
    wide    a column time (or date, ts) and one for each factor; an empty cell is no price
            (in the long form `asset` may stand for factor, and `close` for price)
    time    ISO 8601 (`2025-10-10`, `2025-10-10T21:15:00Z`; without an offset UTC), unix seconds,
            or a timestamp or date of Parquet
    price   above zero

Sources rarely print at the same second, and correlations of prices that are not of the same moment
come out too low. So every factor is put on one grid of `step_s` seconds: at each point its last
price within the step before. Where it has none there is a gap, which is named and never filled.

Duplicates (one factor twice at one time) and prices that are not above zero are errors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from analyzer.model.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int64]

COLUMNS = ("time", "factor", "price")
NAMES = {"time": ("time", "date", "ts"), "factor": ("factor", "asset"), "price": ("price", "close")}
"""Column -> the names that it may have, the first that is there."""
WIDE_MOST = 1_000
"""Columns of a wide file: more are not factors."""
GRIDS_S = (60, 300, 900, 3_600, 14_400, 86_400, 604_800)
"""Steps of a grid that is found and not given: a minute to a week."""
DAY_S = 86_400
ROWS = 30
"""Points that a grid has at least, where its step is chosen."""
MILLISECONDS_FROM = 100_000_000_000
"""A whole number from here on is no unix time in seconds (it would be after the year 5000)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Points of the grid, all in a row, at which a factor has no price. Unix seconds."""

    factor: str
    first: int
    last: int
    points: int


@dataclass(frozen=True, slots=True)
class History:
    """Prices on a common grid.

    times: [point], unix seconds, ascending, `step_s` apart. prices: [point, factor], NaN in a
    gap. gaps: all of them, by factor and time.
    """

    factors: tuple[str, ...]
    times: Seconds
    prices: Floats
    step_s: int
    gaps: tuple[Gap, ...]


def load_history(
    path: Path, *, factors: Iterable[str] | None = None, step_s: int | None = None
) -> History:
    """The history in a file.

    factors: those that are wanted (None = all in the file, sorted). step_s: the grid's step (None
    = the median distance of prices of the sparsest factor, rounded up to one of GRIDS_S).

    Raises: InputError naming the file and what is wrong: no such file, a missing column, a time or
    price that is none, a duplicate, a wanted factor without prices.
    """
    columns = _read(path)
    times = np.array(_parsed(path, columns["time"], _time), dtype=np.int64)
    prices = np.array(_parsed(path, columns["price"], _price), dtype=np.float64)
    names = np.array([str(name) for name in columns["factor"]], dtype=object)
    wanted = sorted(set(names) if factors is None else set(factors))
    series: dict[str, tuple[Seconds, Floats]] = {}
    for factor in wanted:
        of_factor = names == factor
        order = np.argsort(times[of_factor], kind="stable")
        series[factor] = times[of_factor][order], prices[of_factor][order]
        _check_series(path, factor, series[factor][0])
    if not series:
        raise InputError(f"{path} has no prices")
    return on_grid(series, step_s or _found_step(series))


def of_rounds(
    rounds: Iterable[tuple[int, str, float]],
    step_s: int | None = None,
    *,
    ends_at: int | None = None,
) -> History:
    """The history of single prices (unix seconds, factor, price above zero), in any order; of
    several at one second the last given stays.

    ends_at: where the grid ends, no earlier than the last price (None: at the first multiple of
    the step from there on). step_s: the grid's step (None = the largest of GRIDS_S up to a day
    that leaves `ROWS` points of the factor with the shortest history). Raises: InputError where
    there is none.
    """
    by_factor: dict[str, dict[int, float]] = {}
    for time, factor, price in rounds:
        by_factor.setdefault(factor, {})[time] = price
    series = {
        factor: (
            np.array(sorted(prices), dtype=np.int64),
            np.array([prices[time] for time in sorted(prices)], dtype=np.float64),
        )
        for factor, prices in sorted(by_factor.items())
    }
    if not series:
        raise InputError("no log of the index tells a price: give --returns FILE")
    shortest = min(int(times[-1] - times[0]) for times, _ in series.values())
    fitting = [step for step in GRIDS_S if step <= DAY_S and step * ROWS <= shortest]
    return on_grid(series, step_s or (fitting[-1] if fitting else GRIDS_S[0]), ends_at or 0)


def on_grid(series: dict[str, tuple[Seconds, Floats]], step_s: int, through: int = 0) -> History:
    """Series (times ascending, prices) on the grid of the points that are a multiple of `step_s`
    away from `through`.

    The grid runs from the first to the last point at which any factor has a price. Raises:
    ValueError unless the step is above zero.
    """
    if step_s <= 0:
        raise ValueError(f"the step of a grid has to be above zero, it is {step_s}")
    shift = through % step_s
    first = min(-((shift - int(times[0])) // step_s) for times, _ in series.values())
    last = max(-((shift - int(times[-1])) // step_s) for times, _ in series.values())
    grid = np.arange(first, last + 1, dtype=np.int64) * step_s + shift
    prices = np.column_stack([_sampled(*one, grid, step_s) for one in series.values()])
    names = tuple(series)
    gaps = [gap for i, name in enumerate(names) for gap in _gaps(name, grid, prices[:, i])]
    return History(names, grid, prices, step_s, tuple(gaps))


def _sampled(times: Seconds, prices: Floats, grid: Seconds, step_s: int) -> Floats:
    """The last price in (point - step, point] of every point; NaN where there is none."""
    place = np.searchsorted(times, grid, side="right") - 1
    known = place >= 0
    known[known] = times[place[known]] > grid[known] - step_s
    return np.where(known, prices[np.maximum(place, 0)], np.nan)


def _gaps(factor: str, grid: Seconds, prices: Floats) -> Iterable[Gap]:
    """The gaps of one factor."""
    missing = np.flatnonzero(np.isnan(prices))
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        if run.size:
            yield Gap(factor, int(grid[run[0]]), int(grid[run[-1]]), int(run.size))


def _found_step(series: dict[str, tuple[Seconds, Floats]]) -> int:
    """The step for series without a given one."""
    # The lower median: of two distances the shorter is the feed's, the longer has a gap in it.
    distances = [
        float(np.sort(np.diff(t))[(t.size - 2) // 2]) for t, _ in series.values() if t.size > 1
    ]
    sparsest = max(distances, default=float(GRIDS_S[-1]))
    # A feed that prints every 3,601 seconds is an hourly one.
    fitting = [step for step in GRIDS_S if step * 1.05 >= sparsest]
    return fitting[0] if fitting else round(sparsest)


def _read(path: Path) -> dict[str, Sequence[object]]:
    """The three columns as Python values; of a wide file, factor after factor."""
    import pyarrow as pa

    try:
        table = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    except FileNotFoundError:
        raise InputError(f"there is no file of returns {path}") from None
    except (pa.ArrowException, OSError) as error:
        text = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as CSV or Parquet: {text}") from error
    have = table.column_names
    found = {name: next((n for n in names if n in have), None) for name, names in NAMES.items()}
    if found["time"] is not None and found["factor"] is None and found["price"] is None:
        return _wide(path, table, found["time"])
    missing = [name for name in COLUMNS if found[name] is None]
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(missing)} (it needs {', '.join(COLUMNS)}; it has"
            f" {', '.join(have)})"
        )
    return {name: table.column(found[name]).to_pylist() for name in COLUMNS}


def _wide(path: Path, table: pa.Table, time: str) -> dict[str, Sequence[object]]:
    """A column a factor as the three columns, without what has no price."""
    factors = [name for name in table.column_names if name != time]
    if not 0 < len(factors) <= WIDE_MOST:
        raise InputError(
            f"{path} has {len(factors)} columns of factors beside {time}: from 1 to {WIDE_MOST}"
        )
    times = table.column(time).to_pylist()
    out: dict[str, list[object]] = {name: [] for name in COLUMNS}
    for factor in factors:
        for moment, price in zip(times, table.column(factor).to_pylist(), strict=True):
            if price is not None and str(price).strip():
                for name, value in zip(COLUMNS, (moment, factor, price), strict=True):
                    out[name].append(value)
    return dict(out)


def _csv(path: Path) -> pa.Table:
    """A CSV file, every column as text: which time and number is meant is for us to say."""
    from pyarrow import csv

    with path.open("rb") as file:
        names = file.readline().decode("utf-8-sig", errors="replace").strip().split(",")
    types = {name.strip().strip('"'): "string" for name in names}
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    return csv.read_csv(path, convert_options=options)


def _parquet(path: Path) -> pa.Table:
    """The columns of a Parquet file that are ours; of a wide one, all."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        have = [name for of in NAMES.values() for name in of if name in names]
        long = any(name in names for name in (*NAMES["factor"], *NAMES["price"]))
        return file.read(columns=have) if long else file.read()


def _parsed(
    path: Path, values: Sequence[object], parse: Callable[[object], float | int]
) -> list[float | int]:
    """Every value parsed, each distinct one once. Raises: InputError naming the row."""
    known: dict[object, float | int] = {}
    out: list[float | int] = []
    for number, value in enumerate(values, 1):
        if value not in known:
            try:
                known[value] = parse(value)
            except ValueError as error:
                raise InputError(f"{path}: row {number}: {error}") from None
        out.append(known[value])
    return out


def _time(value: object) -> int:
    """Unix seconds. Raises: ValueError saying what is wrong."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif isinstance(value, int) or (isinstance(value, str) and value.strip().isdecimal()):
        seconds = int(value)
        if seconds >= MILLISECONDS_FROM:
            raise ValueError(f"time {seconds} is no unix time in seconds (milliseconds?)")
        return seconds
    else:
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise ValueError(f"'{value}' is no time (ISO 8601 or unix seconds)") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def _price(value: object) -> float:
    """A price. Raises: ValueError unless it is finite and above zero."""
    try:
        price = float(str(value))
    except ValueError:
        raise ValueError(f"'{value}' is no price") from None
    if not 0 < price < float("inf"):
        raise ValueError(f"the price {value} is not above zero")
    return price


def _check_series(path: Path, factor: str, times: Seconds) -> None:
    """Raises: InputError when the factor has no price, or two at one time."""
    if not times.size:
        raise InputError(f"{path} has no price of {factor}")
    [(moment, count)] = Counter(times.tolist()).most_common(1)
    if count > 1:
        when = datetime.fromtimestamp(moment, UTC).isoformat()
        raise InputError(f"{path} has {count} prices of {factor} at {when}")
