"""A bot that liquidates what pays, deciding from the chain and a depth file alone.

It tries every closure out on the chain (a simulated call), trades what it would get on paper along
the depth file, and does the one that gains most, as far as it pays, again and again. Nothing of
the analyzer is imported: what it does is held against what was predicted of it.

    round    the protocol's prices stand still; accounts in the order of their addresses
    visit    every closure, each at the largest amount that pays; the best; until none pays
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from depth_money import Money

GAS_USD = Fraction(5)
HALVES = 20
"""Amounts below the most halved so often are not looked for."""
WAYS = 16
"""In so many parts a range of amounts is cut at once."""
FINE = 10**12
"""The amount is right to one part in so many of the most; to the last unit where the contract,
not the price, ends it."""


@dataclass(frozen=True)
class Outcome:
    """What a closure of some amount does. amount: as the contract says that it came out. changes:
    asset -> raw units that the bot gets (below 0: owes)."""

    amount: int
    changes: Mapping[str, int]


@dataclass(frozen=True)
class Closure:
    """What a contract may offer of an account. name: for people and for comparison, unique in the
    account. ceiling: no amount above it does more than it does."""

    account: str
    name: str
    ceiling: int


class Venue(Protocol):
    """A protocol on the chain, as the bot sees it."""

    def unhealthy(self) -> list[str]:
        """Who can be liquidated now."""

    def closures(self, account: str) -> list[Closure]:
        """What may be tried of an account."""

    def tried(self, closure: Closure, amounts: Sequence[int | None]) -> list[Outcome | None]:
        """What closing amounts (None = as much as allowed) would do; None where it reverts."""

    def close(self, closure: Closure, amount: int | None) -> Outcome:
        """It happens."""


@dataclass(frozen=True)
class Choice:
    """A closure that pays. amount: None for all that is allowed; most: what that is, where the bot
    asks for less."""

    closure: Closure
    amount: int | None
    outcome: Outcome
    profit: Fraction
    most: int | None = None


@dataclass(frozen=True)
class Done:
    """A closure that happened, as the chain's own events tell it."""

    round: int
    account: str
    name: str
    amount: int
    most: int | None
    """Where the bot asked for less than all that is allowed: that."""


@dataclass
class Bot:
    """The bot. gas: USD of one closure."""

    venue: Venue
    money: Money
    gas: Fraction = GAS_USD
    done: list[Done] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    """Who could be liquidated after the last round, and pays nobody."""

    def play_round(self, number: int) -> bool:
        """One round; whether anything was closed."""
        before, accounts = len(self.done), sorted(self.venue.unhealthy(), key=str.lower)
        for account in accounts:
            while choice := self.best(account):
                outcome = self.venue.close(choice.closure, choice.amount)
                assert outcome == choice.outcome, "the chain did not do what it said that it would"
                self.money.trade(outcome.changes)
                name, most = choice.closure.name, choice.most
                self.done.append(Done(number, account, name, outcome.amount, most))
        self.left = {a for a in self.venue.unhealthy() if self._is_offered(a)}
        return len(self.done) > before

    def best(self, account: str) -> Choice | None:
        """The closure that gains most, None when none pays."""
        found = [self._largest(closure) for closure in self.venue.closures(account)]
        paying = [choice for choice in found if choice is not None]
        return min(paying, key=lambda c: (-c.profit, c.closure.name), default=None)

    def _is_offered(self, account: str) -> bool:
        """Whether the contract would let anything of the account be closed."""
        for closure in self.venue.closures(account):
            for amounts in ([None], _halves(closure.ceiling)):
                if any(outcome is not None for outcome in self.venue.tried(closure, amounts)):
                    return True
        return False

    def _profit(self, outcome: Outcome | None) -> Fraction | None:
        """What it gains; None for what cannot be done."""
        worth = None if outcome is None else self.money.worth(outcome.changes)
        return None if worth is None else worth - self.gas

    def _largest(self, closure: Closure) -> Choice | None:
        """The largest amount that pays, as profit rises first and then falls."""
        (most,) = self.venue.tried(closure, [None])
        gained = self._profit(most)
        if most is not None and gained is not None and gained >= 0:
            return Choice(closure, None, most, gained)
        ceiling = closure.ceiling if most is None else most.amount
        low, high = self._bracket(closure, ceiling)
        if low is None:
            return None
        while high - low.amount > 1:
            tries = _between(low.amount, high)
            refused = False
            for amount, found in zip(tries, self._choices(closure, tries), strict=True):
                if found is None or found.profit < 0:
                    high, refused = amount, found is None
                    break
                low = Asked(amount, found)
            if not refused and high - low.amount <= max(ceiling // FINE, 1):
                break
        return replace(low.choice, most=ceiling)

    def _bracket(self, closure: Closure, ceiling: int) -> tuple[Asked | None, int]:
        """(an amount that pays, a larger one that does not)."""
        (first,) = self._choices(closure, [max(ceiling >> HALVES, 1)])
        if first is not None and first.profit + self.gas < 0:
            return None, 0  # the first piece loses, and later ones lose more
        tries = sorted({*_halves(ceiling), *_between(0, ceiling), ceiling})
        for _ in range(3):
            rows = list(zip(tries, self._choices(closure, tries), strict=True))
            paying = [Asked(a, found) for a, found in rows if found and found.profit >= 0]
            if paying:
                above = [amount for amount in tries if amount > paying[-1].amount]
                return paying[-1], min(above, default=ceiling + 1)
            known = [(found.profit, place) for place, (_, found) in enumerate(rows) if found]
            if not known:
                break
            # Between its neighbours lies the peak of what is never quite enough, if it ever is.
            place = max(known)[1]
            around = (tries[max(place - 1, 0)], tries[min(place + 1, len(tries) - 1)])
            tries = sorted({*around, *_between(*around)})
        return None, 0

    def _choices(self, closure: Closure, amounts: Sequence[int]) -> list[Choice | None]:
        """What each amount gains."""
        out: list[Choice | None] = []
        for amount, outcome in zip(amounts, self.venue.tried(closure, amounts), strict=True):
            profit = self._profit(outcome)
            ok = outcome is not None and profit is not None
            out.append(Choice(closure, amount, outcome, profit) if ok else None)
        return out


@dataclass(frozen=True)
class Asked:
    """An amount and what it gains."""

    amount: int
    choice: Choice


def _halves(most: int) -> list[int]:
    """The most halved, again and again."""
    return [most >> n for n in range(1, HALVES + 1) if most >> n]


def _between(low: int, high: int) -> list[int]:
    """Amounts that cut a range into even parts."""
    found = {low + (high - low) * part // WAYS for part in range(1, WAYS)}
    return sorted(amount for amount in found if low < amount < high)
