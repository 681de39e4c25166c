"""Taker positions and maker orders, in the orders in which the contract emits its events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from perp_story import ALICE, BASE, BOB, CAROL, E18, Story

from analyzer.protocols.perp_v2.logs.fold import PerpLedger
from analyzer.protocols.perp_v2.logs.fold.context import swap_remove
from analyzer.protocols.perp_v2.logs.fold.positions import order_id
from analyzer.protocols.perp_v2.records import AccountMarket

RANGE = (-200, 200)


def records(ledger: PerpLedger, trader: str) -> dict[str, tuple[int, int]]:
    """Market -> (taker size, taker notional) of an account."""
    return {
        base: (record.taker_position_size, record.taker_open_notional)
        for base, record in ledger.accounts[trader].account.markets.items()
    }


def ranges(ledger: PerpLedger, trader: str) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Ticks -> (liquidity, base debt, quote debt) of an account's orders."""
    record = ledger.accounts[trader].account.markets.get(BASE, AccountMarket())
    return {
        key: (order.liquidity, order.base_debt, order.quote_debt)
        for key, order in record.orders.items()
    }


def opened() -> Story:
    """Alice is long 10 at 1."""
    story = Story().market().block()
    return story.swap(-10 * E18, 101 * E18 // 10, 1).position(
        ALICE, 10 * E18, -10 * E18, open_notional=-10 * E18 - E18 // 10, fee=E18 // 10
    )


def test_an_opened_position_owes_its_fee_in_the_notional() -> None:
    ledger = opened().fold()
    assert records(ledger, ALICE) == {BASE: (10 * E18, -10 * E18 - E18 // 10)}
    assert ledger.notes == []


def test_a_reduced_position_keeps_the_notional_that_was_not_realized() -> None:
    story = opened().block().swap(5 * E18, -5 * E18, 0)
    story.position(ALICE, -5 * E18, 5 * E18, open_notional=-5 * E18 - E18 // 10 + 3, pnl=-3)
    assert records(story.fold(), ALICE) == {BASE: (5 * E18, -5 * E18 - E18 // 10 + 3)}


def test_a_record_of_dust_without_orders_is_deleted() -> None:
    story = opened().block().swap(10 * E18, -10 * E18, 0)
    story.position(ALICE, -10 * E18 + 9, 10 * E18, open_notional=0, pnl=-(E18 // 10) - 9)
    ledger = story.fold()
    assert records(ledger, ALICE) == {}
    takers = ledger.markets[BASE].takers
    assert (takers.dust_base, takers.dust_quote, takers.deleted_records) == (9, 9, 1)
    assert ledger.notes == []


def test_ten_wei_are_not_dust() -> None:
    story = opened().block().swap(10 * E18, -10 * E18, 0)
    story.position(ALICE, -10 * E18 + 10, 10 * E18, open_notional=0, pnl=-(E18 // 10))
    assert records(story.fold(), ALICE) == {BASE: (10, 0)}


def test_dust_with_an_order_stays() -> None:
    story = Story().market().block().add_range(ALICE, *RANGE, 1_000, (10, 20)).block()
    story.swap(-5, 5, 1).position(ALICE, 5, -5, open_notional=-5)
    assert records(story.fold(), ALICE) == {BASE: (5, -5)}


def test_an_order_grows_by_the_amounts_of_the_event() -> None:
    story = Story().market().block().add_range(ALICE, *RANGE, 1_000, (10, 20))
    story.block().add_range(ALICE, *RANGE, 500, (7, 8))
    assert ranges(story.fold(), ALICE) == {RANGE: (1_500, 17, 28)}


def test_a_partial_removal_takes_the_floored_share_of_the_debts_not_the_amounts() -> None:
    story = Story().market().block().add_range(ALICE, *RANGE, 1_000, (10, 21)).block()
    story.burn(*RANGE, 333, (4, 6)).position(ALICE, 1, 0, open_notional=0)
    story.liquidity(ALICE, *RANGE, -333, (-4, -6))
    ledger = story.fold()
    assert ranges(ledger, ALICE) == {RANGE: (667, 10 - 3, 21 - 6)}
    assert ledger.markets[BASE].takers.released_base == 1


def test_removing_the_last_order_deletes_the_record_although_its_event_comes_after() -> None:
    story = Story().market().block().add_range(ALICE, *RANGE, 1_000, (10, 20)).block()
    story.burn(*RANGE, 1_000, (9, 20)).position(ALICE, -1, 0, open_notional=0)
    story.liquidity(ALICE, *RANGE, -1_000, (-9, -20))
    ledger = story.fold()
    assert records(ledger, ALICE) == {}
    assert ledger.notes == []


def test_cancelled_orders_come_before_the_taker_change_that_they_release() -> None:
    story = Story().market().block().add_range(ALICE, *RANGE, 1_000, (10, 20))
    story.block().add_range(ALICE, -400, 400, 2_000, (30, 40)).block()
    story.burn(*RANGE, 1_000, (9, 20)).liquidity(ALICE, *RANGE, -1_000, (-9, -20))
    story.burn(-400, 400, 2_000, (50, 20)).liquidity(ALICE, -400, 400, -2_000, (-50, -20))
    story.position(ALICE, 19, -20, open_notional=-20)
    ledger = story.fold()
    assert ranges(ledger, ALICE) == {}
    assert records(ledger, ALICE) == {BASE: (19, -20)}
    takers = ledger.markets[BASE].takers
    assert (takers.released_base, takers.released_quote) == (19, -20)


def test_collecting_fees_changes_no_order() -> None:
    story = Story().market().block().add_range(ALICE, *RANGE, 1_000, (10, 20)).block()
    story.burn(*RANGE, 0, (0, 0)).position(ALICE, 0, 0, open_notional=0)
    story.liquidity(ALICE, *RANGE, 0, (0, 0))
    ledger = story.fold()
    assert ranges(ledger, ALICE) == {RANGE: (1_000, 10, 20)}
    assert ledger.notes == []


def test_a_liquidation_moves_the_size_and_leaves_the_discount_to_the_liquidator() -> None:
    story = opened().block()
    story.position(ALICE, -4 * E18, 4 * E18, open_notional=-6 * E18 - E18 // 10)
    story.position(BOB, 4 * E18, -4 * E18 + 7, open_notional=-4 * E18 + 7)
    story.tell("clearing_house", "PositionLiquidated", trader=ALICE, baseToken=BASE)
    ledger = story.fold()
    assert records(ledger, ALICE) == {BASE: (6 * E18, -6 * E18 - E18 // 10)}
    assert records(ledger, BOB) == {BASE: (4 * E18, -4 * E18 + 7)}
    takers = ledger.markets[BASE].takers
    assert (takers.liquidation_base, takers.liquidation_quote) == (0, 7)
    assert ledger.liquidations == 1


def test_quitting_a_closed_market_deletes_the_record() -> None:
    story = opened().block()
    story.tell("clearing_house", "PositionClosed", trader=ALICE, baseToken=BASE)
    ledger = story.fold()
    assert records(ledger, ALICE) == {}
    takers = ledger.markets[BASE].takers
    assert (takers.closed_base, takers.closed_positions) == (10 * E18, 1)


def test_a_trade_adds_nothing_to_what_may_be_off_when_both_sides_are_equal() -> None:
    swaps = opened().fold().markets[BASE].swaps
    assert (swaps.trades, swaps.net_base, swaps.base_allowed) == (1, -10 * E18, 0)
    # 10.1 quote came in, of which 1 % is the pool's own fee: 9.999 against 10 booked.
    assert swaps.net_quote == 101 * E18 // 10 * 99 // 100
    assert swaps.rounded_quote == 1


def test_what_no_rule_explains_becomes_a_note() -> None:
    story = opened().block().position(ALICE, 0, 0, open_notional=1)
    story.tell("clearing_house", "PositionClosed", trader=CAROL, baseToken=BASE)
    story.tell("vault", "Surprise").burn(*RANGE, 1, (0, 0))
    story.position(BOB, 100, 0, open_notional=0)
    kinds = [note.kind for note in story.fold().notes]
    assert kinds == ["open notional", "unknown position", "unhandled event", "unknown order"]


def test_an_order_id_packs_trader_market_and_signed_ticks() -> None:
    one, other = order_id(ALICE, BASE, -200, 200), order_id(ALICE, BASE, -199, 200)
    assert len(one) == 66
    assert one != other


@given(st.lists(st.integers(0, 9), unique=True, min_size=1), st.data())
def test_swap_remove_is_the_contracts_list(items: list[int], data: st.DataObject) -> None:
    kept = dict.fromkeys(items, "x")
    expected = list(items)
    while expected:
        gone = data.draw(st.sampled_from(expected))
        swap_remove(kept, gone)
        expected[expected.index(gone)] = expected[-1]
        expected.pop()
        assert list(kept) == expected
