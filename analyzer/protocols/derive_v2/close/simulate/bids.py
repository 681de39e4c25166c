"""What a bid changes in a state that a simulation owns, as the logs of real bids show it.

    settled   cash with interest, perps' PnL and funding in cash
    fee       cash of the account to the security module, where the auction starts with this bid
    taken     mul(balance, share) of every balance; of cash mul(cash - reserved, share)
    paid      into the account's cash: all of it reserved when the auction goes on, which it does
              after less than the largest share

The bidder is nobody in the book. Interest of the cash asset as a whole stays as it is stored; only
what a socialised loss prints changes its totals.
Source: v2-core `DutchAuction.sol`, `BaseManager.sol`, `CashAsset.socializeLoss`.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.records.perps import PerpPosition
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import perps
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.cash import exchange_rate
from analyzer.protocols.kit.unreadable import Unreadable


def copied(state: DeriveState) -> DeriveState:
    """A state of one's own: accounts, auctions, perp positions and cash totals can be replaced
    without touching `state`."""
    house = state.auction_house
    return replace(
        state,
        accounts=dict(state.accounts),
        cash=replace(state.cash),
        auction_house=replace(house, auctions=dict(house.auctions)),
        perps={a: replace(p, positions=dict(p.positions)) for a, p in state.perps.items()},
    )


def settle(valuation: Valuation, number: int) -> None:
    """Interest and perps of the account go into its cash. Raises: UnreadableNumberError as their
    reads do."""
    state, account = valuation.state, valuation.state.accounts[number]
    cash = valuation.cash_with_interest(account)
    held = [h for h in account.balances if h.asset in state.perps]
    manager = state.pmrms.get(account.manager)
    if manager is not None and all(h.asset != manager.perp for h in held):
        held.append(Holding(manager.perp, 0, 0))
    for holding in held:
        market = state.perps[holding.asset]
        cash += valuation.unsettled(account, holding)
        market.positions[number] = PerpPosition(
            last_mark_price=perps.perp_price(state, market)[0],
            last_aggregated_funding=perps.aggregated_funding(state, market),
        )
    gone = {h.asset for h in held if state.perps[h.asset].disabled}
    kept = [h for h in account.balances if h.asset not in gone]
    state.accounts[number] = replace(account, balances=kept)
    set_cash(valuation, number, cash)


def set_cash(valuation: Valuation, number: int, amount: int) -> None:
    """The account's cash, touched now: it bears interest from the present index on."""
    state, account = valuation.state, valuation.state.accounts[number]
    address, accrued = state.cash.address, valuation.accrued()
    index = accrued.borrow_index if amount < 0 else accrued.supply_index
    kept = [h for h in account.balances if h.asset != address]
    if amount:
        kept.append(Holding(address, 0, amount))
    state.accounts[number] = replace(account, balances=kept, cash_index=index)
    valuation.forget(number)


def add_cash(valuation: Valuation, number: int, amount: int) -> None:
    """Cash that the account receives (or, below 0, gives), after the interest on what it has."""
    held = valuation.cash_with_interest(valuation.state.accounts[number])
    set_cash(valuation, number, held + amount)


def split(account: Account, cash_asset: str, share: int, *, reserved: int) -> list[Holding]:
    """What a bidder takes of every balance for `share` (1e18 = all): signed, zeros left out."""
    taken = [
        replace(
            h,
            balance=mul(h.balance - (reserved if h.asset == cash_asset else 0), share),
        )
        for h in account.balances
    ]
    return [h for h in taken if h.balance]


def take(valuation: Valuation, number: int, taken: list[Holding], *, paid: int) -> None:
    """Balances leave the account and `paid` comes into its cash."""
    state, account = valuation.state, valuation.state.accounts[number]
    lost = {(h.asset, h.sub_id): h.balance for h in taken}
    left = [
        replace(h, balance=h.balance - lost.get((h.asset, h.sub_id), 0)) for h in account.balances
    ]
    cash = sum(h.balance for h in left if h.asset == state.cash.address) + paid
    state.accounts[number] = replace(account, balances=[h for h in left if h.balance])
    set_cash(valuation, number, cash)


def set_auction(state: DeriveState, auction: Auction) -> None:
    """The account's auction is this one now. Withdrawals wait for what insolvent ones owe."""
    house = state.auction_house
    before = house.auctions.get(auction.account)
    if before is not None and before.ongoing and before.insolvent:
        house.total_insolvent_mm -= before.cached_mm
    if auction.ongoing and auction.insolvent:
        house.total_insolvent_mm += auction.cached_mm
    house.auctions[auction.account] = auction


def socialise(state: DeriveState, loss: int) -> None:
    """Everybody's cash bears a loss: it is printed, less the fees that nobody has taken yet."""
    cash = state.cash
    cash.accrued_sm_fees -= min(loss, cash.accrued_sm_fees)
    cash.total_supply += loss
    if not isinstance(cash.stable_held, Unreadable) and exchange_rate(cash) < WAD:
        cash.withdraw_fee_enabled = True
