"""Depth: how far forced sales move a price, as one curve an asset.

Every curve is a function of the *cumulative* net sales, so that the price does not depend on the
way there; execution is at the average along the curve, which is its exact integral.

`impact` has the protocol and the curves with a closed form, `volume` those made from turnover and
volatility, `steps` an order book, `pool` a Uniswap V3 pool, which `observe` reads at a block
(`pool_state`; `pair` for V2) and `swap` swaps in on integers; `stable_pool`, `stable_observe` and
`stable_swap` are the same for Curve's. `peg` is a band behind a curve. `file` reads the depth file,
`default` is what is assumed without one, by pair of `classes` with a `cliff`, and `choose` says
which was used. `route` is the pairs that a sale goes through, `quote` what it costs:

    from analyzer.market import depth
    depth.quote("wstETH", "WETH", 22e6)      # average share lost by a sale of 22 M USD, by default
"""

from __future__ import annotations

from analyzer.market.depth.cliff import Cliff
from analyzer.market.depth.impact import (
    MAX_RATIO,
    MIN_RATIO,
    ConstantProduct,
    Curve,
    Exponential,
    ImpactCurve,
    Linear,
    NoImpact,
    Scaled,
    scaled,
)
from analyzer.market.depth.peg import PegBand
from analyzer.market.depth.pool import ConcentratedPool, Segment
from analyzer.market.depth.quote import quote
from analyzer.market.depth.stable_pool import StablePool
from analyzer.market.depth.steps import OrderBook
from analyzer.market.depth.volume import ContSchaanning, SquareRoot

__all__ = [
    "MAX_RATIO",
    "MIN_RATIO",
    "Cliff",
    "ConcentratedPool",
    "ConstantProduct",
    "ContSchaanning",
    "Curve",
    "Exponential",
    "ImpactCurve",
    "Linear",
    "NoImpact",
    "OrderBook",
    "PegBand",
    "Scaled",
    "Segment",
    "SquareRoot",
    "StablePool",
    "quote",
    "scaled",
]
