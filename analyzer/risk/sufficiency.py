"""Whether collateral suffices when it has to be sold: after slippage, and with everybody selling.

    proceeds   every long holding sold along its factor's curve, from where it stands
    costs      every short and every debt bought back likewise, and cash that is owed
    coverage   (proceeds + cash) / costs: below 1 = what is there does not pay what is owed

    alone      this account sells all that it has into an untouched market
    together   all accounts repay at once: each sells of everything that it holds the share that
               pays what it owes at the block's prices; what is sold of a factor gets the mean price

    room of a threshold   (1 - jump) (1 - slippage) / threshold - 1: the largest bonus that a
                          liquidator can be paid after such a jump before the account is short

What a market does not take (beyond its curve) brings nothing; what cannot be bought there is bought
at its last price. Holdings net by factor, as in the linear twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.contagion.linear import LinearBook
from analyzer.market.depth.impact import ImpactCurve
from analyzer.market.history import Floats


@dataclass(frozen=True, slots=True)
class Sale:
    """What all accounts sell of one factor when all repay at once. value: at the block's price, of
    which `unsold` finds no buyer; received: for all of it."""

    factor: str
    value: float
    received: float
    unsold: float

    @property
    def slippage(self) -> float:
        """Share of the value that does not come in; 0 when nothing is held."""
        return 1 - self.received / self.value if self.value else 0.0


NOTHING = 1e-9
"""A share of what an account holds and owes that is the rounding of sums in float64, no debt."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """[account]: proceeds over costs, an asset both held and owed counted by the difference;
    infinite where nothing is owed then (or less than NOTHING of it all), NaN for unknown accounts.
    """

    alone: Floats
    together: Floats


def sold(curve: ImpactCurve, value: float) -> tuple[float, float]:
    """(received, unsold) of selling `value` at the price before the sale."""
    taken = min(value, curve.most_sellable)
    return taken * curve.average_ratio(0.0, taken) if taken > 0 else 0.0, value - taken


def bought(curve: ImpactCurve, value: float) -> float:
    """What buying `value` (at the price before) costs."""
    return value * curve.average_ratio(-value, 0.0) if value > 0 else 0.0


def sales(book: LinearBook, curves: Sequence[ImpactCurve]) -> list[Sale]:
    """What each factor brings when all known accounts repay, in the order of the factors: nobody
    sells who owes nothing."""
    share = _repaying(book)[book.row]
    long = np.where(book.equity > 0, book.equity * share, 0.0)
    totals = np.bincount(book.column, long, minlength=len(book.factors))
    out = []
    for factor, curve, value in zip(book.factors, curves, totals.tolist(), strict=True):
        received, unsold = sold(curve, value)
        out.append(Sale(factor, value, received, unsold))
    return out


def coverage(book: LinearBook, curves: Sequence[ImpactCurve]) -> Coverage:
    """The coverage of every account; of a nonlinear one with its slopes at the block."""
    share = np.array([1 - sale.slippage for sale in sales(book, curves)])
    row, long = book.row, book.equity > 0
    value = np.abs(book.equity)
    alone = np.empty(len(value))
    for entry, (column, amount) in enumerate(
        zip(book.column.tolist(), book.equity.tolist(), strict=True)
    ):
        curve = curves[column]
        alone[entry] = sold(curve, amount)[0] if amount > 0 else bought(curve, -amount)
    short = np.bincount(book.column, np.where(long, 0.0, value), minlength=len(curves))
    dearer = np.array(
        [bought(c, v) / v if v else 1.0 for c, v in zip(curves, short.tolist(), strict=True)]
    )
    crowd = value * np.where(long, share[book.column], dearer[book.column])
    cash = np.where(book.unknown, np.nan, book.equity_cash)

    def ratio(amounts: Floats) -> Floats:
        came = np.bincount(row, np.where(long, amounts, 0.0), minlength=len(book))
        owed = np.bincount(row, np.where(long, 0.0, amounts), minlength=len(book))
        have, owe = came + np.maximum(cash, 0.0), owed + np.maximum(-cash, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            some = owe > NOTHING * (have + owe)
            found: Floats = np.where(some, have / owe, np.where(np.isnan(cash), np.nan, np.inf))
        return found

    return Coverage(alone=ratio(alone), together=ratio(crowd))


def _repaying(book: LinearBook) -> Floats:
    """[account]: the share of what it holds that pays what it owes, at most all of it; 0 for an
    unknown account."""
    long = np.bincount(book.row, np.maximum(book.equity, 0.0), minlength=len(book))
    short = np.bincount(book.row, np.maximum(-book.equity, 0.0), minlength=len(book))
    cash = np.where(book.unknown, 0.0, book.equity_cash)
    owed = np.maximum(short + np.maximum(-cash, 0.0) - np.maximum(cash, 0.0), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.where(long > 0, np.minimum(owed / long, 1.0), 0.0)
    return np.where(book.unknown, 0.0, share)


def room(threshold: float, jump: float, slippage: float) -> float:
    """The largest bonus after a fall of `jump` (0.2 = 20 %) and `slippage`; negative = the account
    is short before anybody is paid. Raises: ValueError unless threshold is above zero."""
    if not threshold > 0:
        raise ValueError(f"threshold must be above zero, not {threshold!r}")
    return (1 - jump) * (1 - slippage) / threshold - 1
