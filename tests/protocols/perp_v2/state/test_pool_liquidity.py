"""The pool's liquidity from its makers' orders."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.protocols.perp_v2.records import Account, AccountMarket, Order
from analyzer.protocols.perp_v2.state.pool_liquidity import liquidity_at, net_liquidity
from analyzer.protocols.perp_v2.state.state import PerpState


def test_ranges_add_up_tick_by_tick(
    make_state: Callable[..., PerpState], make_account: Callable[..., Account]
) -> None:
    state = make_state(make_account(), make_account(number=2), make_account(number=3))
    market = next(iter(state.markets))
    ranges = {1: [(-60, 60, 5), (60, 120, 7)], 2: [(-60, 120, 1)], 3: []}
    for account, orders in zip(state.accounts.values(), ranges.values(), strict=True):
        account.markets[market] = AccountMarket(
            orders={(low, high): Order("0x", low, high, size) for low, high, size in orders}
        )
    nets = net_liquidity(state, market)
    assert nets == [(-60, 6), (60, 2), (120, -8)]
    assert [liquidity_at(nets, tick) for tick in (-61, -60, 59, 60, 119, 120)] == [0, 6, 6, 8, 8, 0]
    assert net_liquidity(state, "another") == []


def test_a_tick_where_one_range_ends_and_an_equal_one_begins_changes_nothing(
    make_state: Callable[..., PerpState], make_account: Callable[..., Account]
) -> None:
    account = make_account()
    state = make_state(account)
    market = next(iter(state.markets))
    account.markets[market] = AccountMarket(
        orders={(0, 60): Order("0x", 0, 60, 4), (60, 120): Order("0x", 60, 120, 4)}
    )
    assert net_liquidity(state, market) == [(0, 4), (120, -4)]
