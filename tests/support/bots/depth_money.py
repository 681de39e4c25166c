"""What a liquidation's tokens come to in money, by a depth file and nothing else.

Exact fractions, and arithmetic of its own: nothing of the analyzer is imported. Of the depth file
it knows the kinds `constant-product` and `none`, of a factor each, and nothing by default:

    n units sold of a factor from volume a to b (USD at the first block's prices) fetch
        n x price after the shock x D**2 / ((D + a) (D + b))

Collateral is sold for the debt that has to be bought, worth for worth, and what is left of either
against dollars. A ratio (`stETH/ETH`) trades against its base, and the base for the rest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

LEAST_SHARE = Fraction(1, 10**9)
"""A constant product's price is not followed below this share of itself, nor above its inverse."""


@dataclass(frozen=True)
class Thing:
    """What the bot deals in. factor: its name in the depth file. unit: raw units of one. first:
    USD price at the block of the depth file; shocked: when the bot begins."""

    factor: str
    unit: int
    first: Fraction
    shocked: Fraction


def chain(factor: str) -> tuple[str, ...]:
    """A ratio and what it is quoted in."""
    return (factor, *chain(factor.split("/")[1])) if "/" in factor else (factor,)


@dataclass
class Money:
    """Depths and volumes. depths: factor -> USD in a constant product, None = takes everything."""

    depths: Mapping[str, Fraction | None]
    things: Mapping[str, Thing]
    sold: dict[str, Fraction] = field(default_factory=dict)
    """Factor -> USD sold so far, less USD bought."""

    @classmethod
    def of(cls, file: Path, things: Mapping[str, Thing]) -> Money:
        """By the depth file."""
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        depths = {}
        for factor, table in tables.items():
            assert table["kind"] in ("constant-product", "none"), factor
            flat = table["kind"] == "none"
            depths[factor] = None if flat else Fraction(table["depth_usd"])
        return cls(depths, things)

    def price(self, asset: str) -> Fraction:
        """What one of it costs after everything that was sold."""
        thing, price = self.things[asset], self.things[asset].shocked
        for factor in chain(thing.factor):
            price *= self._ratio(factor, self.sold.get(factor, Fraction(0)))
        return price

    def worth(self, changes: Mapping[str, int]) -> Fraction | None:
        """Dollars that trading these away comes to (asset -> raw units got, below 0: owed); None
        where the market does not have what is owed."""
        found = self._traded(changes)
        return None if found is None else found[0]

    def trade(self, changes: Mapping[str, int]) -> None:
        """It was done."""
        found = self._traded(changes)
        assert found is not None
        self.sold = found[1]

    def _traded(self, changes: Mapping[str, int]) -> tuple[Fraction, dict[str, Fraction]] | None:
        """(dollars, volumes afterwards)."""
        volumes, sold = dict(self.sold), Fraction(0)
        for source, target, volume, worth in self._parts(changes):
            chains = chain(source) if source else (), chain(target) if target else ()
            mine, other = chains if volume > 0 else chains[::-1]
            legs = [factor for factor in mine if factor not in other]
            share = Fraction(1)
            for factor in legs:
                before = volumes.get(factor, Fraction(0))
                volumes[factor] = before + volume
                average = self._average(factor, before, before + volume)
                if average is None and volume < 0:
                    return None
                share *= average or 0
            sold += worth * share
        return sold, volumes

    def _parts(
        self, changes: Mapping[str, int]
    ) -> list[tuple[str | None, str | None, Fraction, Fraction]]:
        """(factor sold, factor bought, volume at first prices, worth): volume and worth are those
        of the factor sold where above zero, else of the factor bought."""
        volume, worth = dict[str, Fraction](), dict[str, Fraction]()
        for asset, amount in changes.items():
            thing = self.things[asset]
            units = Fraction(amount, thing.unit)
            volume[thing.factor] = volume.get(thing.factor, Fraction(0)) + units * thing.first
            worth[thing.factor] = worth.get(thing.factor, Fraction(0)) + units * thing.shocked
        sales = [f for f, value in worth.items() if value > 0]
        purchases = [f for f, value in worth.items() if value < 0]
        assert len(sales) <= 1
        assert len(purchases) <= 1
        if not sales or not purchases:
            alone: list[tuple[str | None, str | None, Fraction, Fraction]] = []
            alone += [(f, None, volume[f], worth[f]) for f in sales]
            return alone + [(None, f, volume[f], worth[f]) for f in purchases]
        (source,), (target,) = sales, purchases
        both = min(worth[source], -worth[target])
        out: list[tuple[str | None, str | None, Fraction, Fraction]] = []
        for sold, part in ((True, both), (False, both)):
            factor = source if sold else target
            share = part / abs(worth[factor])
            out.append((source, target, volume[factor] * share, worth[factor] * share))
        for factor, share in (
            (source, 1 - both / worth[source]),
            (target, 1 + both / worth[target]),
        ):
            ends = (factor, None) if factor == source else (None, factor)
            out.append((*ends, volume[factor] * share, worth[factor] * share))
        return [part for part in out if part[3]]

    def _ratio(self, factor: str, volume: Fraction) -> Fraction:
        """The price after a volume, of the price before any."""
        depth = self.depths[factor]
        return Fraction(1) if depth is None else (depth / (depth + volume)) ** 2

    def _average(self, factor: str, start: Fraction, end: Fraction) -> Fraction | None:
        """The mean price between two volumes; None where the market ends before."""
        depth = self.depths[factor]
        if depth is None:
            return Fraction(1)
        if depth + end <= 0 or not LEAST_SHARE < (depth / (depth + end)) ** 2 < 1 / LEAST_SHARE:
            return None
        return depth * depth / ((depth + start) * (depth + end))
