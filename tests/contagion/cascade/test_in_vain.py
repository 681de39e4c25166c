"""Asking all accounts at once changes nothing: the cascade is that of asking one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from table_crowd import crowd, venue

from analyzer.contagion.cascade import (
    CascadeOptions,
    CascadeResult,
    Order,
    Venue,
    in_vain,
    run_cascade,
    visit,
)
from analyzer.contagion.cascade import run as running
from analyzer.contagion.cascade.floors import Floors, floors_of
from analyzer.contagion.cascade.run import at_the_block
from analyzer.contagion.cascade.state import State
from analyzer.contagion.scenario import FREE, Scenario, Step, parse_shock
from analyzer.market.depth.route import Market
from analyzer.model.book import Book, make_book
from analyzer.model.integers import WAD
from analyzer.protocols.simulation import Shape
from analyzer.protocols.table.state.state import TableState

BOOK = crowd(600)
PAIR = Shape(0.05, "WETH", 1.05, "USDC")


def facts(result: CascadeResult) -> tuple[object, ...]:
    """All that a cascade comes to but the time that it took."""
    names = [name for name in CascadeResult.__slots__ if name != "work"]
    return tuple(getattr(result, name) for name in names)


def played(book: Book, words: str, options: CascadeOptions | None = None) -> tuple[object, ...]:
    return facts(run_cascade([venue(book)], parse_shock(words), Market(), options))


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left out, and equities are those of the accounts' own standings."""

    def equities(of: Venue) -> list[int | None]:
        simulation = of.simulation
        found = [simulation.standing(account) for account in simulation.account_ids()]
        return [None if one is None else one.equity_e18 for one in found]

    monkeypatch.setattr(running, "in_vain_of", lambda _state: [])
    monkeypatch.setattr(visit, "surely_unpaid", lambda *_: False)
    monkeypatch.setattr(Venue, "equities", equities)
    monkeypatch.setattr(Venue, "equities_at", lambda *_: None)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("ETH=-25%,BTC=-15%", None),
        ("ETH=+35%,BTC=+20%", None),
        ("ETH=-12%", CascadeOptions(order=Order.WORST, sequential=True)),
    ],
)
def test_all_at_once_or_one_by_one_is_the_same_cascade(
    words: str, options: CascadeOptions | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = BOOK if options is None else crowd(120)
    quick = played(book, words, options)
    one_by_one(monkeypatch)
    assert played(book, words, options) == quick


def test_books_without_accounts_prices_or_debts_are_asked_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody, few = crowd(0), crowd(40)
    state = few.state
    assert isinstance(state, TableState)
    unpriced = {**state.prices, "stETH": replace(state.prices["stETH"], price_e18=None)}
    free = make_book(["ann"], few.assets, [[(0, WAD)]], few.state)
    books = [nobody, replace(few, state=replace(state, prices=unpriced)), free]
    quick = [played(book, "ETH=-25%") for book in books]
    one_by_one(monkeypatch)
    assert [played(book, "ETH=-25%") for book in books] == quick


def test_of_those_that_are_left_out_the_search_finds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left_out: list[str] = []
    asked = in_vain.in_vain_of

    class Watched:
        def __init__(self, state: State, own: in_vain.InVain, number: int) -> None:
            self._state, self._own, self._number = state, own, number
            self.failed = own.failed

        def out(self, account_id: str) -> bool:
            if self._own.out(account_id):
                left_out.append(account_id)
                assert visit.searched(self._state, self._number, account_id, None) is None
            return False

    def watched(state: State) -> Sequence[Watched]:
        return [Watched(state, own, number) for number, own in enumerate(asked(state))]

    monkeypatch.setattr(running, "in_vain_of", watched)
    played(BOOK, "ETH=-25%,BTC=-15%")
    assert len(set(left_out)) > 30


def at_block(scenario: Scenario | None = None) -> State:
    scenario = scenario or Scenario("a", "a", "a", (Step(),))
    return at_the_block([venue(BOOK)], scenario, Market())


def floor(state: State, shape: Shape) -> float:
    return floors_of(state, 0).least(shape, 1e12)


def test_the_least_size_is_gas_over_bonus_where_nothing_moves() -> None:
    scenario = Scenario("a", "a", "a", (Step(),))
    still = at_the_block([venue(BOOK)], scenario, Market(assumed=False))
    # Five dollars of gas, five percent of what is repaid.
    assert floor(still, PAIR) == pytest.approx(100, rel=1e-6)
    assert floor(at_block(), PAIR) > 100


def test_a_market_that_is_sold_into_asks_for_larger_closures_or_for_none() -> None:
    state = at_block()
    before = floor(state, PAIR)
    state.prices.trade(0, {"WETH": 1_000 * WAD, "USDC": -2_000_000 * 10**6})
    assert floor(state, PAIR) > before
    state.prices.trade(0, {"WETH": 500_000 * WAD, "USDC": -(10**9) * 10**6})
    assert floor(state, PAIR) > 1e12


def test_without_gas_and_among_assets_quoted_in_each_other_nothing_is_said() -> None:
    free = at_block(Scenario("a", "a", "a", (Step(),), liquidators=FREE))
    assert floor(free, PAIR) == 0
    assert floor(at_block(), Shape(0.07, "stETH", 1.07, "WETH")) == 0
    assert in_vain.in_vain_of(free) == []


def test_room_asks_for_no_more_than_the_market_of_now_does() -> None:
    state = at_block()
    prices, protocol = state.prices, state.protocol_e18[0]
    with_room = Floors(prices, 0, protocol, 5.0, 1e7).least(PAIR, 1e12)
    assert with_room < floor(state, PAIR)


def test_of_one_factor_only_the_difference_is_traded_and_nothing_is_said() -> None:
    assert floor(at_block(), Shape(0.0, "WETH", 1.0, "WETH")) == 0
    assert floor(at_block(), Shape(0.05, "WETH", 1.05, "WETH")) == 0


def test_a_debt_out_of_its_own_asset_without_a_bonus_is_closed_at_no_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book = crowd(1)
    state = book.state
    assert isinstance(state, TableState)
    terms = [replace(own, bonus_e18=0) for own in state.terms]
    rows = [[(0, 10 * WAD), (4, -9 * WAD)]]
    own = make_book(["ann"], book.assets, rows, replace(state, terms=terms))
    found = run_cascade([venue(own)], parse_shock("ETH=-10%"), Market())
    assert found.rounds
    one_by_one(monkeypatch)
    assert played(own, "ETH=-10%") == facts(found)
