"""What DutchAuction's views answer of one account at the block.

Source: v2-core `DutchAuction.sol`.
"""

from __future__ import annotations

from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.value import auction as rules
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.auction import AuctionStatus
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    attempt,
    known,
    reverts,
)


def auction_of(valuation: Valuation, number: int) -> Auction:
    """getAuction: an account that never had one has an empty auction."""
    found = valuation.state.auction_house.auctions.get(number)
    return found or Auction(number, 0, False, False, 0, 0, 0)


def auction_margins(valuation: Valuation, number: int, scenario: int) -> tuple[int, int, int]:
    """DutchAuction.getMarginAndMarkToMarket: (MM, BM, MtM). Raises: UnreadableNumberError."""
    account = valuation.state.accounts[number]
    view = valuation.margin(account, initial=False, scenario=scenario)
    params = known(valuation.state.auction_house.params)
    bm = rules.buffer_margin(params, mm=view.margin, mtm=view.mark_to_market)
    return view.margin, bm, view.mark_to_market


def auction_status(valuation: Valuation, number: int) -> AuctionStatus | Unreadable:
    """getAuctionStatus at the block, or the error it reverts with."""

    def compute() -> AuctionStatus:
        found = auction_of(valuation, number)
        if not found.ongoing:
            raise UnreadableNumberError(reverts(f"auction of {number}", "DA_NotOngoingAuction"))
        params = known(valuation.state.auction_house.params)
        mm, _, mtm = auction_margins(valuation, number, found.scenario_id)
        return rules.status(found, params, mm=mm, mtm=mtm, now=valuation.state.block_time)

    return attempt(compute)


def current_bid_price(valuation: Valuation, number: int) -> int | Unreadable:
    """getCurrentBidPrice at the block, or the error it reverts with."""

    def compute() -> int:
        found = auction_of(valuation, number)
        params = known(valuation.state.auction_house.params)
        mm, _, mtm = auction_margins(valuation, number, found.scenario_id)
        return rules.bid_price(found, params, mm=mm, mtm=mtm, now=valuation.state.block_time)

    return attempt(compute)


def max_proportion(valuation: Valuation, number: int, scenario: int) -> int | Unreadable:
    """getMaxProportion(number, scenario) at the block, or the error it reverts with."""

    def compute() -> int:
        found = auction_of(valuation, number)
        house = valuation.state.auction_house
        params = known(house.params)
        _, bm, mtm = auction_margins(valuation, number, scenario)
        if mtm < 0:
            raise UnreadableNumberError(reverts(f"auction of {number}", "DA_SolventAuctionEnded"))
        return rules.max_proportion(
            mtm=mtm,
            bm=bm,
            discount=rules.discount(params, valuation.state.block_time - found.start_time),
            reserved=found.reserved_cash,
            mtm_cutoff=known(house.mtm_cutoff),
        )

    return attempt(compute)
