"""What may be decided about a table's book: legs that grow, shares, nothing that leaves.

A position grows against cash at its price; a debt grows by what leaves the account. The test is
free collateral. A table knows of no liquidity: nothing is said of who can leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analyzer.model.book import Book
from analyzer.model.integers import WAD, mul_div
from analyzer.protocols.decisions import ExitPool, OwnPool, Parameter, Reduction, Resize
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.value import TableValued

DECIMALS = 18
_NAMES = {
    Kind.COLLATERAL: {
        "LT": ("threshold_e18", "share that counts against liquidation"),
        "LTV": ("initial_e18", "share that counts for new risk"),
        "bonus": ("bonus_e18", "what a liquidator gets on top"),
        "haircut": ("haircut_e18", "what is taken off the value before any of that"),
    },
    Kind.POSITION: {
        "mm": ("threshold_e18", "maintenance, share of the position's value"),
        "im": ("initial_e18", "initial margin, share of the position's value"),
        "bonus": ("bonus_e18", "what a liquidator gets of the position's value"),
    },
}


def decide(valued: TableValued) -> TableDecisions:
    """What the book allows."""
    return TableDecisions(valued)


class TableDecisions:
    """See `decisions.Decisions`."""

    def __init__(self, valued: TableValued) -> None:
        self._valued = valued
        self._state = valued.state
        self._places = {account: n for n, account in enumerate(valued.book.account_ids)}

    def _fields(self) -> Mapping[str, tuple[int, str, str]]:
        """Name -> (number of the asset, field of its terms, text); `#2` where a symbol has several
        sets of numbers."""
        out: dict[str, tuple[int, str, str]] = {}
        for number, (asset, terms) in enumerate(
            zip(self._valued.book.assets, self._state.terms, strict=True)
        ):
            for name, (at, text) in _NAMES.get(terms.kind, {}).items():
                plain = f"{name}:{asset.symbol}"
                times = sum(known == plain or known.startswith(f"{plain}#") for known in out)
                out[plain if not times else f"{plain}#{times + 1}"] = (number, at, text)
        return out

    def parameters(self) -> Sequence[Parameter]:
        """The shares of every set of numbers, and the close factor."""
        close = self._state.rules.close_factor_e18
        return [
            Parameter("close_factor", close, DECIMALS, 1, WAD, "ratio",
                      "what one liquidation closes at most"),
            *(
                Parameter(name, getattr(self._state.terms[n], at), DECIMALS, 0, WAD, "ratio", text)
                for name, (n, at, text) in self._fields().items()
            ),
        ]  # fmt: skip

    def with_parameters(self, values: Mapping[str, int]) -> Book:
        """The book under other shares. Raises: KeyError; ValueError where new risk would be easier
        than keeping it."""
        fields, terms, rules = self._fields(), list(self._state.terms), self._state.rules
        for name, value in values.items():
            if name == "close_factor":
                rules = replace(rules, close_factor_e18=value)
                continue
            number, at, _ = fields[name]
            changed: dict[str, Any] = {at: value}
            terms[number] = replace(terms[number], **changed)
        for asset, one in zip(self._valued.book.assets, terms, strict=True):
            easier = one.initial_e18 > one.threshold_e18
            if one.kind is Kind.POSITION:
                easier = one.initial_e18 < one.threshold_e18
            if easier and one.kind in _NAMES:
                raise ValueError(f"{asset.symbol}: new risk would be easier than keeping it")
        return replace(self._valued.book, state=replace(self._state, terms=terms, rules=rules))

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """A trade of every market, a borrowing of every asset that somebody owes."""
        self._places[account_id]
        found = []
        for number, asset in enumerate(self._valued.book.assets):
            kind = self._state.kind(number)
            if self._valued.valuation.price_e18(number) is None:
                continue
            if kind is Kind.POSITION:
                found.append(Resize("trade", str(number), asset.symbol, asset.decimals))
            elif kind is Kind.DEBT:
                found.append(Resize("borrow", str(number), asset.symbol, asset.decimals))
        return [replace(one, asset_id=self._id(int(one.asset_id))) for one in found]

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The account's book after it. Raises: KeyError."""
        kind = Kind.POSITION if resize.kind == "trade" else Kind.DEBT
        number = self._number(resize.asset_id, kind)
        if kind is Kind.DEBT:
            return self._with(account_id, {number: -amount})
        price = self._valued.valuation.price_e18(number) if price_e18 is None else price_e18
        if price is None:
            raise KeyError(resize.asset_id)
        paid = mul_div(amount, price, 10**resize.decimals)
        return self._with(account_id, {number: amount, self._state.cash_number: -self._cash(paid)})

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """Its positions, and every pair of a collateral and a debt."""
        book = self._valued.book
        legs = [
            (number, amount)
            for number, amount in self._valued.valuation.legs(self._places[account_id])
            if amount and self._valued.valuation.price_e18(number) is not None
        ]
        positions = [
            Reduction("close", self._id(n), book.assets[n].symbol, book.assets[n].decimals,
                      abs(amount), 1 if amount > 0 else -1)
            for n, amount in legs if self._state.kind(n) is Kind.POSITION
        ]  # fmt: skip
        pairs = [
            Reduction("repay", self._id(n), book.assets[n].symbol, book.assets[n].decimals, amount,
                      1, self._id(debt), book.assets[debt].symbol)
            for n, amount in legs if self._state.kind(n) is Kind.COLLATERAL
            for debt, _ in legs if self._state.kind(debt) is Kind.DEBT
        ]  # fmt: skip
        return [*positions, *pairs]

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The account's book after it; what is beyond a debt is cash. Raises: KeyError."""
        if reduction.kind == "close":
            number = self._number(reduction.asset_id, Kind.POSITION)
            cash = self._cash(reduction.sign * received_e18)
            changes = {number: -reduction.sign * amount, self._state.cash_number: cash}
            return self._with(account_id, changes)
        held = self._number(reduction.asset_id, Kind.COLLATERAL)
        debt = self._number(reduction.debt_id, Kind.DEBT)
        price = self._valued.valuation.price_e18(debt) or 1
        decimals = self._valued.book.assets[debt].decimals
        owed = -sum(
            value for n, value in self._valued.valuation.legs(self._places[account_id]) if n == debt
        )
        repaid = min(received_e18 * 10**decimals // price, owed)
        rest = received_e18 - mul_div(repaid, price, 10**decimals)
        return self._with(
            account_id,
            {held: -amount, debt: repaid, self._state.cash_number: self._cash(rest)},
        )

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """A table trades nothing."""
        return None

    def exit_pools(self) -> Sequence[ExitPool]:
        """A table knows of no liquidity."""
        return []

    def _id(self, number: int) -> str:
        """The id of an asset of the book."""
        return self._valued.book.assets[number].asset_id

    def _number(self, asset_id: str, kind: Kind) -> int:
        """The first asset of that id and kind. Raises: KeyError."""
        for number, asset in enumerate(self._valued.book.assets):
            if asset.asset_id == asset_id and self._state.kind(number) is kind:
                return number
        raise KeyError(asset_id)

    def _cash(self, value_e18: int) -> int:
        """An amount of money in its own decimals, toward zero."""
        decimals = self._valued.book.assets[self._state.cash_number].decimals
        return mul_div(value_e18, 10**decimals, WAD)

    def _with(self, account_id: str, changes: Mapping[int, int]) -> Book:
        """The account's book with other amounts; a leg that it has not is added."""
        place = self._places[account_id]
        legs = list(self._valued.valuation.legs(place))
        for number, change in changes.items():
            at = next((n for n, (known, _) in enumerate(legs) if known == number), None)
            if at is None:
                legs.append((number, change))
            else:
                legs[at] = (number, legs[at][1] + change)
        book = self._valued.book
        return replace(
            book.part([place]),
            indptr=np.array([0, len(legs)], dtype=np.int64),
            asset=np.array([number for number, _ in legs], dtype=np.int32),
            amount=[amount for _, amount in legs],
        )
