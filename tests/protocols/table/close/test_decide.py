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
