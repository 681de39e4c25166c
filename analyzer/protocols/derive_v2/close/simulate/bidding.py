"""The bids that go through on an account, who gives what to whom with one, and what it does.

A lot is the account in the auction that is live (terminated or converted where it has to be), or
in the one that starts now under the worst scenario. Its terms follow the schedule while prices
stand still: the discount rises, then the insolvent auction's payout does. A bidder may ask for any
share up to the largest; less than that lets the auction go on, with the payment reserved.
Source: v2-core `DutchAuction.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.close.liquidate import (
    HAS_ENDED,
    LIQUIDATOR,
    SHOULD_END,
    Lot,
    bid,
    largest_share,
    lot_of,
)
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.motion import known
from analyzer.protocols.derive_v2.close.simulate.parties import house_party, loss, portfolio
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.records.auctions import AuctionParams
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.auction import RESERVED_IS_MORE, solvent_length_s
from analyzer.protocols.derive_v2.value.auction_views import auction_of
from analyzer.protocols.derive_v2.value.cash import security_module_cash
from analyzer.protocols.kit.unreadable import Unreadable, attempt
from analyzer.protocols.kit.unreadable import known as read


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid that is possible. value: of what it takes, at mark to market. ends: whether it is the
    largest, which ends the auction. payout: what an insolvent auction pays the bidder (None in a
    solvent one); module: the security module's part of it. 18 decimals.
    """

    closure: Closure
    lot: Lot
    value: int
    ends: bool
    payout: int | None
    module: int

    @property
    def paid(self) -> int:
        """What the bidder pays the account."""
        return self.closure.value_e18 if self.payout is None else 0

    @property
    def reserved(self) -> int:
        """What earlier bids of the auction paid, which later ones take nothing of."""
        return 0 if self.lot.auction.insolvent else self.lot.auction.reserved_cash


def find_lot(valuation: Valuation, account_id: str) -> Lot | None:
    """The lot on which somebody can bid now, or None; also where a number that it needs is
    unknown. What anybody may do to an auction on which nobody can bid is done: it is terminated
    (and another starts), or converted where it has run out of discount."""
    number = int(account_id)
    if known(valuation, number) is None:
        return None
    lot = attempt(partial(lot_of, valuation, number))
    if lot is None or isinstance(lot, Unreadable):
        return None
    closure = attempt(partial(bid, valuation, lot))
    reason = closure.reason if isinstance(closure, Unreadable) else closure.reverts
    if reason == HAS_ENDED:
        lot = _converted(valuation, lot, 0)
    elif reason in (SHOULD_END, RESERVED_IS_MORE):
        lot = _restarted(valuation, number)
    return lot if lot is not None and find_bid(valuation, lot) is not None else None


def _restarted(valuation: Valuation, number: int) -> Lot | None:
    """The lot after a live auction was terminated."""
    auctions, found = valuation.state.auction_house.auctions, auction_of(valuation, number)
    if not found.ongoing:
        return None
    auctions[number] = replace(found, ongoing=False)
    try:
        lot = attempt(partial(lot_of, valuation, number))
    finally:
        auctions[number] = found
    return None if isinstance(lot, Unreadable) else lot


def _converted(valuation: Valuation, lot: Lot, elapsed_s: int) -> Lot:
    """The lot of a solvent auction that ran out of discount, so many seconds ago."""
    auction = replace(
        lot.auction,
        insolvent=True,
        cached_mm=-lot.margin.margin,
        start_time=valuation.state.block_time - elapsed_s,
        reserved_cash=0,
    )
    return replace(lot, auction=auction)


def later(valuation: Valuation, lot: Lot, seconds: int) -> Lot:
    """The lot so many seconds on, prices standing still: further along its schedule, and converted
    into an insolvent auction once its discount has run out."""
    left = _solvent_left_s(valuation, lot)
    if lot.auction.insolvent or seconds < left:
        start = lot.auction.start_time - seconds
        return replace(lot, auction=replace(lot.auction, start_time=start))
    return _converted(valuation, lot, seconds - left)


def longest_wait_s(valuation: Valuation, lot: Lot) -> int:
    """After how many seconds the terms do not get better any more. An account above maintenance
    is never converted: its auction ends with its discount."""
    length, left = _params(valuation).insolvent_length_s, _solvent_left_s(valuation, lot)
    if lot.auction.insolvent:
        return max(length - (valuation.state.block_time - lot.auction.start_time), 0)
    return left + length if lot.margin.margin < 0 else max(left - 1, 0)


def _solvent_left_s(valuation: Valuation, lot: Lot) -> int:
    """How long a solvent auction still has a discount to give."""
    elapsed = valuation.state.block_time - lot.auction.start_time
    return max(solvent_length_s(_params(valuation)) - elapsed, 0)


def _params(valuation: Valuation) -> AuctionParams:
    """The auction house's parameters. Raises: UnreadableNumberError when they were not read."""
    return read(valuation.state.auction_house.params)


def find_bid(valuation: Valuation, lot: Lot, share: int = WAD) -> Bid | None:
    """The bid for `share` of the lot, cut to the largest; None where nobody can make it."""
    closure = attempt(partial(bid, valuation, lot, share))
    if isinstance(closure, Unreadable) or closure.reverts is not None or closure.amount == 0:
        return None
    mtm = lot.margin.mark_to_market
    ends = closure.amount == largest_share(valuation, lot)
    if lot.auction.insolvent:
        module = min(closure.value_e18, max(0, security_module_cash(valuation.state)))
        value = mul(mtm, closure.amount)
        found = Bid(closure, lot, value, ends, closure.value_e18, module)
    else:
        value = mul(mtm - lot.auction.reserved_cash, closure.amount)
        found = Bid(closure, lot, value, ends, None, 0)
    return replace(found, closure=replace(closure, transfers=_transfers(valuation.state, found)))


def _transfers(state: DeriveState, made: Bid) -> tuple[Transfer, ...]:
    """Who gives what to whom with a bid; parts of 0 are left out."""
    account, module = made.closure.account_id, house_party(state, state.auction_house.sm_account)
    parts = [
        Transfer(LIQUIDATOR, account, made.paid, "bid"),
        Transfer(account, module, made.lot.fee, "liquidation fee"),
        *portfolio(account, made.value),
    ]
    if made.payout is not None:
        parts += loss(state, account, made.module, made.payout - made.module)
        parts.append(Transfer(account, LIQUIDATOR, made.payout, "payout"))
    return tuple(part for part in parts if part.amount_e18)


def taken_by(state: DeriveState, made: Bid) -> list[Holding]:
    """What the bidder takes of every balance, cash included."""
    account = state.accounts[int(made.closure.account_id)]
    return bids.split(account, state.cash.address, made.closure.amount, reserved=made.reserved)


def apply_bid(valuation: Valuation, made: Bid) -> tuple[Transfer, ...]:
    """The state after a bid; its transfers."""
    number, state, fee = int(made.closure.account_id), valuation.state, made.lot.fee
    bids.settle(valuation, number)
    if fee:
        bids.add_cash(valuation, number, -fee)
        if state.auction_house.sm_account in state.accounts:
            bids.add_cash(valuation, state.auction_house.sm_account, fee)
    bids.take(valuation, number, taken_by(state, made), paid=made.paid)
    if made.payout is not None and made.module:
        bids.add_cash(valuation, state.security_account, -made.module)
    if made.payout is not None and made.payout > made.module:
        bids.socialise(state, made.payout - made.module)
    auction = replace(made.lot.auction, reserved_cash=made.reserved + made.paid)
    bids.set_auction(state, replace(auction, ongoing=not made.ends))
    return made.closure.transfers
