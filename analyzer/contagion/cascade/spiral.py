"""The margin spiral: requirements that rise with the volatility that the cascade itself makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import log

from analyzer.contagion.cascade.venue import Venue
from analyzer.contagion.scenario import MarginSpiral


class Spiral:
    """Volatility of each factor, updated by each round's return, and what it asks for.

    Requirements follow the factor whose volatility asks for most, and never fall again: what has
    been closed in between is not opened again. Formulas: `scenario.MarginSpiral`.
    """

    def __init__(self, setting: MarginSpiral | None) -> None:
        self.setting = setting
        self._volatility: dict[str, float] = {}
        self._multiplier = Fraction(1)

    def after(self, before: Mapping[str, Fraction], now: Mapping[str, Fraction]) -> Fraction | None:
        """The requirements' multiplier after a round's moves of price (factor -> price); None when
        it did not rise, or when the scenario has no spiral."""
        if self.setting is None:
            return None
        wanted = Fraction(1)
        for factor, price in now.items():
            old = self._volatility.get(factor, float(self.setting.daily_volatility))
            sigma = self.setting.next_volatility(old, log(price / before.get(factor, 1)))
            self._volatility[factor] = sigma
            wanted = max(wanted, self.setting.factor(sigma))
        if wanted <= self._multiplier:
            return None
        self._multiplier = wanted
        return wanted

    def tighten(
        self, venues: Sequence[Venue], before: Mapping[str, Fraction], now: Mapping[str, Fraction]
    ) -> None:
        """Tells the venues what they ask for after a round's moves of price, where it rose."""
        factor = self.after(before, now)
        if factor is not None:
            for venue in venues:
                venue.simulation.scale_requirements(factor)
