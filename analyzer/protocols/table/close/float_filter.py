"""What float64 tells of all accounts at once: who may lack maintenance, and who may pay a closure.

Whom it leaves out is above maintenance, or below what pays, by more than any rounding of float64;
the rest is for integers to decide.

    of a pair       1 repaid pays the bonus: 1 + bonus is sold, 1 is bought
    of a position   1 taken over pays the bonus: 1 is sold (long) or bought (short)
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.model.integers import WAD
from analyzer.protocols.simulation import Least, Shape
from analyzer.protocols.table.close.pairs import pair_shape, position_shape
from analyzer.protocols.table.rules import E36, Kind, Terms
from analyzer.protocols.table.value.account import Valuation

MARGIN = 1e-9
"""Share of an account's gross value within which it is looked at exactly."""
LEAST_USD = 1e-6
"""A leg of less is looked at exactly: a closure that trades hardly anything may be a keeper's."""

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
_KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Trades:
    """What may be closed of the accounts of a book, [trade]: a debt (leg) out of a collateral
    (backing), or a position (backing -1). shape: which of `shapes`."""

    account: Numbers
    leg: Numbers
    backing: Numbers
    shape: Numbers
    shapes: Sequence[Shape]


class FloatFilter:
    """The accounts of a book as they were at its block, under other prices and terms."""

    def __init__(self, valuation: Valuation) -> None:
        book = valuation.book
        self._number = book.asset
        self._amount = book.amounts_f64()
        self._starts = book.indptr[:-1]
        self._some = np.diff(book.indptr) > 0
        self._account = np.repeat(np.arange(len(book)), np.diff(book.indptr))
        self._count = len(book)
        self._ids = [asset.asset_id for asset in book.assets]
        units = np.array([10.0**-asset.decimals for asset in book.assets])
        self._unit = units[self._number]
        kinds = np.array([_KINDS.index(terms.kind) for terms in valuation.state.terms])
        self._kind = kinds[self._number]
        self._trades: Trades | None = None

    def below(self, valuation: Valuation) -> tuple[Numbers, Numbers]:
        """Numbers of the accounts that are surely below maintenance with something to close, and
        of those that may be; each in book order."""
        value = self._value(valuation)
        counted = value * self._weight(valuation.terms)
        headroom = self._sum(counted)
        gross = self._sum(np.abs(value))
        # A price of NaN makes an unknown account, which is neither.
        near = headroom < MARGIN * gross
        surely = (headroom < -MARGIN * gross) & self._closable(valuation, value)
        return np.flatnonzero(surely), np.flatnonzero(near & ~surely)

    def may_pay(self, valuation: Valuation, least: Least) -> Flags:
        """[account]: whether some closure is not below `least` (see `simulation.Many`)."""
        trades = self._trades = self._trades or self._all_trades(valuation)
        value = np.abs(self._value(valuation))
        size = value[trades.leg]
        paired = trades.backing >= 0
        # What is repaid may be rounded up by a unit of what is owed.
        unit = size / np.abs(self._amount[trades.leg]) * self._unit[trades.leg]
        size = np.where(paired, np.minimum(size, value[trades.backing] + unit), size)
        size *= 1 + MARGIN
        tiny = size * self._share(valuation) < LEAST_USD
        floor = np.zeros(len(size))
        for place, shape in enumerate(trades.shapes):
            own = trades.shape == place
            known = size[own & ~np.isnan(size)]
            most = float(known.max(initial=0.0))
            floor[own] = least(shape, most)
        found = np.zeros(self._count, dtype=np.bool_)
        found[trades.account[tiny | (size >= floor)]] = True
        return found

    def _all_trades(self, valuation: Valuation) -> Trades:
        """Every pair of a collateral and a debt of one account, and every position."""
        backs, owed = self._backs(valuation), self._is(Kind.DEBT) | self._is(Kind.CASH)
        owed &= self._amount < 0
        held = np.flatnonzero(self._is(Kind.POSITION) & (self._amount != 0))
        legs, backing = np.flatnonzero(owed), np.flatnonzero(backs)
        # For each debt the collateral of its account, which stand side by side.
        first = np.searchsorted(self._account[backing], self._account[legs], side="left")
        last = np.searchsorted(self._account[backing], self._account[legs], side="right")
        count = last - first
        ends = np.cumsum(count)
        place = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)
        leg = np.concatenate([np.repeat(legs, count), held])
        other = np.concatenate([backing[np.repeat(first, count) + place], np.full(len(held), -1)])
        kind = np.stack(
            [
                self._number[leg],
                np.where(other >= 0, self._number[other], -1),
                self._amount[leg] > 0,
            ]
        )
        if not len(leg):
            return Trades(leg, leg, other, leg, ())
        kinds, shape = np.unique(kind, axis=1, return_inverse=True)
        made = [
            pair_shape(valuation, collateral, number)
            if collateral >= 0
            else position_shape(valuation, number, long=bool(long))
            for number, collateral, long in kinds.T.tolist()
        ]
        shapes = list(dict.fromkeys(made))
        same = np.array([shapes.index(one) for one in made], dtype=np.int64)
        return Trades(self._account[leg], leg, other, same[shape.reshape(-1)], shapes)

    def _value(self, valuation: Valuation) -> Array:
        """[leg]: its value; NaN where it has no price."""
        prices = [valuation.price_e18(n) for n in range(len(valuation.book.assets))]
        price = np.array([np.nan if p is None else p / WAD for p in prices])
        found: Array = self._amount * price[self._number]
        return found

    def _is(self, kind: Kind) -> Flags:
        """[leg]: whether it is of a kind."""
        found: Flags = self._kind == _KINDS.index(kind)
        return found

    def _backs(self, valuation: Valuation) -> Flags:
        """[leg]: whether it is collateral that may be seized."""
        weighs = np.array([terms.weight_e36 > 0 for terms in valuation.terms])
        found: Flags = self._is(Kind.COLLATERAL) & (self._amount > 0) & weighs[self._number]
        return found

    def _closable(self, valuation: Valuation, value: Array) -> Flags:
        """[account]: whether there surely is something to close."""
        worth = np.abs(value) > LEAST_USD
        owes = self._any(self._is(Kind.DEBT) & worth)
        held = self._any(self._is(Kind.POSITION) & worth)
        found: Flags = held | (owes & self._any(self._backs(valuation)))
        return found

    def _share(self, valuation: Valuation) -> float:
        """The least share of a leg that one liquidation closes, of which 0 would be nothing."""
        return max(valuation.state.rules.close_factor_e18 / WAD, 1e-18) / 2

    def _sum(self, of_leg: Array) -> Array:
        """[account]: the sum over its legs."""
        return np.asarray(np.bincount(self._account, of_leg, self._count), dtype=np.float64)

    def _any(self, of_leg: Flags) -> Flags:
        """[account]: whether it holds of one of its legs."""
        out = np.zeros(self._count, dtype=np.bool_)
        if len(of_leg):
            out[self._some] = np.logical_or.reduceat(of_leg, self._starts[self._some])
        return out

    def _weight(self, terms: Sequence[Terms]) -> Array:
        """[leg]: what a unit of its value adds to headroom."""
        share = np.array([t.weight_e36 / E36 for t in terms])
        leg_share = share[self._number]
        long_or_short = np.where(self._amount >= 0, 1.0 - leg_share, 1.0 + leg_share)
        pledged = np.where(self._is(Kind.COLLATERAL), leg_share, 1.0)
        out: Array = np.where(self._is(Kind.POSITION), long_or_short, pledged)
        return out


class MayPay:
    """Who may pay (`simulation.Many.may_pay`). changed: numbers of the accounts that are others
    than the filter knows, now and later: they are always in it."""

    def __init__(self, flags: Flags, numbers: dict[str, int], changed: Container[int]) -> None:
        self._flags: list[bool] = flags.tolist()
        self._numbers, self._changed = numbers, changed

    def __contains__(self, account_id: object) -> bool:
        """Whether some closure of the account may gain its gas."""
        number = self._numbers[str(account_id)]
        return self._flags[number] or number in self._changed
