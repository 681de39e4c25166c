"""What may be decided about Derive's recorded book: perps to their boundary, parameters, exits."""

from __future__ import annotations

from pathlib import Path

import pytest
from derive_recording import recorded

from analyzer.model.book import Book
from analyzer.model.rows import MarginRow
from analyzer.protocols.derive_v2 import PLUG
from analyzer.risk.sizing import largest


@pytest.fixture(scope="module")
def book(shared: Path) -> Book:
    return recorded(shared).book("A")


def margin(book: Book) -> list[MarginRow]:
    return list(PLUG.margin(PLUG.value(book, PLUG.prices(book))))


def test_one_unit_more_of_a_perp_fails(book: Book) -> None:
    prices = PLUG.prices(book)
    decisions = PLUG.decide(PLUG.value(book, prices))
    seen = 0
    for row in margin(book):
        if row.free_collateral_e18 is None or row.free_collateral_e18 <= 0:
            continue
        for resize in decisions.resizes(row.account_id)[:2]:
            for sign in (1, -1):

                def passes(amount: int) -> bool:
                    after = decisions.resized(row.account_id, resize, sign * amount)  # noqa: B023
                    [found] = PLUG.margin(PLUG.value(after, prices))
                    free = found.free_collateral_e18
                    return free is not None and free >= 0

                if not passes(1):
                    # What it owes of interest and perps is more than it had free.
                    continue
                most = largest(passes)
                assert most is not None
                assert passes(most)
                assert not passes(most + 1)
                seen += 1
        if seen >= 8:
            break
    assert seen >= 4


def test_a_trade_at_a_worse_price_costs_the_difference(book: Book) -> None:
    prices = PLUG.prices(book)
    decisions = PLUG.decide(PLUG.value(book, prices))
    account, resize = next(
        (row.account_id, resize)
        for row in margin(book)
        if row.free_collateral_e18 and row.free_collateral_e18 > 10**21
        for resize in decisions.resizes(row.account_id)[:1]
    )
    mark = prices.e18(resize.asset_id)
    assert mark is not None
    equities = []
    for price in (mark, mark + 10**18):
        after = decisions.resized(account, resize, 5 * 10**18, price)
        [row] = PLUG.margin(PLUG.value(after, prices))
        assert row.equity_e18 is not None
        equities.append(row.equity_e18)
    assert equities[0] - equities[1] == 5 * 10**18


def test_the_present_parameters_change_nothing_and_others_do(book: Book) -> None:
    decisions = PLUG.decide(PLUG.value(book, PLUG.prices(book)))
    known = {one.name: one for one in decisions.parameters()}
    same = decisions.with_parameters({name: one.value for name, one in known.items()})
    assert margin(same) == margin(book)
    name = next(name for name in known if name.startswith("perp_im"))
    other = decisions.with_parameters({name: 10**18})
    before, after = margin(book), margin(other)
    assert before != after
    assert [r.equity_e18 for r in before] == [r.equity_e18 for r in after]
    with pytest.raises(ValueError, match="below perp_mm"):
        decisions.with_parameters({name: 0})
    with pytest.raises(KeyError):
        decisions.with_parameters({"nothing:ETH": 1})


def test_cash_leaves_no_faster_than_it_is_free(book: Book) -> None:
    [pool] = PLUG.decide(PLUG.value(book, PLUG.prices(book))).exit_pools()
    assert pool.claims
    assert all(claim.free >= 0 for claim in pool.claims)
    free = {row.account_id: row.free_collateral_e18 for row in margin(book)}
    for claim in pool.claims:
        room = free[claim.account_id]
        if room is not None and room < 0:
            assert claim.free == 0
