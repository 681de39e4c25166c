"""What may be decided about Nado's recorded book: to the boundary, by its own healths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from nado_recording import recorded

from analyzer.model.book import Book
from analyzer.model.integers import WAD
from analyzer.model.rows import MarginRow
from analyzer.protocols.nado import PLUG
from analyzer.protocols.nado.state.state import QUOTE, state_of
from analyzer.risk.sizing import largest


@pytest.fixture(scope="module")
def book(shared: Path) -> Book:
    return recorded(shared).book("active").valued.book


def margin(book: Book) -> list[MarginRow]:
    return list(PLUG.margin(PLUG.value(book, PLUG.prices(book))))


def test_one_unit_more_fails_for_perps_and_borrowings(book: Book) -> None:
    prices = PLUG.prices(book)
    decisions = PLUG.decide(PLUG.value(book, prices))
    seen = set()
    for row in [r for r in margin(book) if (r.free_collateral_e18 or 0) > WAD][:4]:
        for resize in decisions.resizes(row.account_id):
            for sign in (1, -1) if resize.kind == "trade" else (1,):

                def passes(amount: int) -> bool:
                    after = decisions.resized(row.account_id, resize, sign * amount)  # noqa: B023
                    [found] = PLUG.margin(PLUG.value(after, prices))
                    return (found.free_collateral_e18 or -1) >= 0

                if not passes(0):
                    continue
                most = largest(passes)
                assert most is not None
                assert passes(most)
                assert not passes(most + 1)
                seen.add(resize.kind)
    assert seen == {"trade", "borrow"}


def test_nothing_taken_on_and_nothing_set_is_nothing_changed(book: Book) -> None:
    prices = PLUG.prices(book)
    decisions = PLUG.decide(PLUG.value(book, prices))
    before = PLUG.pack(book)
    for row in margin(book)[:5]:
        for resize in decisions.resizes(row.account_id)[:3]:
            same = decisions.resized(row.account_id, resize, 0)
            assert list(PLUG.margin(PLUG.value(same, prices))) == [row]
            decisions.resized(row.account_id, resize, WAD)
    known = {one.name: one.value for one in decisions.parameters()}
    assert margin(decisions.with_parameters(known)) == margin(book)
    assert PLUG.pack(book) == before


def test_easier_weights_are_refused_and_harder_ones_cost_free_collateral(book: Book) -> None:
    decisions = PLUG.decide(PLUG.value(book, PLUG.prices(book)))
    known = {one.name: one.value for one in decisions.parameters()}
    name = next(n for n, v in known.items() if n.startswith("long_initial") and 0 < v < WAD)
    with pytest.raises(ValueError, match="have to rise"):
        decisions.with_parameters({name: WAD + 1})
    tight = margin(decisions.with_parameters({name: 0}))
    # Whoever has no perps has no spread, whose credit would grow with the haircut.
    accounts = state_of(book).accounts
    pairs = [
        (old.free_collateral_e18, new.free_collateral_e18)
        for old, new in zip(margin(book), tight, strict=True)
        if old.free_collateral_e18 is not None and new.free_collateral_e18 is not None
        and not accounts[old.account_id].perps
    ]  # fmt: skip
    assert all(new <= old for old, new in pairs)
    assert any(new < old for old, new in pairs)
    assert [r.equity_e18 for r in tight] == [r.equity_e18 for r in margin(book)]


def test_closing_at_the_price_frees_what_a_position_required(book: Book) -> None:
    prices = PLUG.prices(book)
    decisions = PLUG.decide(PLUG.value(book, prices))
    row, way = next(
        (row, way)
        for row in margin(book)
        if row.free_collateral_e18 is not None
        # Only the quote beside its perps: no spread ends with them.
        if set(state_of(book).accounts[row.account_id].spot) <= {QUOTE}
        for way in decisions.reductions(row.account_id)
        if way.kind == "close" and way.most > WAD // 1_000
    )
    price = prices.e18(way.asset_id)
    assert price is not None
    after = decisions.reduced(row.account_id, way, way.most, way.most * price // WAD)
    [found] = PLUG.margin(PLUG.value(after, prices))
    assert found.free_collateral_e18 is not None
    assert row.free_collateral_e18 is not None
    assert found.free_collateral_e18 > row.free_collateral_e18
    assert abs((found.equity_e18 or 0) - (row.equity_e18 or 0)) < 10


def test_nobody_leaves_with_more_than_is_there_or_than_is_free(book: Book) -> None:
    pools = PLUG.decide(PLUG.value(book, PLUG.prices(book))).exit_pools()
    assert any(pool.claims for pool in pools)
    free = {row.account_id: row.free_collateral_e18 for row in margin(book)}
    for pool in pools:
        for claim in pool.claims:
            assert 0 <= claim.free <= claim.amount
            assert claim.free <= pool.available
            if (free[claim.account_id] or 0) < 0:
                assert claim.free == 0


def test_a_what_if_to_the_weights_of_a_later_block_gives_that_blocks_numbers(shared: Path) -> None:
    # Between these pins the chain changed the weights of two products, and interest ran: the later
    # block as it would be under the earlier weights, and then the what-if.
    before, after = (recorded(shared).book(at).valued for at in ("socialised_base", "risk_change"))
    assert before.valuation.prices == after.valuation.prices
    old = {product.product_id: product.risk for product in before.state.products()}
    changed = [p for p in after.state.products() if old[p.product_id] != p.risk]
    assert len(changed) == 2
    mixed = replace(
        after.state,
        spots={n: replace(p, risk=old[n]) for n, p in after.state.spots.items()},
        perps={n: replace(p, risk=old[n]) for n, p in after.state.perps.items()},
    )
    present = PLUG.value(replace(after.book, state=mixed), after.prices)
    decisions = PLUG.decide(present)
    values = {
        f"{at}:{product.symbol}": getattr(product.risk, at)
        for product in changed
        for at in ("long_initial", "short_initial", "long_maintenance", "short_maintenance")
    }
    told = list(PLUG.margin(PLUG.value(decisions.with_parameters(values), after.prices)))
    assert told == list(PLUG.margin(after))
    # The present weights would not have said so of everybody.
    sides = [
        (one.liquidatable, other.liquidatable)
        for one, other in zip(PLUG.margin(present), told, strict=True)
    ]
    assert any(one != other for one, other in sides)
