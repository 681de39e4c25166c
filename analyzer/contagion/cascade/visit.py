"""A liquidator's visit to one account: what it takes over, and what it leaves because it costs it.

gain  =  what the protocol pays over what it takes, at the protocol's prices
         + the market's price over the protocol's, of all that has to be traded
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.contagion.cascade.closing import LIQUIDATOR, Closing, Register
from analyzer.contagion.cascade.state import State
from analyzer.model.closure import Executed


def liquidate(
    state: State, closing: Closing, register: Register, account_id: str, *, must_pay: bool
) -> None:
    """A liquidator comes to an account that breaches. must_pay: it leaves what costs it money."""
    visited = False

    def accept(executed: Executed) -> bool:
        nonlocal visited
        if must_pay and gain_e18(state, register.number, executed) < 0:
            return False
        if not visited:
            state.ledger.fail(register.number, account_id, closing.round)
            visited = True
        return True

    executed = register.venue.simulation.liquidate(account_id, accept)
    _book(state, closing, register, account_id, executed)


def wind_up(state: State, closing: Closing, register: Register, account_id: str) -> None:
    """The account of an owner who has defaulted is closed whole; that asks nobody. An account
    without anything fails of nothing."""
    state.ledger.fail(register.number, account_id, closing.round)
    executed = register.venue.simulation.unwind(account_id)
    _book(state, closing, register, account_id, executed)


def gain_e18(state: State, number: int, executed: Executed) -> int:
    """What a liquidator gains (or loses) by a closure, at the market's prices now."""
    gain = 0
    for transfer in executed.closure.transfers:
        gain += transfer.amount_e18 * (transfer.to_party == LIQUIDATOR)
        gain -= transfer.amount_e18 * (transfer.from_party == LIQUIDATOR)
    venue = state.venues[number]
    for asset, amount in executed.sold.items():
        if asset in venue.fixed:
            continue
        there = state.protocol_e18[number][asset]
        market = state.prices.market_e18(number, asset)
        if there != market:
            gain += venue.value_e18(asset, amount, market)
            gain -= venue.value_e18(asset, amount, there)
    return gain


def _book(
    state: State,
    closing: Closing,
    register: Register,
    account_id: str,
    executed: Sequence[Executed],
) -> None:
    """Writes executed closures into the round, and into the account's failure."""
    venue = register.venue
    for one in executed:
        register.book(closing, account_id, one)
        closed = state.ledger.fail(register.number, account_id, closing.round).closed_e18
        factor = venue.factors.get(one.closure.asset_id, one.closure.asset_id)
        closed[factor] = closed.get(factor, 0) + one.closure.value_e18
