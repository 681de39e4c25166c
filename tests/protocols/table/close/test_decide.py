"""What may be decided about a book that fits in the head: sizes, shares, ways out."""

from __future__ import annotations

import pytest

from analyzer.model.book import Asset, Book, LegKind, make_book
from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.protocols.decisions import Reduction, Resize
from analyzer.protocols.table import PLUG
from analyzer.protocols.table.close.decide import TableDecisions
from analyzer.protocols.table.rules import Kind, Rules, Terms
from analyzer.protocols.table.state.state import TablePrice, TableState
from analyzer.risk.sizing import largest

ETH, DEBT, PERP, CASH = range(4)


def house() -> Book:
    """Ann pledges 10 ETH (of 2,000; 80 % counts, 70 % for new risk), owes 5,000 DAI, and is long
    two perps of 2,000 entered at that (a tenth required, a fifth at first)."""
    assets = [
        Asset("ETH", "ETH", LegKind.COLLATERAL, 18, "ETH"),
        Asset("DAI", "DAI", LegKind.POSITION, 18, "DAI"),
        Asset("ETH-PERP", "ETH-PERP", LegKind.POSITION, 18, "ETH"),
        Asset("USD", "USD", LegKind.POSITION, 18, "USD"),
    ]
    share = WAD // 100
    terms = [
        Terms(Kind.COLLATERAL, 80 * share, 70 * share, 5 * share),
        Terms(Kind.DEBT),
        Terms(Kind.POSITION, 10 * share, 20 * share),
        Terms(Kind.CASH),
    ]
    prices = {
        "ETH": TablePrice(2_000 * WAD, "ETH", False, "by hand"),
        "DAI": TablePrice(WAD, "DAI", False, "by hand"),
        "ETH-PERP": TablePrice(2_000 * WAD, "ETH", False, "by hand"),
        "USD": TablePrice(WAD, "USD", True, "by hand"),
    }
    state = TableState(Rules("USD"), terms, prices, 1, 1, 0)
    legs = [[(ETH, 10 * WAD), (DEBT, -5_000 * WAD), (PERP, 2 * WAD), (CASH, -4_000 * WAD)]]
    return make_book(["ann"], assets, legs, state)


def decided() -> tuple[Book, TableDecisions]:
    book = house()
    found = PLUG.decide(PLUG.value(book, PLUG.prices(book)))
    assert isinstance(found, TableDecisions)
    return book, found


def row(book: Book) -> MarginRow:
    [found] = PLUG.margin(PLUG.value(book, PLUG.prices(book)))
    return found


def test_sizes_are_what_one_works_out_by_hand() -> None:
    _, decisions = decided()
    # 14,000 counted for new risk - 5,000 owed - 800 for the perps.
    assert row(house()).free_collateral_e18 == 8_200 * WAD

    def most(resize: Resize, sign: int) -> int:
        def passes(amount: int) -> bool:
            free = row(decisions.resized("ann", resize, sign * amount)).free_collateral_e18
            return free is not None and free >= 0

        found = largest(passes)
        assert found is not None
        assert passes(found)
        assert not passes(found + 1)
        return found

    debt, perp = decisions.resizes("ann")
    assert (debt.kind, perp.kind) == ("borrow", "trade")
    assert most(debt, 1) == 8_200 * WAD
    # 8,200 more at a fifth of 2,000 each; the other way round four of them come back first.
    assert most(perp, 1) == pytest.approx(8_200 / 400 * WAD, rel=1e-15)
    assert most(perp, -1) == pytest.approx((8_200 / 400 + 4) * WAD, rel=1e-15)


def test_the_present_shares_change_nothing_and_easier_ones_are_refused() -> None:
    book, decisions = decided()
    known = {one.name: one.value for one in decisions.parameters()}
    assert set(known) == {
        "close_factor", "LT:ETH", "LTV:ETH", "bonus:ETH", "haircut:ETH", "mm:ETH-PERP",
        "im:ETH-PERP", "bonus:ETH-PERP",
    }  # fmt: skip
    assert row(decisions.with_parameters(known)) == row(book)
    lower = row(decisions.with_parameters({"LTV:ETH": WAD // 2}))
    assert lower.free_collateral_e18 == 4_200 * WAD
    for values in ({"LTV:ETH": WAD}, {"im:ETH-PERP": 0}):
        with pytest.raises(ValueError, match="easier"):
            decisions.with_parameters(values)
    with pytest.raises(KeyError):
        decisions.with_parameters({"LT:DOGE": 1})


def test_ways_out_pay_debts_and_close_positions() -> None:
    _, decisions = decided()
    close, repay = sorted(decisions.reductions("ann"), key=lambda way: way.kind)
    assert isinstance(close, Reduction)
    assert (close.kind, close.most, close.sign) == ("close", 2 * WAD, 1)
    assert (repay.kind, repay.symbol, repay.debt_symbol) == ("repay", "ETH", "DAI")
    closed = row(decisions.reduced("ann", close, 2 * WAD, 4_000 * WAD))
    assert (closed.equity_e18, closed.free_collateral_e18) == (15_000 * WAD, 9_000 * WAD)
    # One ETH sold for 1,900: a hundred is lost, and 1,900 of the debt is gone.
    repaid = row(decisions.reduced("ann", repay, WAD, 1_900 * WAD))
    assert repaid.equity_e18 == 14_900 * WAD
    assert repaid.maintenance_margin_e18 == (3_100 + 400) * WAD
    # What is beyond the debt is cash.
    much = row(decisions.reduced("ann", repay, 4 * WAD, 8_000 * WAD))
    assert much.equity_e18 == 15_000 * WAD
    assert decisions.exit_pools() == []
    assert decisions.own_pool("ETH") is None


def parts() -> tuple[Book, TableDecisions]:
    """Bob is long 3 and 1 perps of 2,000 under two sets of numbers (a half, a tenth), and has 6
    and 4 ETH of which only the second part is entered; Eve has 10,000 in money. All entered at the
    price."""
    share, whole = WAD // 100, house()
    perp, eth = whole.assets[PERP], whole.assets[ETH]
    assets = [perp, perp, eth, eth, *whole.assets[1:2], whole.assets[CASH]]
    terms = [
        Terms(Kind.POSITION, 10 * share, 10 * share),
        Terms(Kind.POSITION, 50 * share, 50 * share),
        Terms(Kind.COLLATERAL),
        Terms(Kind.COLLATERAL, 80 * share, 80 * share),
        Terms(Kind.DEBT),
        Terms(Kind.CASH),
    ]
    given = whole.state
    assert isinstance(given, TableState)
    state = TableState(Rules("USD"), terms, given.prices, 6, 2, 0)
    bob = [(1, 3 * WAD), (5, -6_000 * WAD), (0, WAD), (5, -2_000 * WAD)]
    bob += [(2, 6 * WAD), (3, 4 * WAD), (4, -1_000 * WAD)]
    book = make_book(["bob", "eve"], assets, [bob, [(5, 10_000 * WAD)]], state)
    found = PLUG.decide(PLUG.value(book, PLUG.prices(book)))
    assert isinstance(found, TableDecisions)
    return book, found


def free(book: Book) -> int:
    found = row(book).free_collateral_e18
    assert found is not None
    return found


def test_an_asset_under_several_sets_of_numbers_is_one_way() -> None:
    book, decisions = parts()
    trade, borrow = decisions.resizes("bob")
    assert [(one.kind, one.symbol) for one in (trade, borrow)] == [
        ("trade", "ETH-PERP"),
        ("borrow", "DAI"),
    ]
    # 6,400 of collateral - 1,000 owed - 3,000 - 200.
    assert free(book.part([0])) == 2_200 * WAD
    # What Bob opens stands under the stricter of his own, a half of 2,000 each.
    assert free(decisions.resized("bob", trade, 2 * WAD)) == 200 * WAD
    # Three shorts close the three that require most, two more the other one, and open one.
    assert free(decisions.resized("bob", trade, -3 * WAD)) == 5_200 * WAD
    assert free(decisions.resized("bob", trade, -5 * WAD)) == 4_400 * WAD
    # Eve has none of it: the strictest that there is.
    assert free(decisions.resized("eve", trade, WAD)) == 9_000 * WAD


def test_ways_out_take_what_requires_most_and_secures_least_first() -> None:
    _, decisions = parts()
    close, repay = sorted(decisions.reductions("bob"), key=lambda way: way.kind)
    assert (close.most, repay.most) == (4 * WAD, 10 * WAD)
    assert free(decisions.reduced("bob", close, 3 * WAD, 6_000 * WAD)) == 5_200 * WAD
    assert free(decisions.reduced("bob", close, 4 * WAD, 8_000 * WAD)) == 5_400 * WAD
    # Half an ETH of the part that is not entered pays the debt and costs no security.
    assert free(decisions.reduced("bob", repay, WAD // 2, 1_000 * WAD)) == 3_200 * WAD
