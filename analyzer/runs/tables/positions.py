"""The table of positions as a book: `account, owner?, kind, asset, amount, entry?, threshold?`,
and `initial?, bonus?, haircut?` where rows have their own.

Column after column, in Arrow and numpy; a Python object is made of an account, an amount and
whatever there are few of. Legs keep the table's order within their account; a position is followed
by the money that it was entered for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.model.book import Asset, Book, LegKind
from analyzer.model.closest import did_you_mean
from analyzer.model.errors import InputError, UnreadError
from analyzer.model.integers import trunc_div
from analyzer.model.toml_file import shown
from analyzer.protocols.table.rules import Kind, Terms
from analyzer.protocols.table.state.state import TableState
from analyzer.runs.tables.columns import (
    KINDS,
    NEEDED,
    NOT_SAID,
    OPTIONAL,
    OWN_SHARES,
    Coded,
    Ints,
    Rows,
    check_signs,
    check_twice,
    coded_rows,
    owners_of,
)
from analyzer.runs.tables.decimals import fraction_digits, integers, plain
from analyzer.runs.tables.frames import Cells, Frame, read_cells
from analyzer.runs.tables.names import check_accounts
from analyzer.runs.tables.prices import UNIT_DECIMALS, PriceTable
from analyzer.runs.tables.rules_file import RulesFile, Shares

_KEYS = {
    Kind.COLLATERAL: {"threshold": "threshold", "initial": "initial_threshold"},
    Kind.POSITION: {"threshold": "maintenance", "initial": "initial"},
}
"""Kind -> a row's column -> the key of the rules that says the same."""


@dataclass(frozen=True, slots=True)
class Read:
    """A book, and what had to be said of its table. exponents: amounts that had one."""

    book: Book
    exponents: int
    cut_entries: int


def read_positions(frame: Frame, prices: PriceTable, rules: RulesFile) -> Read:
    """The book of the table in `frame`.

    Raises: InputError with row and column for whatever is not as it should be; UnreadError for a
    table without rows, which says nothing of anybody.
    """
    cells = read_cells(frame, "table of positions", NEEDED, OPTIONAL)
    if not len(cells):
        raise UnreadError(
            f"{cells.where} has no row: an empty table is no proof that nobody owes anything;"
            " nothing was written"
        )
    check_accounts(cells, "account")
    rows, cut = coded_rows(cells, prices)
    owners = owners_of(cells, rows.account)
    _check_rules(rules, rows.account)
    column, exponents = plain(cells, "amount")
    check_signs(cells, rows, column)
    check_twice(cells, rows)
    decimals = _decimals(cells, rows.asset, column, prices)
    amounts = _amounts(cells, rows.asset, column, decimals)
    terms, number = _terms(rows, rules)
    assets = [
        _asset(prices, rows.asset.values[asset], decimals[asset], own.kind) for asset, own in terms
    ]
    unit = rules.rules.unit
    assets.append(Asset(unit, unit, LegKind.POSITION, UNIT_DECIMALS, prices.prices[unit].factor))
    state = TableState(
        rules=rules.rules,
        terms=[*(own for _, own in terms), Terms(Kind.CASH)],
        prices=prices.prices,
        rows=len(cells),
        accounts=len(rows.account.values),
        taken_at=rules.taken_at,
    )
    return Read(_book(rows, owners, assets, number, amounts, state), exponents, cut)


def _check_rules(rules: RulesFile, account: Coded) -> None:
    """Raises: InputError for an account of the rules that has no row."""
    known = set(account.values) if rules.accounts else set()
    for name in rules.accounts:
        if name not in known:
            raise InputError(
                f"{rules.where}: [account] names {shown(name)}, which has no row"
                f"{did_you_mean(name, known)}"
            )


def _decimals(cells: Cells, asset: Coded, amount: Any, prices: PriceTable) -> list[int]:
    """The decimals of each asset's amounts: those of the table of prices, else 18, or as many as
    its longest amount has. Raises: InputError for an amount with more than its asset has."""
    digits = fraction_digits(amount)
    longest = np.zeros(len(asset.values), dtype=np.int64)
    np.maximum.at(longest, asset.code, digits)
    out = []
    for code, name in enumerate(asset.values):
        given = prices.decimals.get(name)
        if given is not None and longest[code] > given:
            row = int(np.flatnonzero((asset.code == code) & (digits > given))[0])
            text = amount[row].as_py()
            raise cells.wrong(
                row, "amount", f"{text} has more decimals than {name}, which has {given}"
            )
        out.append(max(UNIT_DECIMALS, int(longest[code])) if given is None else given)
    return out


def _amounts(
    cells: Cells, asset: Coded, amount: Any, decimals: Sequence[int]
) -> npt.NDArray[np.object_]:
    """[row]: the amounts in their assets' decimals. Raises: InputError for one that is too long."""
    import pyarrow as pa

    out: npt.NDArray[np.object_] = np.empty(len(asset.code), dtype=object)
    order = np.argsort(asset.code, kind="stable")
    ends = np.cumsum(np.bincount(asset.code, minlength=len(asset.values)))
    for code, end in enumerate(ends.tolist()):
        chosen = order[int(ends[code - 1]) if code else 0 : end]

        def wrong(place: int, why: str, chosen: Ints = chosen) -> Exception:
            return cells.wrong(int(chosen[place]), "amount", why)

        out[chosen] = integers(amount.take(pa.array(chosen)), decimals[code], wrong)
    return out


def _terms(rows: Rows, rules: RulesFile) -> tuple[list[tuple[int, Terms]], Ints]:
    """(asset and terms of every set of them that some row has, [row]: which). Raises: InputError
    for a row to which no rule says a threshold."""
    special = {name: place for place, name in enumerate(rules.accounts)}
    of_account = np.array([special.get(name, NOT_SAID) for name in rows.account.values])
    parts = [
        rows.asset.code,
        rows.kind.code,
        of_account[rows.account.code] + 1,
        *(rows.own[name].code for name in OWN_SHARES),
    ]
    key = np.zeros(len(rows.asset.code), dtype=np.int64)
    for part in parts:
        # Codes are renumbered after each step, so that the key never grows beyond 64 bits.
        _, key = np.unique(key * (int(part.max()) + 1) + part, return_inverse=True)
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    found = [(int(rows.asset.code[row]), _terms_of(rows, rules, int(row))) for row in first]
    return found, np.asarray(number, dtype=np.int64)


def _terms_of(rows: Rows, rules: RulesFile, row: int) -> Terms:
    """What holds for one row: its own cells, then its account's, its asset's, the default's."""
    kind = Kind(rows.text("kind", row))
    if kind is Kind.DEBT:
        return Terms(kind)
    account = rows.text("account", row)
    asset = rows.text("asset", row)
    layers: list[Shares] = [
        rules.accounts.get(account, {}),
        rules.assets.get(asset, {}),
        rules.default,
    ]

    def said(name: str) -> int | None:
        own: int = rows.own_e18[name][rows.own[name].code[row]]
        if own != NOT_SAID:
            return own
        key = _KEYS[kind].get(name, name)
        return next((layer[key] for layer in layers if key in layer), None)

    threshold = said("threshold")
    if threshold is None:
        key = _KEYS[kind]["threshold"]
        raise rows.cells.wrong(
            row,
            "threshold",
            f"nothing says the {key} of {kind} {asset}: write it here, or in the rules as"
            f" [asset.{asset}] {key} or [default] {key}",
        )
    initial = said("initial")
    if initial is None:
        initial = threshold
    # New risk never needs less than what is there already.
    bound = min if kind is Kind.COLLATERAL else max
    return Terms(
        kind=kind,
        threshold_e18=threshold,
        initial_e18=bound(initial, threshold),
        bonus_e18=said("bonus") or 0,
        haircut_e18=(said("haircut") or 0) if kind is Kind.COLLATERAL else 0,
    )


def _asset(prices: PriceTable, name: str, decimals: int, kind: Kind) -> Asset:
    """An asset as the book has it."""
    leg = LegKind.COLLATERAL if kind is Kind.COLLATERAL else LegKind.POSITION
    return Asset(name, name, leg, decimals, prices.prices[name].factor)


def _book(
    rows: Rows,
    owners: list[str],
    assets: list[Asset],
    number: Ints,
    amounts: npt.NDArray[np.object_],
    state: TableState,
) -> Book:
    """The legs in CSR form, account by account."""
    kinds = rows.kind_numbers()
    position = kinds == KINDS.index(Kind.POSITION)
    debt = kinds == KINDS.index(Kind.DEBT)
    amounts[debt] = -amounts[debt]
    order = np.argsort(rows.account.code, kind="stable")
    width = np.where(position, 2, 1)
    place = np.cumsum(width[order]) - width[order]
    legs = int(width.sum())
    asset = np.full(legs, len(assets) - 1, dtype=np.int32)
    asset[place] = number[order]
    amount: npt.NDArray[np.object_] = np.empty(legs, dtype=object)
    amount[place] = amounts[order]
    for at in np.flatnonzero(position[order]).tolist():
        row = order[at]
        scale = 10 ** assets[number[row]].decimals
        entry = rows.entry_e18[rows.entry.code[row]]
        amount[place[at] + 1] = -trunc_div(amounts[row] * entry, scale)
    counts = np.bincount(rows.account.code, weights=width, minlength=len(owners))
    return Book(
        account_ids=rows.account.values,
        owners=owners,
        assets=assets,
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        asset=asset,
        amount=amount.tolist(),
        state=state,
    )
