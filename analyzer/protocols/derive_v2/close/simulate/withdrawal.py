"""What an owner may take out of an account: cash, then base assets, down to initial margin 0.

A withdrawal is checked by the account's manager on initial margin; a live auction freezes the
account, and while open insolvent auctions owe more than the security module has nobody withdraws.
Cash goes down to 0 and no further: what is borrowed is no collateral.
Source: v2-core `CashAsset.withdraw`, `DutchAuction.getIsWithdrawBlocked`, the managers' hooks.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.protocols.derive_v2.close.simulate import bids
from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.value import feeds
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.cash import withdraw_blocked
from analyzer.protocols.derive_v2.value.prices import market_feed
from analyzer.protocols.derive_v2.value.startable import live
from analyzer.protocols.kit.unreadable import Unreadable, attempt


def largest_withdrawals(valuation: Valuation, number: int) -> list[tuple[str, int]]:
    """Takes out of the account what it may and returns (asset, value in 18 decimals), as it went.

    A base asset is valued at its spot feed's price.
    """
    state = valuation.state
    if attempt(lambda: withdraw_blocked(state)) is not False or live(valuation, number):
        return []
    if isinstance(attempt(lambda: bids.settle(valuation, number)), Unreadable):
        return []
    done = []
    for holding in _withdrawable(valuation, state.accounts[number]):
        amount = _largest(valuation, state.accounts[number], holding)
        if amount:
            bids.take(valuation, number, [replace(holding, balance=amount)], paid=0)
            done.append((holding.asset, _value(valuation, holding.asset, amount)))
    return done


def _withdrawable(valuation: Valuation, account: Account) -> list[Holding]:
    """Cash and base assets with something there, cash first."""
    cash = valuation.state.cash.address
    held = [
        h
        for h in account.balances
        if h.balance > 0 and (h.asset == cash or h.asset in valuation.state.bases)
    ]
    return sorted(held, key=lambda h: h.asset != cash)


def _largest(valuation: Valuation, account: Account, holding: Holding) -> int:
    """The largest amount of the holding without which initial margin is not below 0.

    A scenario margin is not monotone in a collateral that offsets options: there it is the end of
    a range that passes.
    """
    if _passes(valuation, account, holding, holding.balance):
        return holding.balance
    low, high = 0, holding.balance
    while high - low > 1:
        middle = (low + high) // 2
        passes = _passes(valuation, account, holding, middle)
        low, high = (middle, high) if passes else (low, middle)
    return low


def _passes(valuation: Valuation, account: Account, holding: Holding, amount: int) -> bool:
    """Whether initial margin is at least 0 once `amount` has gone."""
    left = [replace(h, balance=h.balance - amount) if h == holding else h for h in account.balances]
    after = replace(account, balances=[h for h in left if h.balance])

    def initial() -> int:
        if account.manager in valuation.state.pmrms:
            found = valuation.assess(after).margin(initial=True)
            return found.margin
        return valuation.margin(after, initial=True).margin

    margin = attempt(initial)
    return not isinstance(margin, Unreadable) and margin >= 0


def _value(valuation: Valuation, asset: str, amount: int) -> int:
    """An amount's value in cash."""
    if asset == valuation.state.cash.address:
        return amount
    feed = market_feed(valuation.state, asset)
    if feed is None:
        return 0
    return mul(amount, feeds.spot(valuation.state, feed)[0])
