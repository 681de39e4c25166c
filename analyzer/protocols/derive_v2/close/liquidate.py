"""What an auction would close of an account now: the largest bid at the block's price.

For an account that is not in an auction yet: `startAuction` under the scenario that is worst for
it, and a bid in the same block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from analyzer.model.closure import Closure, Transfer
from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.auctions import Auction
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


@dataclass(frozen=True, slots=True)
class Lot:
    """An account that can be bid for, as every bid sees it: interest and perps are settled.

    auction: the live one, or the one that starts now. margin: maintenance margin and mark to
    market, less the fee; 18 decimals. fee: what the start of the auction charges, 0 for a live one.
    """

    auction: Auction
    margin: ManagerMargin
    fee: int


def liquidate(valued: DeriveValued, account_id: str) -> list[Closure]:
    """The bid that is possible now for this account, at most one; empty when it is not in an
    auction and none can be started. Amounts in 18 decimals; a share of 1e18 is everything.

    Raises: KeyError when there is no such account.
    """
    found = largest_bid(valued.valuation, int(account_id))
    return [] if found is None else [found]


def largest_bid(valuation: Valuation, number: int) -> Closure | None:
    """The bid that is possible now for account `number`, or None (see `liquidate`)."""
    found = auction_of(valuation, number)
    lot = attempt(lambda: lot_of(valuation, number))
    if lot is None:
        return None
    closure = lot if isinstance(lot, Unreadable) else attempt(partial(bid, valuation, lot))
    if not isinstance(closure, Unreadable):
        return closure
    return _refused(str(number), closure) if found.ongoing else None


def lot_of(valuation: Valuation, number: int) -> Lot | None:
    """The account in its live auction, or in the one that can be started now with its fee; None
    when none can. Raises: UnreadableNumberError as the settlement, the view or a read does."""
    found = auction_of(valuation, number)
    if found.ongoing:
        return Lot(found, settled_margin(valuation, number, found.scenario_id), 0)
    scenario = worst_startable(valuation, number)
    if scenario is None:
        return None
    house = valuation.state.auction_house
    params = known(house.params)
    margin = settled_margin(valuation, number, scenario)
    now = valuation.state.block_time
    mm, mtm = margin.margin, margin.mark_to_market
    if mtm <= 0:
        return Lot(Auction(number, scenario, True, True, -mm, now, 0), margin, 0)
    bm = rules.buffer_margin(params, mm=mm, mtm=mtm)
    fee = rules.start_fee(params, mtm=mtm, bm=bm, mtm_cutoff=known(house.mtm_cutoff))
    charged = ManagerMargin(mm - fee, mtm - fee)
    return Lot(Auction(number, scenario, False, True, 0, now, 0), charged, fee)


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


def bid(valuation: Valuation, lot: Lot, share: int = WAD) -> Closure:
    """A bid at the block for `share` of the account (1e18 = all), cut to the largest that the
    contract allows. Raises: UnreadableNumberError as the price does."""
    house, now, auction = valuation.state.auction_house, valuation.state.block_time, lot.auction
    params, mm, mtm = known(house.params), lot.margin.margin, lot.margin.mark_to_market
    status = rules.status(auction, params, mm=mm, mtm=mtm, now=now)
    price = rules.bid_price(auction, params, mm=mm, mtm=mtm, now=now)
    numbers = {
        "mtm": mtm,
        "mm": mm,
        "bm": status.bm,
        "scenario": auction.scenario_id,
        "fee": lot.fee,
    }
    if status.can_terminate:
        account_id = str(auction.account)
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
        return _insolvent(valuation, lot, share, price, numbers)
    return _solvent(valuation, lot, share, price, numbers)


def largest_share(valuation: Valuation, lot: Lot) -> int:
    """The share that brings a solvent account back to its buffer margin; all of an insolvent
    one. Raises: UnreadableNumberError as the reads do."""
    house, auction = valuation.state.auction_house, lot.auction
    if auction.insolvent:
        return WAD
    params, mm, mtm = known(house.params), lot.margin.margin, lot.margin.mark_to_market
    return rules.max_proportion(
        mtm=mtm,
        bm=rules.buffer_margin(params, mm=mm, mtm=mtm),
        discount=rules.discount(params, valuation.state.block_time - auction.start_time),
        reserved=auction.reserved_cash,
        mtm_cutoff=known(house.mtm_cutoff),
    )


def _solvent(
    valuation: Valuation, lot: Lot, share: int, price: int, numbers: dict[str, int]
) -> Closure:
    """A bid that pays the account."""
    account_id, reserved = str(lot.auction.account), lot.auction.reserved_cash
    share = min(share, largest_share(valuation, lot))
    paid = mul(price, share)
    transfers = [Transfer(LIQUIDATOR, account_id, paid, "bid")]
    if lot.fee:
        transfers.append(Transfer(account_id, SECURITY_MODULE, lot.fee, "liquidation fee"))
    return Closure(
        account_id=account_id,
        kind="auction",
        asset_id=PORTFOLIO,
        amount=share,
        price_e18=price,
        value_e18=paid,
        penalty_e18=mul(lot.margin.mark_to_market - reserved, share) - paid + lot.fee,
        transfers=tuple(transfers),
        reverts=HAS_ENDED if price <= 0 else None,
        after={**numbers, "reserved_cash": reserved + paid},
    )


def _insolvent(
    valuation: Valuation, lot: Lot, share: int, price: int, numbers: dict[str, int]
) -> Closure:
    """A bid that is paid for: the security module first, then everybody's cash."""
    payout = mul(-price, share)
    module = min(payout, max(0, security_module_cash(valuation.state)))
    transfers = [Transfer(SECURITY_MODULE, LIQUIDATOR, module, "payout")]
    if payout > module:
        transfers.append(Transfer(CASH_HOLDERS, LIQUIDATOR, payout - module, "socialised loss"))
    return Closure(
        account_id=str(lot.auction.account),
        kind="auction",
        asset_id=PORTFOLIO,
        amount=share,
        price_e18=price,
        value_e18=payout,
        penalty_e18=payout + mul(min(lot.margin.mark_to_market, 0), share),
        transfers=tuple(transfers),
        after=numbers,
    )
