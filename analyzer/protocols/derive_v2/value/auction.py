"""Dutch auctions: what DutchAuction's own views answer, as pure functions of the numbers.

    buffer margin = MM + (MM - MtM) * buffer
    solvent price of 100 % = (MtM - reserved cash) * discount(t)
    largest share = BM / (BM - MtM * discount - reserved * (1 - discount))
    insolvent payout rises from -min(MtM, 0) to -MM

Source: v2-core `DutchAuction.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import WAD, trunc_div
from analyzer.protocols.derive_v2.fixed_point import div, mul
from analyzer.protocols.derive_v2.records.auctions import Auction, AuctionParams
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts

RESERVED_IS_MORE = "DA_ReservedCashGreaterThanMtM"
"""No bid has a price where earlier bids paid more than the account is worth; it can be ended."""


@dataclass(frozen=True, slots=True)
class AuctionStatus:
    """getAuctionStatus."""

    can_terminate: bool
    mtm: int
    mm: int
    bm: int


def buffer_margin(params: AuctionParams, *, mm: int, mtm: int) -> int:
    """What a solvent auction liquidates up to: stricter than maintenance, so that an account is
    not flagged again at once."""
    return mm + mul(mm - mtm, params.buffer_margin_percentage)


def solvent_length_s(params: AuctionParams) -> int:
    """Both legs of a solvent auction."""
    return params.fast_length_s + params.slow_length_s


def discount(params: AuctionParams, elapsed_s: int) -> int:
    """Share of mark to market that is asked: linear to the cutoff, then linear to 0, then 0."""
    if elapsed_s < params.fast_length_s:
        span = params.starting_mtm_percentage - params.fast_cutoff_percentage
        return params.starting_mtm_percentage - span * elapsed_s // params.fast_length_s
    if elapsed_s >= solvent_length_s(params):
        return 0
    cutoff = params.fast_cutoff_percentage
    gone = mul(cutoff, elapsed_s - params.fast_length_s)
    return cutoff - div(gone, params.slow_length_s)


def max_proportion(*, mtm: int, bm: int, discount: int, reserved: int, mtm_cutoff: int) -> int:
    """Largest share of the present portfolio that one bid can take, 1e18 = all.

    All of it below `mtm_cutoff`. Raises: ZeroDivisionError on an emptied account, where the
    contract panics.
    """
    if mtm < mtm_cutoff:
        return WAD
    bm = min(bm, 0)
    denominator = bm - mul(mtm, discount) - mul(reserved, WAD - discount)
    share = div(bm, denominator)
    if share < 0:
        raise UnreadableNumberError(reverts("largest share", "SafeCast: value must be positive"))
    return share


def start_fee(params: AuctionParams, *, mtm: int, bm: int, mtm_cutoff: int) -> int:
    """What a solvent auction charges at once for the security module."""
    share = max_proportion(mtm=mtm, bm=bm, discount=WAD, reserved=0, mtm_cutoff=mtm_cutoff)
    return mul(mul(share, abs(mtm)), params.liquidator_fee_rate)


def status(
    auction: Auction, params: AuctionParams, *, mm: int, mtm: int, now: int
) -> AuctionStatus:
    """getAuctionStatus. Raises: UnreadableNumberError DA_NotOngoingAuction."""
    if not auction.ongoing:
        raise UnreadableNumberError(
            reverts(f"auction of {auction.account}", "DA_NotOngoingAuction")
        )
    bm = buffer_margin(params, mm=mm, mtm=mtm)
    elapsed = now - auction.start_time
    if auction.insolvent or elapsed >= solvent_length_s(params):
        return AuctionStatus(mm >= 0, mtm, mm, bm)
    can = mtm < 0 or auction.reserved_cash >= mtm or bm >= 0
    return AuctionStatus(can, mtm, mm, bm)


def bid_price(auction: Auction, params: AuctionParams, *, mm: int, mtm: int, now: int) -> int:
    """getCurrentBidPrice of 100 %: positive, the bidder pays; negative, the bidder is paid.

    Raises: UnreadableNumberError DA_AuctionNotStarted, DA_ReservedCashGreaterThanMtM.
    """
    what = f"auction of {auction.account}"
    if not auction.ongoing:
        raise UnreadableNumberError(reverts(what, "DA_AuctionNotStarted"))
    elapsed = now - auction.start_time
    if not auction.insolvent:
        if elapsed >= solvent_length_s(params):
            return 0
        if auction.reserved_cash > mtm:
            raise UnreadableNumberError(reverts(what, RESERVED_IS_MORE))
        return mul(mtm - auction.reserved_cash, discount(params, elapsed))
    if mm >= 0:
        return 0
    floor = min(mtm, 0)
    if elapsed >= params.insolvent_length_s:
        return mm
    return trunc_div((mm - floor) * elapsed, params.insolvent_length_s) + floor
