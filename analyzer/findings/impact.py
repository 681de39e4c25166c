"""Through which markets price impact reached accounts that failed, each with the quote behind it.

What failed accounts lost through a move of a factor's price is split over the pairs that moved it,
by the logarithm of what each made of the price.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from analyzer.contagion.trace import Channel, made_of
from analyzer.findings.assessed import Assessed
from analyzer.market.classes import base_of
from analyzer.market.depth.default import ASSUMED_FROM, default_quote

MAJORS = ("ETH", "BTC")
"""What is deep enough to carry impact without being named: these, and the ratios to them."""


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """One market. factor: the side that moves; against: the other one. loss_e18: what failed
    accounts lost by it. share: of all that they lost by price impact, 0 to 1. traded_e18: net sale
    of the factor there (below 0: purchase), at the block's prices. lost: the share of it that was
    lost on average. quote: what is known of such trades: what the quotes behind a default said,
    else the source of the curve. major: ETH, BTC, or a staking token of theirs."""

    factor: str
    against: str
    loss_e18: int
    share: float
    traded_e18: int
    lost: float
    quote: str
    major: bool


def impact_rows(one: Assessed) -> list[ImpactRow]:
    """Every market through which failed accounts lost, the largest first."""
    result = one.result
    made = made_of(result.edges, result.failures.keys())
    losses = {
        asset: amount
        for (channel, asset), amount in made.by_channel.items()
        if channel == Channel.PRICE and amount > 0
    }
    total = sum(losses.values())
    rows = []
    for factor, loss in losses.items():
        pairs = [pair for pair in result.pairs if pair.moves == factor]
        weights = [abs(math.log(pair.ratio)) for pair in pairs]
        left, weight = loss, sum(weights)
        for number, (pair, own) in enumerate(zip(pairs, weights, strict=True), 1):
            part = int(loss * own / weight) if weight and number < len(pairs) else left
            left -= part
            stated = pair.source.startswith(ASSUMED_FROM)
            rows.append(
                ImpactRow(
                    factor=factor,
                    against=pair.against,
                    loss_e18=part,
                    share=part / total,
                    traded_e18=pair.sold_e18 - pair.bought_e18,
                    lost=pair.lost,
                    quote=default_quote(factor, pair.against) if stated else pair.source,
                    major=is_major(factor),
                )
            )
    return sorted(rows, key=lambda row: (-row.loss_e18, row.factor, row.against))


def is_major(factor: str) -> bool:
    """Whether a factor is ETH, BTC or a staking token of theirs."""
    return (base_of(factor) or factor) in MAJORS
