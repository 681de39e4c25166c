"""What a sale of one thing for another goes through: one pair after another.

    a pair that somebody gave (`WETH->USDC`)            that pair
    a ratio (`stETH/ETH`)                               against its base, and the base for the rest
    a side with a curve of its own (file or pool)       against the unit of account, twice
    anything else                                       the default of the pair of classes

In every leg the thin side moves and the other stands. Volume is cumulative per pair, so a price
does not depend on the way there. By default a factor has one market against all of a class: sales
of ETH for USDC, of ETH for DAI and of stETH for USDC meet in ETH against large stables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.market.classes import base_of
from analyzer.market.depth.classes import UNIT, thinness
from analyzer.market.depth.default import default_row
from analyzer.market.depth.impact import ImpactCurve, NoImpact

Pair = tuple[str, str]
"""(thin factor, the other one, or by default the class of the other one)."""


STANDS = NoImpact(source="not known: does not move")
"""The curve of what nothing is known of."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A trade in one pair. sold: whether the thin side is sold (else it is bought)."""

    pair: Pair
    sold: bool
    curve: ImpactCurve


@dataclass(frozen=True, slots=True)
class Market:
    """Whose depth is known. curves: factor -> its curve against the unit of account (a ratio's:
    against its base). pairs: (factor that moves, the other) -> its curve. assumed: whether all
    else has the default of its classes; where not, it takes everything at one price.
    """

    curves: Mapping[str, ImpactCurve] = field(default_factory=dict)
    pairs: Mapping[Pair, ImpactCurve] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    """Factors of which nothing is known, not even a default: they do not move."""
    assumed: bool = True

    def legs(self, source: str, target: str) -> tuple[Leg, ...]:
        """The trades that make `target` of `source` (factors), in order; none for one factor."""
        if source == target:
            return ()
        for pair, sold in (((source, target), True), ((target, source), False)):
            if pair in self.pairs:
                return (Leg(pair, sold, self.pairs[pair]),)
        for ratio, other in ((source, target), (target, source)):
            base = base_of(ratio)
            if base is not None and base != other:
                return (*self.legs(source, base), *self.legs(base, target))
        if UNIT not in (source, target) and base_of(source) is base_of(target) is None:
            known = self.curves.keys() | self.unknown
            if source in known or target in known:
                return (*self.legs(source, UNIT), *self.legs(UNIT, target))
        return (self._leg(source, target),)

    def _leg(self, source: str, target: str) -> Leg:
        """One trade: against the unit of account, of a ratio against its base, or by default."""
        thick, thin = sorted((source, target), key=lambda f: (base_of(f) is not None, thinness(f)))
        against, curve = thick, self.curves.get(thin, STANDS)
        if thin not in self.curves and thin not in self.unknown and self.assumed:
            against, curve = default_row(thin, thick)
        return Leg((thin, against), thin == source, curve)
