"""What an auction would close of an account now: the largest bid at the block's price.

For an account that is not in an auction yet: `startAuction` under the scenario that is worst for
it, and a bid in the same block.
"""

from __future__ import annotations

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.auctions import Auction, AuctionParams
from analyzer.protocols.derive_v2.value import auction as rules
from analyzer.protocols.derive_v2.value.account import ManagerMargin, Valuation
from analyzer.protocols.derive_v2.value.auction_views import auction_of
from analyzer.protocols.derive_v2.value.cash import security_module_cash
from analyzer.protocols.derive_v2.value.startable import scenario_count, settled_margin, startable
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt, known

LIQUIDATOR = "liquidator"
SECURITY_MODULE = "security_module"
CASH_HOLDERS = "cash_holders"
"""Everybody with cash: a socialised loss is printed and lowers what all cash is worth."""
SHOULD_END = "DA_AuctionShouldBeTerminated"
HAS_ENDED = "DA_SolventAuctionEnded"
PORTFOLIO = "portfolio"
"""An auction sells a share of everything, not one asset."""


def liquidate(valued: DeriveValued, account_id: str) -> list[Closure]:
    """The bid that is possible now for this account, at most one; empty when it is not in an
    auction and none can be started. Amounts in 18 decimals; a share of 1e18 is everything.

    Raises: KeyError when there is no such account.
    """
    found = largest_bid(valued.valuation, int(account_id))
    return [] if found is None else [found]


def largest_bid(valuation: Valuation, number: int) -> Closure | None:
    """The bid that is possible now for account `number`, or None (see `liquidate`)."""
    account_id = str(number)
    found = auction_of(valuation, number)
    if found.ongoing:
        closure = attempt(
            lambda: _bid(valuation, found, settled_margin(valuation, number, found.scenario_id), 0)
        )
        return _refused(account_id, closure) if isinstance(closure, Unreadable) else closure
    started = attempt(lambda: _start(valuation, number))
    return None if isinstance(started, Unreadable) else started


def _refused(account_id: str, problem: Unreadable) -> Closure:
    """A live auction on which nobody can bid, with the contract's error."""
    return Closure(account_id, "auction", PORTFOLIO, 0, 0, 0, 0, reverts=problem.reason)


def worst_startable(valuation: Valuation, number: int) -> int | None:
    """The startable scenario with the lowest maintenance margin; None when there is none.

    Raises: UnreadableNumberError when the manager's scenarios were not read.
    """
    account = valuation.state.accounts[number]
    scenarios = [
        scenario
        for scenario in range(scenario_count(valuation, number))
        if startable(valuation, number, scenario) is None
    ]
    if len(scenarios) < 2:
        return scenarios[0] if scenarios else None
    return min(
        scenarios,
        key=lambda one: valuation.margin(account, initial=False, scenario=one).margin,
    )


def _start(valuation: Valuation, number: int) -> Closure | None:
    """startAuction with its fee, and the first bid."""
    scenario = worst_startable(valuation, number)
    if scenario is None:
        return None
    house = valuation.state.auction_house
    params = known(house.params)
    margin = settled_margin(valuation, number, scenario)
    now = valuation.state.block_time
    mm, mtm = margin.margin, margin.mark_to_market
    if mtm <= 0:
        return _bid(valuation, Auction(number, scenario, True, True, -mm, now, 0), margin, 0)
    bm = rules.buffer_margin(params, mm=mm, mtm=mtm)
    fee = rules.start_fee(params, mtm=mtm, bm=bm, mtm_cutoff=known(house.mtm_cutoff))
    charged = ManagerMargin(mm - fee, mtm - fee)
    return _bid(valuation, Auction(number, scenario, False, True, 0, now, 0), charged, fee)


def _bid(valuation: Valuation, auction: Auction, margin: ManagerMargin, fee: int) -> Closure:
    """The largest bid on an auction at the block."""
    house, now = valuation.state.auction_house, valuation.state.block_time
    params = known(house.params)
    mm, mtm = margin.margin, margin.mark_to_market
    status = rules.status(auction, params, mm=mm, mtm=mtm, now=now)
    price = rules.bid_price(auction, params, mm=mm, mtm=mtm, now=now)
    numbers = {"mtm": mtm, "mm": mm, "bm": status.bm, "scenario": auction.scenario_id, "fee": fee}
    account_id = str(auction.account)
    if status.can_terminate:
        return Closure(
            account_id,
            "auction",
            PORTFOLIO,
            0,
            price,
            0,
            0,
            reverts=SHOULD_END,
            after=numbers,
        )
    if auction.insolvent:
        return _insolvent(valuation, account_id, price, mtm, numbers)
    return _solvent(
        params,
        auction,
        status,
        price=price,
        fee=fee,
        now=now,
        cutoff=known(house.mtm_cutoff),
        numbers=numbers,
    )


def _solvent(
    params: AuctionParams,
    auction: Auction,
    status: rules.AuctionStatus,
    *,
    price: int,
    fee: int,
    now: int,
    cutoff: int,
    numbers: dict[str, int],
) -> Closure:
    """A bid that pays the account: the share that brings it back to its buffer margin."""
    account_id = str(auction.account)
    reserved = auction.reserved_cash
    discount = rules.discount(params, now - auction.start_time)
    share = rules.max_proportion(
        mtm=status.mtm, bm=status.bm, discount=discount, reserved=reserved, mtm_cutoff=cutoff
    )
    paid = mul(price, share)
    transfers = [Transfer(LIQUIDATOR, account_id, paid, "bid")]
    if fee:
        transfers.append(Transfer(account_id, SECURITY_MODULE, fee, "liquidation fee"))
    return Closure(
        account_id=account_id,
        kind="auction",
        asset_id=PORTFOLIO,
        amount=share,
        price_e18=price,
        value_e18=paid,
        penalty_e18=mul(status.mtm - reserved, share) - paid + fee,
        transfers=tuple(transfers),
        reverts=HAS_ENDED if price <= 0 else None,
        after={**numbers, "reserved_cash": reserved + paid},
    )


def _insolvent(
    valuation: Valuation, account_id: str, price: int, mtm: int, numbers: dict[str, int]
) -> Closure:
    """A bid that is paid for: the security module first, then everybody's cash."""
    payout = -price
    module = min(payout, max(0, security_module_cash(valuation.state)))
    transfers = [Transfer(SECURITY_MODULE, LIQUIDATOR, module, "payout")]
    if payout > module:
        transfers.append(Transfer(CASH_HOLDERS, LIQUIDATOR, payout - module, "socialised loss"))
    return Closure(
        account_id=account_id,
        kind="auction",
        asset_id=PORTFOLIO,
        amount=WAD,
        price_e18=price,
        value_e18=payout,
        penalty_e18=payout + min(mtm, 0),
        transfers=tuple(transfers),
        after=numbers,
    )
