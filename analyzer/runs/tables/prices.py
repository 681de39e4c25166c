"""The table of prices: `asset, price, decimals?`, one row an asset."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.errors import InputError
from analyzer.model.integers import HUGEINT_MAX, WAD
from analyzer.model.toml_file import shown
from analyzer.protocols.kit.factors import factor_of
from analyzer.protocols.table.state.state import TablePrice
from analyzer.runs.tables.decimals import e18
from analyzer.runs.tables.frames import FIRST_ROW, Cells, Frame, read_cells
from analyzer.runs.tables.names import why_no_asset
from analyzer.runs.tables.rules_file import RulesFile

NEEDED, OPTIONAL = ("asset", "price"), ("decimals",)
MOST_DECIMALS = 36
UNIT_DECIMALS = 18
SOURCE = "the table of prices"


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by asset, in the table's order, the unit of account last where the table has none of
    it. decimals: of the assets that the table says them of. cut: prices that had more than 18."""

    where: str
    prices: dict[str, TablePrice]
    decimals: dict[str, int]
    cut: int


def read_prices(frame: Frame, rules: RulesFile) -> PriceTable:
    """The prices in `frame`. An empty price is none: whoever holds the asset is unknown.

    Raises: InputError with row and column.
    """
    cells = read_cells(frame, "table of prices", NEEDED, OPTIONAL)
    unit = rules.rules.unit
    prices: dict[str, TablePrice] = {}
    decimals: dict[str, int] = {}
    rows: dict[str, int] = {}
    cut = 0
    texts = zip(*(cells.texts(name) for name in (*NEEDED, *OPTIONAL)), strict=True)
    for row, (asset, price, places) in enumerate(texts):
        problem = why_no_asset(asset)
        if problem:
            raise cells.wrong(row, "asset", problem)
        if asset != unit and asset.lower() == unit.lower():
            raise cells.wrong(
                row, "asset", f"{shown(asset)} is written {unit} as the unit of account: write that"
            )
        if asset.lower() in rows:
            first = rows[asset.lower()] + FIRST_ROW
            raise cells.wrong(row, "asset", f"{shown(asset)} has a price in row {first} already")
        rows[asset.lower()] = row
        value, was_cut = _price(cells, row, price)
        if asset == unit and value != WAD:
            raise cells.wrong(
                row, "price", f"{shown(asset)} is the unit of account: its price is 1"
            )
        factor = factor_of(rules.factors, asset, asset)
        cut += was_cut
        prices[asset] = TablePrice(value, factor, factor == factor_of({}, unit, unit), SOURCE)
        if places:
            decimals[asset] = _decimals(cells, row, places)
    _check_named(rules, prices)
    if unit not in prices:
        prices[unit] = TablePrice(WAD, factor_of(rules.factors, unit, unit), True, "by definition")
    return PriceTable(cells.where, prices, decimals, cut)


def _price(cells: Cells, row: int, text: str) -> tuple[int | None, bool]:
    """(a price in 18 decimals, whether digits were cut)."""
    if not text:
        return None, False
    found = e18(text)
    if found is None:
        raise cells.wrong(row, "price", f"{shown(text)} is no price: write digits, like 1234.56")
    value, cut = found
    if value <= 0:
        small = "is below 18 decimals" if cut and not text.startswith("-") else "is no price"
        raise cells.wrong(
            row,
            "price",
            f"{shown(text)} {small}: leave the cell empty where it is not known; what is worth"
            " nothing has a haircut of 1 in the rules",
        )
    if value > HUGEINT_MAX:
        raise cells.wrong(row, "price", f"{shown(text)} is too large: prices are below 1.7e20")
    return value, cut


def _decimals(cells: Cells, row: int, text: str) -> int:
    """The decimals of an asset's amounts."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) <= MOST_DECIMALS):
        raise cells.wrong(
            row, "decimals", f"{shown(text)} is no whole number from 0 to {MOST_DECIMALS}"
        )
    return int(text)


def _check_named(rules: RulesFile, prices: dict[str, TablePrice]) -> None:
    """Raises: InputError for an asset of the rules that the table of prices has not."""
    for part, named in (("asset", rules.assets), ("factors", rules.factors)):
        for asset in named:
            if asset not in prices and asset != rules.rules.unit:
                raise InputError(
                    f"{rules.where}: [{part}] names {shown(asset)}, which has no row in the table"
                    " of prices"
                )
