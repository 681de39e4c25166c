"""Rows as pandas DataFrames: exact money as Decimal or int, a float only where its name says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Literal

from analyzer.model.errors import InputError, lacks_extra
from analyzer.store.schema import Kind, Table

if TYPE_CHECKING:
    import pandas as pd

Money = Literal["decimal", "int", "float"]

MONEY: tuple[Money, ...] = ("decimal", "int", "float")
"""What 18-decimal columns may hold: `equity` as Decimal, `equity_e18` as the contract's own
integer, `equity_float` for plots."""

_E18 = "_e18"
_EXACT = Context(prec=100)
"""Wide enough for every 256-bit integer with 18 decimals: nothing is rounded."""


def check_money(money: str) -> None:
    """Raises: InputError for another word than those of `MONEY`."""
    if money not in MONEY:
        raise InputError(f"money={money!r} is none of {', '.join(MONEY)}")


def table_frame(
    table: Table, rows: Sequence[Sequence[object]], money: Money, lead: Sequence[str]
) -> pd.DataFrame:
    """Rows (`lead` first, then `table.columns`) as a DataFrame: 18-decimal columns as asked, the
    rest as it is. Unknown is None, NaN in a float column."""
    pandas = _pandas()
    data: dict[str, Any] = {name: [row[at] for row in rows] for at, name in enumerate(lead)}
    for place, column in enumerate(table.columns, len(lead)):
        values = [row[place] for row in rows]
        name = column.name
        if name in lead:
            continue
        if column.kind in _WIDE and name.endswith(_E18):
            suffix, convert = _MONEY[money]
            name = name.removesuffix(_E18) + suffix
            values = [None if value is None else convert(value) for value in values]
        exact = column.kind in _WIDE and money != "float"
        if exact:
            data[name] = pandas.Series(values, dtype=object)
        else:
            # A column of nothing but unknown figures is one of floats too.
            data[name] = (
                pandas.Series(values, dtype="float64") if column.kind is Kind.FIGURE else values
            )
    frame: pd.DataFrame = pandas.DataFrame(data)
    return frame


def plain_frame(rows: Sequence[Sequence[object]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as they are: Python objects, nothing converted."""
    frame: pd.DataFrame = _pandas().DataFrame(rows, columns=columns, dtype=object)
    return frame


def _pandas() -> Any:
    """pandas, which only this part of the program needs. Raises: InputError without it."""
    try:
        import pandas as pd
    except ImportError as error:
        raise lacks_extra("a table for Python", "pandas") from error
    return pd


def _decimal(value: object) -> Decimal:
    """An 18-decimal integer as a Decimal, exact."""
    return Decimal(_integer(value)).scaleb(-18, _EXACT)


def _integer(value: object) -> int:
    """A stored amount. Raises: TypeError for anything else."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no amount")
    return value


def _float(value: object) -> float:
    """An 18-decimal integer as the nearest float."""
    return _integer(value) / 10**18


_WIDE = frozenset({Kind.AMOUNT, Kind.UNSIGNED, Kind.INTEGER})
_MONEY: dict[Money, tuple[str, Callable[[object], object]]] = {
    "decimal": ("", _decimal),
    "int": (_E18, _integer),
    "float": ("_float", _float),
}
