"""The bid that goes through on an account now, who gives what to whom with it, and what it does.

A bid is the largest at the present discount. It starts an auction under the worst scenario, or
takes the one that is live, terminated or converted where it has to be.
Source: v2-core `DutchAuction.sol`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.close.liquidate import (
    HAS_ENDED,
    LIQUIDATOR,
    SHOULD_END,
    largest_bid,
)
from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.close.simulate.motion import known
from analyzer.protocols.derive_v2.close.simulate.parties import house_party, loss, portfolio
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.auction import RESERVED_IS_MORE
from analyzer.protocols.derive_v2.value.auction_views import auction_of
from analyzer.protocols.derive_v2.value.cash import security_module_cash


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid that is possible. fee: charged because the auction starts with it. payout: what an
    insolvent auction pays the bidder (None in a solvent one); module: the security module's part.
    """

    closure: Closure
    share: int
    paid: int
    fee: int
    reserved: int
    value: int
    payout: int | None
    module: int


def find_bid(valuation: Valuation, account_id: str) -> Bid | None:
    """The bid that goes through now, or None; also where a number that it needs is unknown."""
    number = int(account_id)
    if known(valuation, number) is None:
        return None
    closure = _largest_bid(valuation, number)
    if closure is None or closure.reverts is not None or closure.amount == 0:
        return None
    fee, mtm = closure.after["fee"], closure.after["mtm"]
    if "reserved_cash" in closure.after:
        reserved = closure.after["reserved_cash"] - closure.value_e18
        value = mul(mtm - reserved, closure.amount)
        found = Bid(closure, closure.amount, closure.value_e18, fee, reserved, value, None, 0)
    else:
        module = min(closure.value_e18, max(0, security_module_cash(valuation.state)))
        found = Bid(closure, WAD, 0, fee, 0, mtm, closure.value_e18, module)
    return replace(found, closure=replace(closure, transfers=_transfers(valuation.state, found)))


def _largest_bid(valuation: Valuation, number: int) -> Closure | None:
    """The bid on the account as it is, or after what anybody may do to an auction on which
    nobody can bid: to terminate it (and start another), or to convert one that has run out of
    discount into an insolvent one."""
    closure = largest_bid(valuation, number)
    auctions, found = valuation.state.auction_house.auctions, auction_of(valuation, number)
    if closure is None or not found.ongoing:
        return closure
    if closure.reverts in (SHOULD_END, RESERVED_IS_MORE):
        after = replace(found, ongoing=False)
    elif closure.reverts == HAS_ENDED:
        after = replace(
            found, insolvent=True, start_time=valuation.state.block_time, reserved_cash=0
        )
    else:
        return closure
    auctions[number] = after
    try:
        return largest_bid(valuation, number)
    finally:
        auctions[number] = found


def _transfers(state: DeriveState, bid: Bid) -> tuple[Transfer, ...]:
    """Who gives what to whom with a bid; parts of 0 are left out."""
    account, module = bid.closure.account_id, house_party(state, state.auction_house.sm_account)
    parts = [
        Transfer(LIQUIDATOR, account, bid.paid, "bid"),
        Transfer(account, module, bid.fee, "liquidation fee"),
        *portfolio(account, bid.value),
    ]
    if bid.payout is not None:
        parts += loss(state, account, bid.module, bid.payout - bid.module)
        parts.append(Transfer(account, LIQUIDATOR, bid.payout, "payout"))
    return tuple(part for part in parts if part.amount_e18)


def taken_by(state: DeriveState, bid: Bid) -> list[Holding]:
    """What the bidder takes of the positions (cash is not traded)."""
    account = state.accounts[int(bid.closure.account_id)]
    return bids.split(account, state.cash.address, bid.share, reserved=bid.reserved)


def apply_bid(valuation: Valuation, bid: Bid) -> tuple[Transfer, ...]:
    """The state after a bid; its transfers."""
    number, state = int(bid.closure.account_id), valuation.state
    bids.settle(valuation, number)
    if bid.fee:
        bids.add_cash(valuation, number, -bid.fee)
        if state.auction_house.sm_account in state.accounts:
            bids.add_cash(valuation, state.auction_house.sm_account, bid.fee)
    bids.take(valuation, number, taken_by(state, bid), paid=bid.paid)
    if bid.payout is not None and bid.module:
        bids.add_cash(valuation, state.security_account, -bid.module)
    if bid.payout is not None and bid.payout > bid.module:
        bids.socialise(state, bid.payout - bid.module)
    bids.end_auction(state, number, bid.reserved + bid.paid)
    return bid.closure.transfers
