"""Who would pay for a deficit: the winners of a scenario, by four rules of deleveraging.

    profit of an account    what the scenario's prices bring it, where above zero
    queue                   the highest return x leverage first (as venues rank them); return is the
                            profit over what prices move of the account
    pro rata                one share of every profit
    capped                  one share, nobody above half its profit
    risk aware              in proportion to profit x leverage
    moved                   half the sum of |paid by the rule - paid pro rata|: what it shifts from
                            some winners to others

Source: `contagion.linear.adl` (arXiv 2512.01112).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.contagion.linear import LinearBook
from analyzer.contagion.linear.adl import capped, pro_rata, queue, risk_aware
from analyzer.market.history import Floats

CAP = 0.5
"""Of a profit, under the capped rule."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a rule takes. paid: in all, less than the budget where the winners do not have it.
    payers: accounts that pay; largest: the account (its row) that pays most, with `most`; -1 =
    nobody pays."""

    rule: str
    paid: float
    payers: int
    largest: int
    most: float
    moved: float


def winners(book: LinearBook, move: Floats) -> tuple[Floats, Floats, Floats]:
    """([account] profit of the scenario, [account] leverage: what prices move of it over its
    equity before, [account] what prices move of it), the first two 0 of whoever does not win, is
    unknown, not linear, or has no equity.

    Shape: move [factor], simple returns.
    """
    count = len(book.account_ids)
    entry = book.equity * move[book.column]
    profit = np.bincount(book.row, entry, minlength=count)
    before = book.equity_cash + np.bincount(book.row, book.equity, minlength=count)
    gross: Floats = np.bincount(book.row, np.abs(book.equity), minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore"):
        wins = (profit > 0) & (before > 0) & ~book.nonlinear & ~book.unknown
    leverage = np.divide(gross, before, out=np.zeros(count), where=wins)
    return np.where(wins, profit, 0.0), leverage, gross


def by_rule(budget: float, profit: Floats, leverage: Floats, gross: Floats) -> tuple[Paid, ...]:
    """Each rule on the same winners. Shape: profit, leverage, gross (what prices move of it)
    [account]. Raises: ValueError for a negative budget or profit."""
    gain = np.divide(profit, gross, out=np.zeros(profit.size), where=gross > 0)
    rules: tuple[tuple[str, Callable[[], Floats]], ...] = (
        ("pro rata", lambda: pro_rata(budget, profit)),
        ("queue", lambda: queue(budget, profit, gain * leverage)),
        ("capped", lambda: capped(budget, profit, np.full(profit.size, CAP))),
        ("risk aware", lambda: risk_aware(budget, profit, leverage, lambda _: 1.0)),
    )
    even = pro_rata(budget, profit) * profit
    return tuple(_paid(name, rule() * profit, even) for name, rule in rules)


def _paid(rule: str, amounts: Floats, even: Floats) -> Paid:
    """One rule against the even share."""
    if not amounts.any():
        return Paid(rule, 0.0, 0, -1, 0.0, float(np.abs(even).sum()) / 2)
    largest = int(np.argmax(amounts))
    return Paid(
        rule=rule,
        paid=float(amounts.sum()),
        payers=int((amounts > 0).sum()),
        largest=largest,
        most=float(amounts[largest]),
        moved=float(np.abs(amounts - even).sum()) / 2,
    )
