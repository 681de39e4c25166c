"""Accounts of which surely no closure pays: what a liquidator could gain at most is less than gas.

Where a protocol says the shape of each of them, `floors` says how large it has to be; where it only
says what all come to together:

    profit of any part of any closure  <=  paid + sum over assets of traded x edge - gas

paid, traded: of all of the account's closures, the most that a protocol says they come to
(`protocols.simulation.Stake`), at its own prices. edge: by how much the market's price differs from
the protocol's now: nobody sells for more than the price at which the sale begins, nor buys for
less. That holds asset by asset as long as no sale moves the price of what is bought with it, so
factors that are quoted in each other are left to the search. A filter: it only says no.
"""

from __future__ import annotations

from analyzer.contagion.cascade.floors import LEAST_USD, apart, floors_of
from analyzer.contagion.cascade.state import State

ROUNDING = 1e-9
"""Part of a traded value that roundings of prices and ratios in float64 may come to."""


def surely_unpaid(state: State, number: int, account_id: str) -> bool:
    """Whether no closure of the account can pay its gas. False where that is not sure."""
    venue, gas_e18 = state.venues[number], state.prices.scenario.liquidators.cost_e18(0)
    if gas_e18 <= 0:
        return False
    shapes = venue.shapes(account_id)
    if shapes is not None:
        floors = floors_of(state, number)
        return all(size >= LEAST_USD and size < floors.least(s, size) for s, size in shapes)
    stake = venue.stake(account_id)
    if stake is None or stake.paid_e18 >= gas_e18:
        return False
    traded = {a: value for a, value in stake.traded_e18.items() if a not in venue.fixed}
    factors = {venue.factors[asset] for asset in traded}
    if not apart(sorted(factors)):
        return False
    most = float(stake.paid_e18)
    for asset, value in traded.items():
        protocol = state.protocol_e18[number][asset]
        edge = abs(state.prices.at_margin(number, asset) / protocol - 1) if protocol else 1.0
        most += value * (edge + ROUNDING)
    return most < gas_e18 * (1 - ROUNDING)
