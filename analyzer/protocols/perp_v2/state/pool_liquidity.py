"""A market's pool as its makers' orders make it: all of its liquidity is theirs.

Only the order book adds liquidity to a market's pool, so that the depth of the place where
liquidators sell is known from the accounts, at any moment of a simulation too.
"""

from __future__ import annotations

from analyzer.protocols.perp_v2.state.state import PerpState


def net_liquidity(state: PerpState, base_token: str) -> list[tuple[int, int]]:
    """(tick, what crossing it upwards adds to the liquidity in range), lowest tick first.

    Ticks where nothing is added are left out. Base is token0 in every pool: the contract demands
    that its address is below the quote token's.
    """
    nets: dict[int, int] = {}
    for account in state.accounts.values():
        held = account.markets.get(base_token)
        for order in () if held is None else held.orders.values():
            nets[order.lower_tick] = nets.get(order.lower_tick, 0) + order.liquidity
            nets[order.upper_tick] = nets.get(order.upper_tick, 0) - order.liquidity
    return sorted((tick, net) for tick, net in nets.items() if net)


def liquidity_at(nets: list[tuple[int, int]], tick: int) -> int:
    """The liquidity in range at `tick`, of what `net_liquidity` gives."""
    return sum(net for at, net in nets if at <= tick)
