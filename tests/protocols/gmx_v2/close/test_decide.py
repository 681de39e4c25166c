"""What may be decided about GMX V2's recorded positions: to the boundary, by its own tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gmx_recording import recorded

from analyzer.model.rows import MarginRow
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.close.decide import GmxDecisions
from analyzer.protocols.gmx_v2.close.increase import (
    increase,
    opening_impact,
    settled,
    withdrawable_without_profit,
)
from analyzer.protocols.gmx_v2.close.motion import accrue, in_motion
from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.value.impact import closing_impact
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.gmx_v2.value.value import GmxValued
from analyzer.protocols.kit.unreadable import UnreadableNumberError
from analyzer.risk.sizing import largest


@pytest.fixture(scope="module")
def valued(shared: Path) -> GmxValued:
    return recorded(shared).valued("F")


@pytest.fixture(scope="module")
def decisions(valued: GmxValued) -> GmxDecisions:
    found = PLUG.decide(valued)
    assert isinstance(found, GmxDecisions)
    return found


def test_one_unit_more_fails_the_traders_own_test(
    valued: GmxValued, decisions: GmxDecisions
) -> None:
    seen, exact = set(), 0
    rows = [row for row in PLUG.margin(valued) if (row.free_collateral_e18 or 0) > 0]
    for row in rows[:8]:
        for resize in decisions.resizes(row.account_id):

            def after(amount: int) -> tuple[MarginRow, str]:
                book = decisions.resized(row.account_id, resize, resize.sides[0] * amount)  # noqa: B023
                there = PLUG.value(book, valued.prices)
                assert isinstance(there, GmxValued)
                [found] = PLUG.margin(there)
                return found, there.valuation.numbers(row.account_id).user.reason  # type: ignore[union-attr]  # noqa: B023

            most = largest(lambda amount: (after(amount)[0].free_collateral_e18 or -1) >= 0)
            assert most is not None
            # The contract's own words, at 30 decimals: a hair of 18 decimals may lie between.
            assert after(most)[1] == ""
            hair = next(n for n in range(1, 2_000) if after(most + n)[1] != "")
            exact += hair == 1
            seen.add(resize.kind)
    assert seen == {"trade", "withdraw"}
    assert exact >= len(rows[:8])


def test_nothing_taken_on_and_nothing_set_is_nothing_changed(
    valued: GmxValued, decisions: GmxDecisions
) -> None:
    before = PLUG.pack(valued.book)
    rows = {row.account_id: row for row in PLUG.margin(valued)}
    for account, row in list(rows.items())[:6]:
        for resize in decisions.resizes(account):
            same = decisions.resized(account, resize, 0)
            assert list(PLUG.margin(PLUG.value(same, valued.prices))) == [row]
            decisions.resized(account, resize, 10**6)
    known = {one.name: one.value for one in decisions.parameters()}
    book = decisions.with_parameters(known)
    assert list(PLUG.margin(PLUG.value(book, valued.prices))) == list(rows.values())
    assert PLUG.pack(valued.book) == before


def test_a_larger_floor_liquidates_and_costs_free_collateral(
    valued: GmxValued, decisions: GmxDecisions
) -> None:
    names = [one.name for one in decisions.parameters()]
    floor = next(name for name in names if name.startswith("liquidation_factor:"))
    tight = decisions.with_parameters({floor: ONE // 4, "min_collateral": 50 * ONE})
    old, new = PLUG.margin(valued), PLUG.margin(PLUG.value(tight, valued.prices))
    assert sum(bool(r.liquidatable) for r in new) > sum(bool(r.liquidatable) for r in old)
    pairs = list(zip(old, new, strict=True))
    assert all(
        (b.free_collateral_e18 or 0) <= (a.free_collateral_e18 or 0)
        for a, b in pairs
        if a.free_collateral_e18 is not None
    )


def test_what_opens_is_charged_what_its_close_is_paid(valued: GmxValued) -> None:
    # A power over the imbalance alone: growing by x and closing x again comes to nothing where no
    # bound is met and both directions have one curve.
    for position in list(valued.state.positions.values())[:10]:
        state = in_motion(valued.state)
        accrue(Valuation(state, valued.prices.pairs), position.market)
        valuation = Valuation(state, valued.prices.pairs)
        copy = in_motion(state)
        tokens = position.size_in_tokens // 50
        pool = valuation.pool(position.market)
        after = increase(valuation, copy, position, tokens)
        assert after.size_in_tokens == position.size_in_tokens + tokens
        usd = after.size_in_usd - position.size_in_usd
        opened = opening_impact(pool, position.is_long, usd, tokens)
        grown = Valuation(copy, valued.prices.pairs).pool(position.market)
        closed = closing_impact(grown, position.is_long, usd, tokens)
        assert opened.improved is not closed.improved
        # What worsens the balance costs at least what improving it back earns.
        assert opened.usd + closed.usd <= 0
        before = settled(valuation, position)
        assert after.collateral_amount < before.collateral_amount <= position.collateral_amount


def test_what_leaves_is_the_smaller_of_both_rules(
    valued: GmxValued, decisions: GmxDecisions
) -> None:
    pools = {pool.asset_id: pool for pool in decisions.exit_pools()}
    claims = {claim.account_id: claim for pool in pools.values() for claim in pool.claims}
    assert claims.keys() == set(valued.book.account_ids)
    rows = {row.account_id: row for row in PLUG.margin(valued)}
    for account, claim in claims.items():
        position = valued.state.positions[account]
        assert claim.amount == position.collateral_amount
        assert claim.free <= withdrawable_without_profit(valued.valuation, position)
        assert (claim.free > 0) <= ((rows[account].free_collateral_e18 or 0) > 0)
    assert any(claim.free for claim in claims.values())


def test_a_close_frees_what_its_part_required_and_nothing_is_left_of_the_whole(
    valued: GmxValued, decisions: GmxDecisions
) -> None:
    rows = {row.account_id: row for row in PLUG.margin(valued)}
    healthy = [a for a, row in rows.items() if (row.free_collateral_e18 or 0) > 0]
    for account in healthy[:6]:
        for way in decisions.reductions(account):
            half = decisions.reduced(account, way, way.most // 2, 0)
            [row] = PLUG.margin(PLUG.value(half, valued.prices))
            assert (row.maintenance_margin_e18 or 0) <= (rows[account].maintenance_margin_e18 or 0)
            gone = decisions.reduced(account, way, way.most, 0)
            [left] = PLUG.margin(PLUG.value(gone, valued.prices))
            assert (left.equity_e18, left.liquidatable, left.closable) == (0, False, False)
            value = way.most * (valued.prices.e18(way.asset_id) or 0) // 10**way.decimals
            fetched = decisions.executed_e18(account, way, way.most)
            assert abs(fetched - value) < value // 10


def test_a_disabled_market_lets_nobody_grow_or_leave(valued: GmxValued) -> None:
    state = in_motion(valued.state)
    for market in state.markets.values():
        market.settings["IS_MARKET_DISABLED"] = 1
    shut = PLUG.decide(PLUG.value(replace(valued.book, state=state), valued.prices))
    account = valued.book.account_ids[0]
    assert list(shut.resizes(account)) == []
    assert {claim.free for pool in shut.exit_pools() for claim in pool.claims} == {0}


def test_nobody_leaves_with_a_debt_or_leaves_a_rest_that_is_too_levered(
    valued: GmxValued, decisions: GmxDecisions
) -> None:
    # Every position fallen far enough lacks something, and its own close is refused.
    fallen = {
        asset: price.price_e18 * (3 if asset in valued.state.markets else 1)
        for asset, price in valued.prices.by_asset.items()
        if price.price_e18 is not None
    }
    there = PLUG.value(valued.book, valued.prices.with_e18(fallen))
    after = PLUG.decide(there)
    assert isinstance(after, GmxDecisions)
    refused = 0
    for row in PLUG.margin(there):
        if row.equity_e18 is None or row.equity_e18 >= 0:
            continue
        [way] = after.reductions(row.account_id)
        with pytest.raises(UnreadableNumberError, match="InsufficientFunds"):
            after.executed_e18(row.account_id, way, way.most)
        refused += 1
    assert refused > 3
    breached = [row for row in PLUG.margin(valued) if (row.free_collateral_e18 or 0) < 0]
    for row in breached:
        [way] = decisions.reductions(row.account_id)
        with pytest.raises(UnreadableNumberError):
            decisions.executed_e18(row.account_id, way, 1)
    assert breached
