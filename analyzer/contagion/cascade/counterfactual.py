"""What would have been: the cascade run again with accounts rescued.

    leave one out    base - run({i})                            what rescuing i alone would save
    Shapley          the mean, over all orders in which the accounts are let fail, of what i adds

`run(rescued)` gives the outcome in integers (bad debt, say) when these accounts cannot fail. What
an account adds depends on who else fails: in R15 rescuing any one of A, B and C saves all of the
450, so leave-one-out names each of them for all of it; the Shapley values, 150 each, sum to what
rescuing all of them would save. These figures are causal, within the model; the accounting ones of
`attribution` are not, and differ.

What holds, and is tested: Shapley values sum exactly to base - run(all rescued), for the exact and
for the sampled ones; accounts that always add the same get the same; one that never changes
anything gets 0. What does **not** hold: that rescuing helps. With shorts a rescued account may let
others fail, so values can be negative.

Source: Shapley 1953; Castro, Gomez and Tejada 2009 (sampling); reference case R15.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Run = Callable[[frozenset[str]], int]
"""The outcome when these accounts are rescued. The same set must give the same outcome."""

MOST_EXACT = 15
"""Accounts up to which every subset is run (32,768 runs at 15)."""


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What rescuing one account alone would have saved. In the unit of the run."""

    base: int
    """The outcome with nobody rescued."""
    without: Mapping[str, int]
    """account -> the outcome with it alone rescued, in the order given."""

    @property
    def saved(self) -> dict[str, int]:
        """account -> what its rescue saves; negative = makes it worse. They need not sum to
        anything."""
        return {account: self.base - outcome for account, outcome in self.without.items()}


@dataclass(frozen=True, slots=True)
class Shapley:
    """How much of an outcome each account is answerable for. In the unit of the run."""

    base: int
    """The outcome with nobody rescued."""
    floor: int
    """The outcome with all of them rescued. The values sum to base - floor, exactly."""
    values: Mapping[str, Fraction]
    """account -> value, in the order of their names."""
    errors: Mapping[str, float]
    """account -> standard error of its value from sampling; 0.0 for exact ones."""
    exact: bool
    runs: int
    """Different rescues that were run."""


def leave_one_out(run: Run, accounts: Iterable[str]) -> LeaveOneOut:
    """The outcome with each of `accounts` rescued alone, and with none.

    Raises: ValueError for an account that is named twice.
    """
    named = _distinct(accounts)
    return LeaveOneOut(
        base=run(frozenset()),
        without={account: run(frozenset({account})) for account in named},
    )


def shapley(
    run: Run,
    accounts: Iterable[str],
    *,
    exact_up_to: int = MOST_EXACT,
    permutations: int = 500,
    seed: int = 0,
) -> Shapley:
    """The Shapley value of every account for the outcome.

    Exact in Fractions for up to `exact_up_to` accounts, by all 2**n subsets, each run once. Above,
    the mean over `permutations` random orders with its standard error; the same seed gives the same
    orders. The order of `accounts` changes nothing.

    Raises: ValueError for an account that is named twice, for `exact_up_to` above 15 (the number
    of runs doubles with each), and for fewer than two permutations.
    """
    players = sorted(_distinct(accounts))
    if exact_up_to > MOST_EXACT:
        raise ValueError(f"exact values for {exact_up_to} accounts are 2**{exact_up_to} runs")
    if permutations < 2:
        raise ValueError("a standard error needs at least two permutations")
    game = _Game(run, players)
    if len(players) <= exact_up_to:
        values, errors, exact = _exact(game), dict.fromkeys(players, 0.0), True
    else:
        values, errors = _sampled(game, permutations, seed)
        exact = False
    everybody = (1 << len(players)) - 1
    return Shapley(
        base=game.outcome(everybody),
        floor=game.outcome(0),
        values=values,
        errors=errors,
        exact=exact,
        runs=len(game.known),
    )


class _Game:
    """The outcome by who may fail; a set is the bits of an integer."""

    def __init__(self, run: Run, players: Sequence[str]) -> None:
        self.run = run
        self.players = players
        self.known: dict[int, int] = {}

    def outcome(self, failing: int) -> int:
        """The outcome when only `failing` may fail and all other players are rescued."""
        if failing not in self.known:
            rescued = (p for bit, p in enumerate(self.players) if not failing >> bit & 1)
            self.known[failing] = self.run(frozenset(rescued))
        return self.known[failing]


def _exact(game: _Game) -> dict[str, Fraction]:
    """Sum over all subsets S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S))."""
    count = len(game.players)
    orders = [math.factorial(k) * math.factorial(count - k - 1) for k in range(count)]
    sums = [0] * count
    for subset in range(1 << count):
        weight = orders[subset.bit_count()] if subset.bit_count() < count else 0
        for bit in range(count):
            if not subset >> bit & 1:
                sums[bit] += weight * (game.outcome(subset | 1 << bit) - game.outcome(subset))
    whole = math.factorial(count)
    return {
        player: Fraction(total, whole) for player, total in zip(game.players, sums, strict=True)
    }


def _sampled(
    game: _Game, permutations: int, seed: int
) -> tuple[dict[str, Fraction], dict[str, float]]:
    """Means over random orders, and their standard errors. Each order's additions sum to the
    whole, so the means do too."""
    count = len(game.players)
    chance = random.Random(seed)
    order = list(range(count))
    sums, squares = [0] * count, [0] * count
    for _ in range(permutations):
        chance.shuffle(order)
        failing, before = 0, game.outcome(0)
        for bit in order:
            failing |= 1 << bit
            after = game.outcome(failing)
            sums[bit] += after - before
            squares[bit] += (after - before) ** 2
            before = after
    values: dict[str, Fraction] = {}
    errors: dict[str, float] = {}
    for player, total, square in zip(game.players, sums, squares, strict=True):
        values[player] = Fraction(total, permutations)
        # Exact until the root: a difference of two large floats would be noise.
        spread = Fraction(square * permutations - total**2, permutations**2 * (permutations - 1))
        errors[player] = math.sqrt(spread)
    return values, errors


def _distinct(accounts: Iterable[str]) -> list[str]:
    """The accounts, when none is named twice."""
    named = list(accounts)
    twice = sorted({account for account in named if named.count(account) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is named twice")
    return named
