"""The scenarios of a sweep: a table of moves, or joint draws of returns by date.

    name,ETH,BTC,@alt
    mild,-0.1,-0.08,-0.15         a row a scenario, a column a factor (or a class, or `*`)
    crash,-0.5,-0.4,-0.7          a cell is a move of the block's price: -0.3 = -30 %, 0 = none

A factor that no column reaches keeps its price. A draw takes the simple returns of all factors of
one date, so that they move together as they did; with replacement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyzer.contagion.scenario import ALL, CLASS_KEYS, Scenario, Step
from analyzer.market.history import load_history
from analyzer.market.returns import Returns, returns_of
from analyzer.model.errors import InputError
from analyzer.model.toml_file import is_line, shown
from analyzer.runs.stress.scenarios import Held

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "name"
MOST_MULTIPLE = 1e6
"""No price is multiplied by more: a move beyond it is a mistake."""
MOST_DRAWS = 1_000_000

Columns = Mapping[str, Sequence[object]]
"""Column -> its cells, row by row."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The scenarios of a sweep.

    names: [row]; scenarios: those that differ, each of one step; which: [row], the number of its
    scenario. source: in words. seed: of the draws, None for a table. not_held: factors of the
    price history that no book holds.
    """

    names: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    which: NDArray[np.int64]
    source: str
    seed: int | None = None
    not_held: tuple[str, ...] = ()


def table_batch(path: Path, held: Held) -> Batch:
    """The scenarios of a CSV or Parquet file. Raises: InputError naming the file, and the row and
    column where something is wrong there."""
    return columns_batch(_read(path), held, source=path.name, where=str(path))


def columns_batch(columns: Columns, held: Held, *, source: str, where: str) -> Batch:
    """The scenarios of a table that is there already.

    where: the table in an error. Raises: InputError for an unknown factor, two columns of one, a
    cell that is no move, a price that would not be above zero, two rows of one name.
    """
    factors = {name: _factor(name, held, where) for name in columns if name != NAME}
    if not factors:
        raise InputError(f"{where} has no column of a factor: a column is named like ETH")
    for name, factor in factors.items():
        first = next(other for other, same in factors.items() if same == factor)
        if first != name:
            raise InputError(f"{where}: columns {first} and {name} are both {factor}: keep one")
    count = len(next(iter(columns.values())))
    if not count:
        raise InputError(f"{where} has no row: a row is a scenario")
    names = _names(columns.get(NAME), count, where)
    rows = [
        {
            factor: multiple(columns[name][row], f"{where}: row {row + 1}, column {name}")
            for name, factor in factors.items()
        }
        for row in range(count)
    ]
    scenarios = tuple(
        _scenario(name, f"{source}, row {number}", shocks)
        for number, (name, shocks) in enumerate(zip(names, rows, strict=True), 1)
    )
    return Batch(names, scenarios, np.arange(count), source)


def drawn_batch(path: Path, draws: int, seed: int, held: Held) -> Batch:
    """`draws` dates of a price history, each with what every factor did on it.

    The rows of the returns are numbered from 0; drawn are `default_rng(seed).integers(0, rows,
    draws)` of numpy. Only factors that the books hold are read, and only dates on which all of
    those have a return. Raises: InputError for a file that cannot be read or has none of them.
    """
    if not 1 <= draws <= MOST_DRAWS:
        raise InputError(f"--batch draws from 1 to {MOST_DRAWS:,} scenarios, not {draws:,}")
    if seed < 0:
        raise InputError(f"--seed is a whole number from 0, not {seed}")
    known = load_history(path).factors
    factors = {name: held.factor(name) for name in known}
    taken = [name for name, factor in factors.items() if factor is not None]
    if not taken:
        raise InputError(
            f"{path} has prices of {', '.join(known)}, and the books hold none of them"
            f" (held: {', '.join(sorted(held.factors))})"
        )
    if len({factors[name] for name in taken}) < len(taken):
        raise InputError(f"{path} has one factor under two names: {', '.join(taken)}")
    returns = returns_of(load_history(path, factors=taken), "simple")
    rows = np.random.default_rng(seed).integers(0, len(returns.times), draws)
    dates, which = np.unique(rows, return_inverse=True)
    return Batch(
        names=tuple(f"draw {number}" for number in range(1, draws + 1)),
        scenarios=tuple(_dated(returns, row, factors, path.name) for row in dates.tolist()),
        which=which,
        source=f"{len(returns.times):,} returns over {returns.step_s:,} s of {path.name}",
        seed=seed,
        not_held=tuple(sorted(name for name, factor in factors.items() if factor is None)),
    )


def multiple(cell: object, where: str) -> Fraction:
    """The multiple of the block's price that a move leaves: -0.3 -> 7/10, the decimal as written.

    Raises: InputError beginning with `where`.
    """
    text = str(cell).strip()
    try:
        move = float(text)
    except ValueError:
        move = math.nan
    if cell is None or isinstance(cell, bool) or not math.isfinite(move):
        raise InputError(f"{where}: {shown(cell)} is no move (-0.3 is -30 %, 0 is none)")
    left = 1 + Fraction(repr(move))
    if left <= 0:
        raise InputError(f"{where}: {move:g} leaves no price (a move has to be above -1)")
    if left > MOST_MULTIPLE:
        raise InputError(f"{where}: {move:g} is more than {MOST_MULTIPLE:,.0f} times the price")
    return left


def _scenario(name: str, source: str, shocks: Mapping[str, Fraction]) -> Scenario:
    """One row as a scenario of one step."""
    return Scenario(name, name, source, (Step(shocks),), verified=True)


def _dated(returns: Returns, row: int, factors: Mapping[str, str | None], source: str) -> Scenario:
    """What all factors did on one date, named by it."""
    moment = datetime.fromtimestamp(int(returns.times[row]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shocks = {
        str(factors[name]): multiple(value, f"{source}: {name} at {moment}")
        for name, value in zip(returns.factors, returns.values[row].tolist(), strict=True)
    }
    return _scenario(moment, f"{source}, {moment}", shocks)


def _factor(name: str, held: Held, where: str) -> str:
    """What a column moves. Raises: InputError for what no book holds."""
    factor = name if name in CLASS_KEYS or name == ALL else held.factor(name)
    if factor is None:
        listed = ", ".join(sorted(held.factors)) or "none"
        raise InputError(f"{where}: no book holds column {shown(name)} (held: {listed})")
    return factor


def _names(given: Sequence[object] | None, count: int, where: str) -> tuple[str, ...]:
    """The names of the rows: their own, else `row 1` and so on."""
    if given is None:
        return tuple(f"row {number}" for number in range(1, count + 1))
    first: dict[str, int] = {}
    for number, name in enumerate(given, 1):
        if not isinstance(name, str) or not is_line(name):
            raise InputError(f"{where}: row {number}, column {NAME}: {shown(name)} is no name")
        if name in first:
            raise InputError(
                f"{where}: row {number}, column {NAME}: {shown(name)} is row {first[name]} already"
            )
        first[name] = number
    return tuple(first)


def _read(path: Path) -> Columns:
    """A file's columns as Python values; of CSV, text."""
    import pyarrow as pa

    try:
        table = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    except FileNotFoundError:
        raise InputError(f"there is no file of scenarios {path}") from None
    except (pa.ArrowException, OSError) as error:
        text = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as CSV or Parquet: {text}") from error
    names = [name.strip() for name in table.column_names]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{path} has two columns {shown(name)}: keep one")
    return {name: table.column(at).to_pylist() for at, name in enumerate(names)}


def _csv(path: Path) -> pa.Table:
    """A CSV file, every cell as text: which number is meant is for us to say."""
    from pyarrow import csv

    with path.open("rb") as file:
        head = file.readline().decode("utf-8-sig", errors="replace").strip().split(",")
    types = {name.strip('"'): "string" for name in head}
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    return csv.read_csv(path, convert_options=options)


def _parquet(path: Path) -> pa.Table:
    """A Parquet file."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return file.read()
