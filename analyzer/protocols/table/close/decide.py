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
from analyzer.protocols.decisions import (
    ExitPool,
    OwnPool,
    Parameter,
    Reduction,
    Resize,
    ResizeKind,
)
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.account import Leg
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
                raise ValueError(
                    f"{asset.symbol}: new risk would be easier than keeping it"
                    " (set LTV with LT, im with mm)"
                )
        return replace(self._valued.book, state=replace(self._state, terms=terms, rules=rules))

    def resizes(self, account_id: str) -> Sequence[Resize]:
        """A trade of every market, a borrowing of every asset that somebody owes; each asset once,
        however many sets of numbers there are of it."""
        self._places[account_id]
        found: dict[tuple[str, str], Resize] = {}
        for number, asset in enumerate(self._valued.book.assets):
            kind = self._state.kind(number)
            if kind not in (Kind.POSITION, Kind.DEBT):
                continue
            if self._valued.valuation.price_e18(number) is None:
                continue
            way: ResizeKind = "trade" if kind is Kind.POSITION else "borrow"
            one = Resize(way, asset.asset_id, asset.symbol, asset.decimals)
            found.setdefault((way, asset.asset_id), one)
        return list(found.values())

    def resized(
        self, account_id: str, resize: Resize, amount: int, price_e18: int | None = None
    ) -> Book:
        """The account's book after it. A trade closes what it has of the other sign first; what it
        opens stands under the account's own numbers, the strictest of all where it has none.
        Raises: KeyError."""
        if resize.kind != "trade":
            number = self._number(account_id, resize.asset_id, Kind.DEBT)
            return self._with(account_id, {number: -amount})
        number = self._number(account_id, resize.asset_id, Kind.POSITION)
        price = self._valued.valuation.price_e18(number) if price_e18 is None else price_e18
        if price is None:
            raise KeyError(resize.asset_id)
        paid = mul_div(amount, price, 10**resize.decimals)
        sign = 1 if amount > 0 else -1
        taken = self._taken(account_id, resize.asset_id, Kind.POSITION, -sign, abs(amount))
        opened = amount - sign * sum(map(abs, taken.values()))
        money = {number: opened, self._state.cash_number: -self._cash(paid)}
        return self._with(account_id, money, taken)

    def reductions(self, account_id: str) -> Sequence[Reduction]:
        """Its positions by market and side, and every pair of a collateral and a debt; what an
        account has of one asset in several parts is one way."""
        assets = self._valued.book.assets
        held: dict[tuple[Kind, str, int], tuple[int, int]] = {}
        for number, amount in self._legs(account_id):
            if not amount or self._valued.valuation.price_e18(number) is None:
                continue
            key = self._state.kind(number), self._id(number), 1 if amount > 0 else -1
            held[key] = (number, held.get(key, (0, 0))[1] + abs(amount))
        positions = [
            Reduction("close", asset, assets[n].symbol, assets[n].decimals, most, sign)
            for (kind, asset, sign), (n, most) in held.items() if kind is Kind.POSITION
        ]  # fmt: skip
        debts = [n for (kind, _, _), (n, _) in held.items() if kind is Kind.DEBT]
        pairs = [
            Reduction("repay", asset, assets[n].symbol, assets[n].decimals, most, 1,
                      self._id(debt), assets[debt].symbol)
            for (kind, asset, _), (n, most) in held.items() if kind is Kind.COLLATERAL
            for debt in debts
        ]  # fmt: skip
        return [*positions, *pairs]

    def reduced(
        self, account_id: str, reduction: Reduction, amount: int, received_e18: int
    ) -> Book:
        """The account's book after it; what is beyond a debt is cash. Of several parts the one that
        requires most (of a collateral: that secures least) goes first. Raises: KeyError."""
        if reduction.kind == "close":
            kind, sign = Kind.POSITION, reduction.sign
            taken = self._taken(account_id, reduction.asset_id, kind, sign, amount)
            cash = self._cash(sign * received_e18)
            return self._with(account_id, {self._state.cash_number: cash}, taken)
        taken = self._taken(account_id, reduction.asset_id, Kind.COLLATERAL, 1, amount)
        debt = self._number(account_id, reduction.debt_id, Kind.DEBT)
        price = self._valued.valuation.price_e18(debt) or 1
        decimals = self._valued.book.assets[debt].decimals
        owed = -sum(value for n, value in self._legs(account_id) if n == debt)
        repaid = min(received_e18 * 10**decimals // price, owed)
        rest = received_e18 - mul_div(repaid, price, 10**decimals)
        changes = {debt: repaid, self._state.cash_number: self._cash(rest)}
        return self._with(account_id, changes, taken)

    def own_pool(self, asset_id: str) -> OwnPool | None:
        """A table trades nothing."""
        return None

    def exit_pools(self) -> Sequence[ExitPool]:
        """A table knows of no liquidity."""
        return []

    def _id(self, number: int) -> str:
        """The id of an asset of the book."""
        return self._valued.book.assets[number].asset_id

    def _legs(self, account_id: str) -> list[Leg]:
        """The account's legs. Raises: KeyError."""
        return list(self._valued.valuation.legs(self._places[account_id]))

    def _number(self, account_id: str, asset_id: str, kind: Kind) -> int:
        """The number under which more of an asset stands: the strictest of the account's own, else
        of all that there are. Raises: KeyError."""
        found = [
            number
            for number, asset in enumerate(self._valued.book.assets)
            if asset.asset_id == asset_id and self._state.kind(number) is kind
        ]
        if not found:
            raise KeyError(asset_id)
        own = {number for number, _ in self._legs(account_id)}.intersection(found)
        return max(own or found, key=lambda number: (*self._needs(number), -number))

    def _needs(self, number: int) -> tuple[int, int]:
        """What a position requires, at first and then."""
        terms = self._state.terms[number]
        return terms.initial_weight_e36, terms.weight_e36

    def _taken(
        self, account_id: str, asset_id: str, kind: Kind, sign: int, amount: int
    ) -> dict[int, int]:
        """Place among the account's legs -> what is taken off it, signed, for at most `amount` of
        an asset's legs of one sign."""
        parts = [
            (self._needs(number), place, held)
            for place, (number, held) in enumerate(self._legs(account_id))
            if held * sign > 0 and self._id(number) == asset_id and self._state.kind(number) is kind
        ]
        parts.sort(key=lambda part: part[0], reverse=kind is Kind.POSITION)
        out: dict[int, int] = {}
        for _, place, held in parts:
            share = min(abs(held), amount)
            out[place], amount = sign * share, amount - share
        return out

    def _cash(self, value_e18: int) -> int:
        """An amount of money in its own decimals, toward zero."""
        decimals = self._valued.book.assets[self._state.cash_number].decimals
        return mul_div(value_e18, 10**decimals, WAD)

    def _with(
        self, account_id: str, changes: Mapping[int, int], taken: Mapping[int, int] | None = None
    ) -> Book:
        """The account's book with other amounts. changes: by number, to the first leg of it; a leg
        that it has not is added. taken: by place among its legs, what goes."""
        legs = self._legs(account_id)
        for place, amount in (taken or {}).items():
            legs[place] = (legs[place][0], legs[place][1] - amount)
        for number, change in changes.items():
            if not change:
                continue
            at = self._place_for(legs, number, change)
            if at is None:
                legs.append((number, change))
            else:
                legs[at] = (number, legs[at][1] + change)
        book = self._valued.book
        return replace(
            book.part([self._places[account_id]]),
            indptr=np.array([0, len(legs)], dtype=np.int64),
            asset=np.array([number for number, _ in legs], dtype=np.int32),
            amount=[amount for _, amount in legs],
        )

    def _place_for(self, legs: Sequence[Leg], number: int, change: int) -> int | None:
        """The first leg of a number; of positions the first that is not of the other sign, because
        what is required is counted lot by lot."""
        position = self._state.kind(number) is Kind.POSITION
        return next(
            (
                place
                for place, (known, held) in enumerate(legs)
                if known == number and not (position and held * change < 0)
            ),
            None,
        )
