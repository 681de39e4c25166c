"""Perpetuals: price, funding to now, and what a position has not yet settled into cash.

    unsettled = -size * (aggregated funding now - account's) + (price - last mark) * size
                + stored funding + stored PnL

Funding to now applies the present rate and index to the whole time since it was last paid.
Source: v2-core `PerpAsset.sol`.
"""

from __future__ import annotations

from analyzer.model.integers import WAD, clamp, trunc_div
from analyzer.protocols.derive_v2.fixed_point import div, div_round, mul
from analyzer.protocols.derive_v2.records.perps import PerpMarket, PerpPosition
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import feeds
from analyzer.protocols.kit.unreadable import UnreadableNumberError, known, reverts

HOUR_S = 3_600
NO_POSITION = PerpPosition()


def index_price(state: DeriveState, perp: PerpMarket) -> tuple[int, int]:
    """getIndexPrice: (spot, confidence), (0, 1) once disabled. Raises: UnreadableNumberError when
    stale."""
    if perp.disabled:
        return 0, WAD
    return feeds.spot(state, perp.spot_feed)


def perp_price(state: DeriveState, perp: PerpMarket) -> tuple[int, int]:
    """getPerpPrice: (price, confidence); frozen and sure once the market is disabled."""
    if perp.disabled:
        return perp.frozen_price, WAD
    return feeds.diff_result(state, perp.perp_feed)


def premium(*, index: int, bid: int, ask: int) -> int:
    """(max(bid - index, 0) - max(index - ask, 0)) / index, truncated toward zero.

    Raises: UnreadableNumberError PA_InvalidImpactPrices when ask < bid.
    """
    if ask < bid:
        raise UnreadableNumberError(reverts("impact prices", "PA_InvalidImpactPrices"))
    return div(max(bid - index, 0) - max(index - ask, 0), index)


def funding_rate(state: DeriveState, perp: PerpMarket) -> int:
    """getFundingRate: per hour, 18 decimals, positive = longs pay; 0 once disabled."""
    if perp.disabled:
        return 0
    index, _ = index_price(state, perp)
    ask, _ = feeds.diff_result(state, perp.impact_ask_feed)
    bid, _ = feeds.diff_result(state, perp.impact_bid_feed)
    rate = div_round(premium(index=index, bid=bid, ask=ask), known(perp.convergence_period))
    rate += known(perp.static_interest_rate)
    return clamp(rate, known(perp.min_rate_per_hour), known(perp.max_rate_per_hour))


def aggregated_funding(state: DeriveState, perp: PerpMarket) -> int:
    """Funding per contract since the market began, advanced to the block."""
    if perp.disabled:
        return perp.aggregated_funding
    index, _ = index_price(state, perp)
    seconds = state.block_time - perp.last_funding_paid_at
    rate = trunc_div(funding_rate(state, perp) * seconds, HOUR_S)
    return perp.aggregated_funding + mul(rate, index)


def unsettled(*, size: int, position: PerpPosition, price: int, aggregated: int) -> int:
    """getUnsettledAndUnrealizedCash of one account, each product truncated toward zero."""
    funding = mul(-size, aggregated - position.last_aggregated_funding)
    return funding + mul(price - position.last_mark_price, size) + position.funding + position.pnl
