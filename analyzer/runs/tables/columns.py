"""The columns of a table of positions, checked cell by cell and against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.model.closest import did_you_mean
from analyzer.model.integers import WAD
from analyzer.model.toml_file import shown
from analyzer.protocols.table.rules import Kind
from analyzer.runs.tables.decimals import e18
from analyzer.runs.tables.frames import FIRST_ROW, Cells
from analyzer.runs.tables.names import check_accounts
from analyzer.runs.tables.prices import PriceTable

NEEDED = ("account", "kind", "asset", "amount")
OWN_SHARES = ("threshold", "initial", "bonus", "haircut")
OPTIONAL = ("owner", "entry", *OWN_SHARES)
KINDS = (Kind.COLLATERAL, Kind.DEBT, Kind.POSITION)
NOT_SAID = -1
"""The code of an empty cell in a column of shares, and of nothing in one of codes."""
_SHARES_OF = {
    Kind.COLLATERAL: ("threshold", "initial", "bonus", "haircut"),
    Kind.DEBT: (),
    Kind.POSITION: ("threshold", "initial", "bonus"),
}

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column in which few texts come again and again: values[code[row]]."""

    code: Ints
    values: list[str]

    def first(self, value: int) -> int:
        """The first row of a value."""
        return int(np.argmax(self.code == value))


@dataclass(frozen=True, slots=True)
class Rows:
    """The table, column by column, checked cell by cell but for what needs another column."""

    cells: Cells
    account: Coded
    kind: Coded
    asset: Coded
    entry: Coded
    entry_e18: list[int]
    own: Mapping[str, Coded]
    own_e18: Mapping[str, list[int]]

    def kind_numbers(self) -> Ints:
        """[row]: place of its kind in `KINDS`."""
        of_code = np.array([KINDS.index(Kind(text)) for text in self.kind.values], dtype=np.int64)
        return of_code[self.kind.code]

    def text(self, name: str, row: int) -> str:
        """The account, kind or asset of a row."""
        column: Coded = getattr(self, name)
        return column.values[int(column.code[row])]


def coded(cells: Cells, name: str) -> Coded:
    """A column as codes; of one that the table has not, empty cells."""
    import pyarrow.compute as pc

    if name not in cells:
        return Coded(np.zeros(len(cells), dtype=np.int64), [""])
    found = pc.dictionary_encode(cells.column(name))
    code = np.asarray(found.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return Coded(code, found.dictionary.to_pylist())


def coded_rows(cells: Cells, prices: PriceTable) -> tuple[Rows, int]:
    """The columns but for amounts, and how many entry prices were cut at 18 decimals."""
    kind, asset, entry = coded(cells, "kind"), coded(cells, "asset"), coded(cells, "entry")
    for code, text in enumerate(kind.values):
        if text not in [*KINDS]:
            raise cells.wrong(
                kind.first(code), "kind", f"{shown(text)} is none of {', '.join(KINDS)}"
            )
    for code, text in enumerate(asset.values):
        if text not in prices.prices:
            close = did_you_mean(text, prices.prices)
            raise cells.wrong(
                asset.first(code),
                "asset",
                f"{shown(text)} has no row in {prices.where}{close} (an empty price says that it is"
                " not known)",
            )
    entry_e18, cut = _entries(cells, entry)
    own = {name: coded(cells, name) for name in OWN_SHARES}
    own_e18 = {name: _own_shares(cells, name, column) for name, column in own.items()}
    account = _accounts(cells)
    return Rows(cells, account, kind, asset, entry, entry_e18, own, own_e18), cut


def _accounts(cells: Cells) -> Coded:
    """The accounts, in order of first appearance. Raises: InputError for two that differ in the
    size of letters only: they are one address in two spellings, or nobody could tell them apart."""
    account = coded(cells, "account")
    seen: dict[str, int] = {}
    for code, text in enumerate(account.values):
        other = seen.setdefault(text.lower(), code)
        if other != code:
            raise cells.wrong(
                account.first(code),
                "account",
                f"{text} is written {account.values[other]} in row"
                f" {account.first(other) + FIRST_ROW}: write one of them",
            )
    return account


def _entries(cells: Cells, entry: Coded) -> tuple[list[int], int]:
    """The entry prices by code, and how many were cut. Raises: InputError."""
    out, cut = [], 0
    for code, text in enumerate(entry.values):
        found = e18(text) if text else (0, False)
        if found is None or found[0] < 0 or (text and not found[0]):
            raise cells.wrong(entry.first(code), "entry", f"{shown(text)} is no price above zero")
        out.append(found[0])
        cut += found[1]
    return out, cut


def _own_shares(cells: Cells, name: str, column: Coded) -> list[int]:
    """A column of shares by code; `NOT_SAID` where the cell is empty. Raises: InputError."""
    out = []
    for code, text in enumerate(column.values):
        found = e18(text) if text else (NOT_SAID, False)
        if found is None or found[1] or (text and not 0 <= found[0] <= WAD):
            raise cells.wrong(
                column.first(code), name, f"{shown(text)} is no share from 0 to 1 (0.8 is 80 %)"
            )
        out.append(found[0])
    return out


def owners_of(cells: Cells, account: Coded) -> list[str]:
    """The owner of each account: itself where no row says another. Raises: InputError for an
    account that two rows give to different owners."""
    if "owner" not in cells:
        return account.values
    check_accounts(cells, "owner", empty=True)
    owner = coded(cells, "owner")
    empty = owner.values.index("") if "" in owner.values else NOT_SAID
    said = np.flatnonzero(owner.code != empty)
    first = np.full(len(account.values), NOT_SAID, dtype=np.int64)
    # Backwards, so that the first row that says one stays.
    first[account.code[said][::-1]] = owner.code[said][::-1]
    other = said[first[account.code[said]] != owner.code[said]]
    if len(other):
        row = int(other[0])
        known = owner.values[first[account.code[row]]]
        raise cells.wrong(
            row,
            "owner",
            f"{owner.values[owner.code[row]]}, and a row above says that"
            f" {account.values[account.code[row]]} is of {known}",
        )
    return [
        text if code == NOT_SAID else owner.values[code]
        for text, code in zip(account.values, first.tolist(), strict=True)
    ]


def check_signs(cells: Cells, rows: Rows, amount: Any) -> None:
    """Raises: InputError for a collateral or debt below zero, for a position without an entry, and
    for what only another kind has."""
    import pyarrow.compute as pc

    kinds = rows.kind_numbers()
    position = kinds == KINDS.index(Kind.POSITION)
    negative = pc.match_substring_regex(amount, r"^-.*[1-9]").to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(np.asarray(negative, dtype=np.bool_) & ~position)
    if len(bad):
        row = int(bad[0])
        kind = rows.text("kind", row)
        other = "write it as a debt" if kind == Kind.COLLATERAL else "what is owed is above zero"
        text = amount[row].as_py()
        raise cells.wrong(row, "amount", f"{text} of {kind} is below zero: {other}")
    has_entry = np.array([bool(text) for text in rows.entry.values])[rows.entry.code]
    bad = np.flatnonzero(has_entry != position)
    if len(bad):
        row = int(bad[0])
        kind = rows.text("kind", row)
        what = (
            "is empty: a position needs its entry price"
            if kind == Kind.POSITION
            else (f"a {kind} has no entry price: leave it empty")
        )
        raise cells.wrong(row, "entry", what)
    for name, column in rows.own.items():
        said = np.array([bool(text) for text in column.values])[column.code]
        has = np.array([name in _SHARES_OF[kind] for kind in KINDS])[kinds]
        bad = np.flatnonzero(said & ~has)
        if len(bad):
            row = int(bad[0])
            kind = rows.text("kind", row)
            raise cells.wrong(row, name, f"a {kind} has no {name}: leave it empty")


def check_twice(cells: Cells, rows: Rows) -> None:
    """Raises: InputError for a second row of the same account, kind and asset that does not say
    another threshold (a part that is not entered) or entry (another lot)."""
    parts = (
        rows.account.code,
        rows.asset.code,
        rows.kind.code,
        rows.entry.code,
        *(rows.own[name].code for name in ("threshold", "initial")),
    )
    order = np.lexsort(tuple(reversed(parts)))
    same = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for part in parts:
        same &= part[order[1:]] == part[order[:-1]]
    again = order[1:][same]
    if len(again):
        row = int(again.min())
        place = int(np.flatnonzero(order == row)[0])
        first = int(order[place - 1])
        kind = rows.text("kind", row)
        differ = "entry" if kind == Kind.POSITION else "threshold"
        raise cells.wrong(
            row,
            "account",
            f"{rows.text('account', row)} has {kind}"
            f" {rows.text('asset', row)} in row {first + FIRST_ROW} already: add"
            f" them up, or say how their {differ} differs",
        )
