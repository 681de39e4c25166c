"""All equities at once are those of one account after the other, to the last unit."""

from __future__ import annotations

from dataclasses import replace

from table_crowd import crowd, venue

from analyzer.model.integers import WAD
from analyzer.protocols.table import PLUG
from analyzer.protocols.table.close.simulate import TableSimulation
from analyzer.protocols.table.state.state import TableState

BOOK = crowd(80)
MOVES = ({"WETH": 1_777 * WAD + 1}, {"stETH": 1_800 * WAD, "PERP": 70_000 * WAD + 7}, {})


def simulation() -> TableSimulation:
    found = venue(BOOK).simulation
    assert isinstance(found, TableSimulation)
    return found


def singly(of: TableSimulation) -> list[int | None]:
    standings = map(of.standing, of.account_ids())
    return [None if standing is None else standing.equity_e18 for standing in standings]


def test_they_follow_prices_and_closures() -> None:
    moving = simulation()
    assert moving.equities() == singly(moving)
    for prices in MOVES:
        moving.set_prices(prices)
        assert moving.equities() == singly(moving)
        for account in list(moving.breaching())[:5]:
            moving.liquidate(account)
        assert moving.equities() == singly(moving)


def test_at_other_prices_they_are_what_each_would_have() -> None:
    moving, asked = simulation(), list(BOOK.account_ids[3:40])
    moving.set_prices(MOVES[0])
    wanted = [{**moving.prices_e18(), **prices} for prices in (*MOVES, {"USDC": WAD // 3})]
    assert moving.equities_at(asked, wanted) == [
        [moving.equity_at(account, prices) for account in asked] for prices in wanted
    ]


def test_whoever_holds_what_has_no_price_is_unknown() -> None:
    state = BOOK.state
    assert isinstance(state, TableState)
    unpriced = {**state.prices, "stETH": replace(state.prices["stETH"], price_e18=None)}
    book = replace(BOOK, state=replace(state, prices=unpriced))
    moving = PLUG.simulate(PLUG.value(book, PLUG.prices(book)))
    assert isinstance(moving, TableSimulation)
    assert None in moving.equities()
    assert moving.equities() == singly(moving)
