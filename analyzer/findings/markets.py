"""What forced trades met and did, market by market: the rows that every output shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.contagion.scenario import depth_multiplier
from analyzer.findings.assessed import Assessed
from analyzer.market.classes import base_of
from analyzer.market.depth import scaled
from analyzer.market.depth.classes import UNIT
from analyzer.market.depth.quote import depth_usd


@dataclass(frozen=True, slots=True)
class MarketRow:
    """One pair of a cascade, or the market of a factor that nobody had to trade in.

    factor: the side that moves; against: the other one. depth_usd: net sales that take its price
    down by ten percent, as the scenario has it; None where none do, or the depth is unknown. curve,
    source: which, from where. sold_e18, bought_e18: of the factor in this pair; unsold_e18,
    unbought_e18: of the factor in all of them, what no market bore (in one row of the factor only);
    at the block's prices. price_shocked, price_after: of the factor, as shares of the block's.
    """

    factor: str
    against: str
    depth_usd: float | None
    curve: str
    source: str
    sold_e18: int
    bought_e18: int
    unsold_e18: int
    unbought_e18: int
    price_shocked: float
    price_after: float


def market_rows(one: Assessed) -> list[MarketRow]:
    """Every market of a cascade, by factor and then by what it is traded against."""
    result = one.result
    factors = sorted({*result.rounds[-1].price_after, *(pair.moves for pair in result.pairs)})
    return [row for factor in factors for row in _of_factor(one, factor)]


def _of_factor(one: Assessed, factor: str) -> Iterator[MarketRow]:
    """The rows of one factor: its pairs, else its market against the unit of account."""
    result = one.result
    left = result.left_e18.get(factor, 0)
    shocked = float(result.shock.get(factor, 1))
    after = float(result.rounds[-1].price_after.get(factor, 1))
    pairs = [pair for pair in result.pairs if pair.moves == factor]
    for pair in pairs:
        yield MarketRow(
            factor=factor,
            against=pair.against,
            depth_usd=pair.depth_usd,
            curve=pair.kind,
            source=pair.source,
            sold_e18=pair.sold_e18,
            bought_e18=pair.bought_e18,
            unsold_e18=max(left, 0),
            unbought_e18=max(-left, 0),
            price_shocked=shocked,
            price_after=after,
        )
        left = 0
    if pairs:
        return
    curve = one.curves.get(factor)
    used = {row.factor: row for row in one.depth}
    known = used.get(factor)
    deep = None
    if curve is not None:
        deep = depth_usd(scaled(curve, float(depth_multiplier(one.scenario, factor))))
    yield MarketRow(
        factor=factor,
        against=base_of(factor) or UNIT,
        depth_usd=deep,
        curve=known.kind if known else "",
        source=known.source if known else "",
        sold_e18=0,
        bought_e18=0,
        unsold_e18=max(left, 0),
        unbought_e18=max(-left, 0),
        price_shocked=shocked,
        price_after=after,
    )
