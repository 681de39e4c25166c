"""DutchAuction at the block: its parameters, and every auction that there ever was."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.protocols.kit.unreadable import Unreadable


@dataclass(slots=True)
class Auction:
    """DutchAuction.getAuction: an ended one keeps its numbers with ongoing false."""

    account: int
    scenario_id: int
    insolvent: bool
    ongoing: bool
    cached_mm: int
    start_time: int
    reserved_cash: int


@dataclass(slots=True)
class AuctionParams:
    """DutchAuction.getAuctionParams: percentages in 18 decimals, lengths in seconds."""

    starting_mtm_percentage: int
    fast_cutoff_percentage: int
    fast_length_s: int
    slow_length_s: int
    insolvent_length_s: int
    liquidator_fee_rate: int
    buffer_margin_percentage: int


@dataclass(slots=True)
class AuctionHouse:
    """DutchAuction at the block."""

    address: str
    params: AuctionParams | Unreadable
    mtm_cutoff: int | Unreadable
    total_insolvent_mm: int
    sm_account: int
    """smAccount: where liquidation fees go."""
    auctions: dict[int, Auction] = field(default_factory=dict)
