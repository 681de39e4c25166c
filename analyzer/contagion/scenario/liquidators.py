"""What a scenario says of those who liquidate: when it pays for them, and how much they can do.

    profit of a closure = what the protocol pays over what it takes
                          + what the sales fetch - what the purchases cost, along the depth curves
                          - gas - required return x value of what is taken over

The defaults: gas of 5 dollars, which is 500,000 gas at 4 gwei and 2,500 dollars for an ether; no
required return, because a liquidator borrows within one transaction and binds no capital; no limit
to what they can do in a round; in an auction the first terms of its schedule that pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from analyzer.model.integers import WAD


class Willingness(StrEnum):
    """Which closures liquidators go through with."""

    RATIONAL = "rational"
    """Only what pays, and only as much of it as pays."""
    AT_ANY_LOSS = "at any loss"
    """Everything that the contracts let them close, whatever it costs them."""


class Auctions(StrEnum):
    """Until when rational liquidators wait where a contract's terms get better with time."""

    FIRST_PAYING = "first that pays"
    """They take the first terms of the schedule that pay, prices standing still."""
    NOW = "now"
    """They take the terms of the block, or leave it."""


@dataclass(frozen=True, slots=True)
class Liquidators:
    """Who liquidates, and on which terms.

    gas_usd: of one closure. required_return: share of the value that is taken over, on top.
    capacity_usd: value that all of them together close in a round at most (None = no limit); what
    it leaves waits for the next round. auctions: see `Auctions`; who works at any loss takes the
    terms of the block.
    """

    mode: Willingness = Willingness.RATIONAL
    gas_usd: Fraction = Fraction(5)
    required_return: Fraction = Fraction(0)
    capacity_usd: Fraction | None = None
    auctions: Auctions = Auctions.FIRST_PAYING

    def cost_e18(self, value_e18: int) -> int:
        """Gas and required return of a closure of that value, 18 decimals, rounded down."""
        gas, wanted = self.gas_usd, self.required_return
        parts = gas.denominator * wanted.denominator
        own = gas.numerator * wanted.denominator * WAD
        return (own + wanted.numerator * value_e18 * gas.denominator) // parts


AT_ANY_LOSS = Liquidators(Willingness.AT_ANY_LOSS, gas_usd=Fraction(0))
FREE = Liquidators(gas_usd=Fraction(0))
"""Rational liquidators whose work costs nothing: without impact they close all that they may."""
