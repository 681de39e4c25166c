"""The margin spiral: requirements that rise with the volatility that the cascade itself makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import log

from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import MarginSpiral
from analyzer.market.classes import VOLATILITY


class Spiral:
    """Volatility of each factor, updated by each round's return, and what it asks for.

    A venue's requirements follow, of the factors that they depend on, the one whose volatility asks
    for most, and never fall again: what has been closed in between is not opened again. Formulas:
    `scenario.MarginSpiral`.
    """

    def __init__(self, setting: MarginSpiral | None) -> None:
        self.setting = setting
        self._volatility: dict[str, float] = {}
        self._multiplier: dict[str, Fraction] = {}

    def after(
        self, before: Mapping[str, Fraction], now: Mapping[str, Fraction]
    ) -> dict[str, Fraction]:
        """What each factor's volatility asks for after a round's moves of price (factor -> price),
        as a multiple of requirements; nothing when the scenario has no spiral."""
        if self.setting is None:
            return {}
        wanted = {}
        for factor, price in now.items():
            if factor.endswith(VOLATILITY):
                continue  # a volatility that moves is no return
            old = self._volatility.get(factor, float(self.setting.daily_volatility))
            sigma = self.setting.next_volatility(old, log(price / before.get(factor, 1)))
            self._volatility[factor] = sigma
            wanted[factor] = self.setting.factor(sigma)
        return wanted

    def tighten(
        self, venues: Sequence[Venue], before: Mapping[str, Fraction], now: Mapping[str, Fraction]
    ) -> None:
        """Tells the venues what they ask for after a round's moves of price, where it rose."""
        if self.setting is None:
            return
        wanted = self.after(before, now)
        for venue in venues:
            every = self.setting.fixed_thresholds
            factors = moving_factors(venue) if every else volatile_factors(venue)
            most = max((wanted[f] for f in factors if f in wanted), default=Fraction(1))
            if most > self._multiplier.get(venue.name, Fraction(1)):
                self._multiplier[venue.name] = most
                venue.simulation.scale_requirements(most)


def moving_factors(venue: Venue) -> set[str]:
    """The factors of a venue's assets that a market moves."""
    return {factor for asset, factor in venue.factors.items() if asset not in venue.fixed}


def volatile_factors(venue: Venue) -> set[str]:
    """Those of them whose volatility is a price of the protocol: its requirements depend on it. A
    protocol that has none has fixed thresholds."""
    factors = moving_factors(venue)
    return {factor for factor in factors if f"{factor}{VOLATILITY}" in factors}
