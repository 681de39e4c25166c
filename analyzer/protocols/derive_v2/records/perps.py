"""PerpAsset at the block: its feeds and funding, and what it keeps beside each balance."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class PerpPosition:
    """PerpAsset.positions(account): what the perp keeps beside the balance in SubAccounts.

    funding, pnl: stored, unsettled. last_mark_price: of the last settlement.
    """

    last_mark_price: int = 0
    funding: int = 0
    pnl: int = 0
    last_aggregated_funding: int = 0


@dataclass(slots=True)
class PerpMarket:
    """One PerpAsset at the block. aggregated_funding and last_funding_paid_at are as stored, not
    advanced to now. disabled: price frozen at `frozen_price`, funding stopped."""

    address: str
    symbol: str
    spot_feed: str
    perp_feed: str
    impact_ask_feed: str
    impact_bid_feed: str
    max_rate_per_hour: int | Unreadable
    min_rate_per_hour: int | Unreadable
    convergence_period: int | Unreadable
    """fundingConvergencePeriod, 18 decimals (hours)."""
    static_interest_rate: int | Unreadable
    aggregated_funding: int = 0
    last_funding_paid_at: int = 0
    disabled: bool = False
    frozen_price: int = 0
    positions: dict[int, PerpPosition] = field(default_factory=dict)
    """account number -> position; absent = all zero."""
