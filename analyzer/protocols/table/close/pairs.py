"""What one liquidation of an account does: a debt repaid out of a collateral, or a position closed.

    share closed    the close factor; all of it where health is below `full_below` or what is owed
                    (held) is worth less than `dust`
    debt, cash      repaid x (1 + bonus) of the collateral goes to the liquidator, at most all of it
    position        taken over at its price; bonus x value goes to the liquidator
    bad debt        no position and no entered collateral left: what is still owed is written off

Amounts are whole units of their tokens: what is seized is rounded down, what may be repaid up.
Source: the fixed-spread liquidation of Compound V2 and Aave V3 (docs/book.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzer.model.closure import Closure, Executed, Transfer
from analyzer.model.integers import WAD, ceil_div
from analyzer.protocols.simulation import Shape
from analyzer.protocols.table.rules import Kind
from analyzer.protocols.table.value.account import Leg, Sums, Valuation

LIQUIDATOR = "liquidator"
BACKSTOPS = "backstops"
"""Whoever takes over what an account cannot pay: the layers of the waterfall, in order."""
ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be closed: `debt` repaid out of `collateral`, or the position `debt` (then
    `collateral` is None). Both are places among the account's legs. most: of the debt or position,
    in its own units."""

    collateral: int | None
    debt: int
    most: int

    @property
    def name(self) -> str:
        """Tells it from the account's other ones."""
        head = "position" if self.collateral is None else f"{self.collateral:04}"
        return f"{head}:{self.debt:04}"


@dataclass(frozen=True, slots=True)
class Closed:
    """A closure and the account's legs after it. written_off_e18: bad debt."""

    executed: Executed
    legs: tuple[Leg, ...]
    written_off_e18: int


class Account:
    """One account whose legs have prices, with what the rules let be closed of it."""

    def __init__(
        self, valuation: Valuation, account_id: str, legs: tuple[Leg, ...], sums: Sums
    ) -> None:
        self.valuation, self.account_id, self.legs, self.sums = valuation, account_id, legs, sums
        self.rules = valuation.state.rules

    def choices(self, *, whole: bool = False) -> list[Choice]:
        """Everything that can be closed, positions first, in the order of the legs. whole: without
        the limit of the close factor."""
        positions = [
            Choice(None, place, self._share(abs(amount), self.sums.held_e18, whole=whole))
            for place, (number, amount) in enumerate(self.legs)
            if self._kind(number) is Kind.POSITION and amount
        ]
        pairs = []
        for held, (number, amount) in enumerate(self.legs):
            if not self._backs(number, amount):
                continue
            for owed in self._owed():
                most = self._most(number, amount, owed, whole=whole)
                if most:
                    pairs.append(Choice(held, owed, most))
        return positions + pairs

    def shapes(self) -> list[tuple[Shape, float]]:
        """What each choice is of, and the value of its most: `choices`, in their order."""
        return [self._shape(choice) for choice in self.choices()]

    def _shape(self, choice: Choice) -> tuple[Shape, float]:
        number, amount = self.legs[choice.debt]
        value = self._value(number, choice.most) / WAD
        if choice.collateral is None:
            return position_shape(self.valuation, number, long=amount > 0), value
        return pair_shape(self.valuation, self.legs[choice.collateral][0], number), value

    def close(self, choice: Choice, amount: int, *, paid: bool = True) -> Closed:
        """`amount` of what is owed or held. paid: the liquidator gets the bonus."""
        if choice.collateral is None:
            return self._position(choice, amount, paid=paid)
        return self._pair(choice, choice.collateral, amount, paid=paid)

    def _kind(self, number: int) -> Kind:
        return self.valuation.state.kind(number)

    def _backs(self, number: int, amount: int) -> bool:
        """Whether a leg is collateral that may be seized."""
        backs = self.valuation.terms[number].weight_e36 > 0
        return self._kind(number) is Kind.COLLATERAL and amount > 0 and backs

    def _owed(self) -> list[int]:
        """Places of what is owed: debts, and money once no position is open."""
        kinds = (Kind.DEBT,) if self.sums.held_e18 else (Kind.DEBT, Kind.CASH)
        return [
            place
            for place, (number, amount) in enumerate(self.legs)
            if amount < 0 and self._kind(number) in kinds
        ]

    def _share(self, amount: int, value_e18: int, *, whole: bool) -> int:
        """How much of an amount one liquidation closes at most."""
        rules, sums = self.rules, self.sums
        need = sums.maintenance_e18
        health_e18 = sums.margin_equity_e18 * WAD // need if need else 0
        if whole or health_e18 < rules.full_below_e18 or value_e18 < rules.dust_e18:
            return amount
        return ceil_div(amount * rules.close_factor_e18, WAD)

    def _most(self, number: int, held: int, owed: int, *, whole: bool) -> int:
        """The most of a debt that one collateral pays for, in the debt's units."""
        debt, amount = self.legs[owed]
        value, price = self._value(number, held), self.valuation.price_e18(debt)
        if not value or not price:
            return 0
        bonus = 0 if whole else self.valuation.terms[number].bonus_e18
        pays = ceil_div(value * WAD, WAD + bonus)
        unit = 10 ** self.valuation.book.assets[debt].decimals
        most = self._share(-amount, self.sums.debt_e18, whole=whole)
        return min(most, ceil_div(pays * unit, price))

    def _value(self, number: int, amount: int) -> int:
        """A leg's value; the account's legs all have prices."""
        return self.valuation.value_e18(number, amount) or 0

    def _pair(self, choice: Choice, place: int, amount: int, *, paid: bool) -> Closed:
        number, held = self.legs[place]
        debt, owed = self.legs[choice.debt]
        repaid = self._value(debt, amount)
        bonus = self.valuation.terms[number].bonus_e18 if paid else 0
        price = self.valuation.price_e18(number) or 1
        unit = 10 ** self.valuation.book.assets[number].decimals
        wanted = repaid * (WAD + bonus) // WAD
        all_of_it = wanted >= self._value(number, held)
        seized = held if all_of_it else min(wanted * unit // price, held)
        worth = self._value(number, seized)
        legs = list(self.legs)
        legs[place], legs[choice.debt] = (number, held - seized), (debt, owed + amount)
        assets = self.valuation.book.assets
        moved = (
            Transfer(self.account_id, LIQUIDATOR, worth, f"{assets[number].symbol} seized"),
            Transfer(LIQUIDATOR, self.account_id, repaid, f"{assets[debt].symbol} repaid"),
        )
        sold = {assets[number].asset_id: seized}
        sold[assets[debt].asset_id] = sold.get(assets[debt].asset_id, 0) - amount
        closure = Closure(
            account_id=self.account_id,
            kind="collateral",
            asset_id=assets[number].asset_id,
            amount=seized,
            price_e18=price,
            value_e18=worth,
            penalty_e18=max(worth - repaid, 0),
            transfers=moved,
        )
        return self._finished(closure, legs, sold)

    def _position(self, choice: Choice, amount: int, *, paid: bool) -> Closed:
        number, held = self.legs[choice.debt]
        taken = amount if held > 0 else -amount
        left = held - taken
        realised = self._value(number, held) - self._value(number, left)
        bonus = self.valuation.terms[number].bonus_e18 if paid else 0
        penalty = abs(realised) * bonus // WAD
        legs = with_cash(self.valuation, self.legs, realised - penalty)
        legs[choice.debt] = (number, left)
        asset = self.valuation.book.assets[number]
        closure = Closure(
            account_id=self.account_id,
            kind="position",
            asset_id=asset.asset_id,
            amount=taken,
            price_e18=self.valuation.price_e18(number) or 0,
            value_e18=abs(realised),
            penalty_e18=penalty,
            transfers=(Transfer(self.account_id, LIQUIDATOR, penalty, "penalty"),),
        )
        return self._finished(closure, legs, {asset.asset_id: taken})

    def _finished(self, closure: Closure, legs: list[Leg], sold: dict[str, int]) -> Closed:
        """With bad debt written off, and what roundings made of the account's equity."""
        lost = written_off(self.valuation, self.account_id, legs)
        transfers = [t for t in (*closure.transfers, *lost) if t.amount_e18]
        after = self.valuation.sums(legs)
        assert not isinstance(after, str)  # the prices are those of before
        change = after.equity_e18 - self.sums.equity_e18
        for transfer in transfers:
            change += transfer.amount_e18 * (transfer.from_party == self.account_id)
            change -= transfer.amount_e18 * (transfer.to_party == self.account_id)
        what = "amounts and values are whole units"
        if change > 0:
            transfers.append(Transfer(ROUNDING, self.account_id, change, what))
        elif change < 0:
            transfers.append(Transfer(self.account_id, ROUNDING, -change, what))
        unit = self.rules.unit
        traded = {asset: amount for asset, amount in sold.items() if amount and asset != unit}
        executed = Executed(replace(closure, transfers=tuple(transfers)), traded)
        return Closed(executed, tuple(legs), sum(t.amount_e18 for t in lost))


def pair_shape(valuation: Valuation, collateral: int, debt: int) -> Shape:
    """A repayment of 1 of the book's asset `debt` out of its asset `collateral`."""
    assets, bonus = valuation.book.assets, valuation.terms[collateral].bonus_e18 / WAD
    return Shape(bonus, assets[collateral].asset_id, 1 + bonus, assets[debt].asset_id)


def position_shape(valuation: Valuation, number: int, *, long: bool) -> Shape:
    """1 of a position that is taken over."""
    asset, bonus = valuation.book.assets[number].asset_id, valuation.terms[number].bonus_e18 / WAD
    return Shape(bonus, sold=asset) if long else Shape(bonus, bought=asset)


def with_cash(valuation: Valuation, legs: tuple[Leg, ...], change_e18: int) -> list[Leg]:
    """The legs with so much more money (or less, below 0)."""
    out = list(legs)
    for place, (number, amount) in enumerate(out):
        if valuation.state.kind(number) is Kind.CASH:
            out[place] = (number, amount + change_e18)
            return out
    return [*out, (valuation.state.cash_number, change_e18)]


def written_off(valuation: Valuation, account_id: str, legs: list[Leg]) -> list[Transfer]:
    """What an account can no longer pay, taken off its legs: who takes it over, debt by debt.
    Nothing while a position or an entered collateral is left."""
    kinds = [valuation.state.kind(number) for number, _ in legs]
    for kind, (number, amount) in zip(kinds, legs, strict=True):
        if kind is Kind.POSITION and amount:
            return []
        backs = valuation.terms[number].weight_e36 > 0
        if kind is Kind.COLLATERAL and amount > 0 and backs:
            return []
    lost = []
    owed = sum(amount for kind, (_, amount) in zip(kinds, legs, strict=True) if kind is Kind.CASH)
    for place, (kind, (number, amount)) in enumerate(zip(kinds, legs, strict=True)):
        if kind is Kind.CASH and owed < 0:
            legs[place] = (number, 0)
        if kind is not Kind.DEBT or not amount:
            continue
        legs[place] = (number, 0)
        value = -(valuation.value_e18(number, amount) or 0)
        asset = valuation.book.assets[number].asset_id
        what = f"{asset} that it cannot pay"
        lost.append(Transfer(BACKSTOPS, account_id, value, what, bad_debt=True, asset_id=asset))
    if owed < 0:
        what, unit = "losses that it cannot pay", valuation.state.rules.unit
        lost.append(Transfer(BACKSTOPS, account_id, -owed, what, bad_debt=True, asset_id=unit))
    return lost
