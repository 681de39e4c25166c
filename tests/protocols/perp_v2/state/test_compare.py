"""The fold against storage: what agrees, what differs, what changed in silence, what is unread."""

from __future__ import annotations

import pytest
from perp_story import ALICE, BASE, BOB, CAROL, CONTRACTS, DEPLOYMENT, E18, USDC, Story, ToldNode

from analyzer.model.book import Prices, make_book
from analyzer.model.reads import NotRead
from analyzer.protocols.base import SilentChange
from analyzer.protocols.kit.ticks import amounts_in_range, sqrt_ratio_at_tick
from analyzer.protocols.perp_v2.judge.totals import totals
from analyzer.protocols.perp_v2.logs.fold import PerpLedger
from analyzer.protocols.perp_v2.logs.fold.context import settle
from analyzer.protocols.perp_v2.state import slots
from analyzer.protocols.perp_v2.state.book import rebuild_state
from analyzer.protocols.perp_v2.state.compare import SILENT_FUNDING
from analyzer.protocols.perp_v2.state.evidence import Evidence
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.value import value

TIME = 1_700_010_000
DEAR = 1_010_049_662_092_876_568
"""Price of tick 100 in 18 decimals: 1 % above the index."""


def story(size: int = 100) -> Story:
    """A maker, and two takers whose sizes are so small that funding truncates to nothing."""
    base, quote = amounts_in_range(sqrt_ratio_at_tick(100), 0, 200, 10**21)
    told = Story().market(100).deposit(ALICE, 10**9).deposit(BOB, 10**9).block()
    told.funding(DEAR, E18).add_range(ALICE, 0, 200, 10**21, (base + 1, quote + 1))
    sold = size * 100 // 99 + 1
    told.swap(-size, sold, 100).position(BOB, size, -size, open_notional=-size)
    told.tx().swap(sold, -size, 100).position(CAROL, -size, size, open_notional=size)
    return told.block(100).funding(DEAR, E18)


def state_of(node: ToldNode, ledger: PerpLedger) -> tuple[PerpState, Evidence]:
    """The rebuilt state and its evidence."""
    state = rebuild_state(DEPLOYMENT, node.block, ledger, node.drive(ledger))
    assert state.evidence is not None
    return state, state.evidence


def record_slot(trader: str, word: int) -> tuple[str, int]:
    """Where AccountBalance keeps a word of the trader's record."""
    return CONTRACTS["account_balance"], slots.of(slots.ACCOUNT_MARKETS, trader, BASE) + word


def off(state: PerpState) -> list[str]:
    """Names of the totals that do not hold."""
    valued = value(make_book([], [], [], state), Prices({}))
    return [row.name for row in totals(valued) if row.holds is False]


def test_storage_that_agrees_leaves_no_difference() -> None:
    ledger = story().fold()
    state, evidence = state_of(ToldNode(ledger, TIME), ledger)
    assert [c.what for c in evidence.comparisons.values() if c.compared != c.equal] == []
    assert sum(c.not_read for c in evidence.comparisons.values()) == 0
    assert evidence.silent_changes == []
    assert evidence.comparison("order funding snapshot").compared == 1
    assert state.unreadable == {}


def test_a_silent_settlement_is_recognised_adopted_and_counted() -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    growth = ledger.markets[BASE].growth.tw_premium_x96
    node.slots[record_slot(BOB, 2)] = growth
    state, evidence = state_of(node, ledger)
    assert evidence.silent_changes == [
        SilentChange(SILENT_FUNDING, BOB, BASE, f"snapshot 0 by logs, {growth} stored")
    ]
    comparison = evidence.comparison("funding snapshot")
    assert (comparison.compared, comparison.equal, comparison.silent) == (3, 3, 1)
    record = state.accounts[BOB].markets[BASE]
    assert record.last_tw_premium_growth_global_x96 == growth
    assert "fold against storage: funding snapshot" not in off(state)


def test_a_silent_settlement_of_a_maker_takes_the_snapshots_of_its_orders_along() -> None:
    ledger = story().fold()
    told = story().fold()
    maker = told.accounts[ALICE].account.markets[BASE]
    settle(maker, told.markets[BASE])
    node = ToldNode(told, TIME)
    state, evidence = state_of(node, ledger)
    assert [change.account_id for change in evidence.silent_changes] == [ALICE]
    orders = evidence.comparison("order funding snapshot")
    assert (orders.compared, orders.equal, orders.silent) == (1, 1, 1)
    assert state.accounts[ALICE].markets[BASE] == maker
    assert off(state) == []


def test_a_snapshot_whose_payment_would_have_been_an_event_is_a_difference() -> None:
    ledger = story(size=E18).fold()
    node = ToldNode(ledger, TIME)
    node.slots[record_slot(BOB, 2)] = ledger.markets[BASE].growth.tw_premium_x96
    state, evidence = state_of(node, ledger)
    assert evidence.silent_changes == []
    assert off(state) == ["fold against storage: funding snapshot"]


def test_a_snapshot_that_is_no_growth_of_the_market_is_a_difference() -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    node.slots[record_slot(BOB, 2)] = 12_345
    state, evidence = state_of(node, ledger)
    assert evidence.silent_changes == []
    assert evidence.comparison("funding snapshot").examples == [
        f"{BOB} {BASE}: 0 rebuilt, 12345 stored"
    ]
    assert off(state) == ["fold against storage: funding snapshot"]


WORDS = {
    "taker size": record_slot(BOB, 0),
    "open notional": record_slot(BOB, 1),
    "owed realized PnL": (
        CONTRACTS["account_balance"],
        slots.of(slots.ACCOUNT_OWED_PNL, BOB),
    ),
    "registered markets": (
        CONTRACTS["account_balance"],
        slots.of(slots.ACCOUNT_BASE_TOKENS, BOB),
    ),
    "settlement balance": (CONTRACTS["vault"], slots.of(slots.VAULT_BALANCES, BOB, USDC)),
    "open orders": (
        CONTRACTS["order_book"],
        slots.of(slots.ORDER_BOOK_ORDER_IDS, ALICE, BASE),
    ),
    "market funding growth": (CONTRACTS["exchange"], slots.of(slots.EXCHANGE_GROWTH, BASE)),
    "growth outside a tick": (
        CONTRACTS["order_book"],
        slots.of(slots.ORDER_BOOK_GROWTH_OUTSIDE, BASE, 200) + 1,
    ),
}


@pytest.mark.parametrize("what", WORDS)
def test_a_word_of_storage_that_lies_is_named(what: str) -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    told = node.slots.get(WORDS[what], 0)
    assert isinstance(told, int)
    node.slots[WORDS[what]] = told + 1
    state, _ = state_of(node, ledger)
    assert off(state) == [f"fold against storage: {what}"]


@pytest.mark.parametrize(
    ("trader", "place"),
    [
        (BOB, record_slot(BOB, 2)),
        (
            ALICE,
            (CONTRACTS["order_book"], slots.of(slots.ORDER_BOOK_FEE_GROWTH, BASE)),
        ),
        (
            ALICE,
            (CONTRACTS["order_book"], slots.of(slots.ORDER_BOOK_GROWTH_OUTSIDE, BASE, 200)),
        ),
    ],
)
def test_a_word_that_the_rebuild_needs_and_was_not_read_makes_its_account_unknown(
    trader: str, place: tuple[str, int]
) -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    node.slots[place] = NotRead("not recorded")
    state, _ = state_of(node, ledger)
    assert {address: why.reason for address, why in state.unreadable.items()} == {
        trader: "not recorded"
    }


def test_an_order_that_was_not_read_makes_its_maker_unknown() -> None:
    ledger = story().fold()
    (order,) = ledger.accounts[ALICE].account.markets[BASE].orders.values()
    node = ToldNode(ledger, TIME)
    first = slots.of(slots.ORDER_BOOK_ORDERS, bytes.fromhex(order.order_id[2:]))
    node.slots[CONTRACTS["order_book"], first + 1] = NotRead("not recorded")
    state, evidence = state_of(node, ledger)
    assert list(state.unreadable) == [ALICE]
    assert evidence.comparison("order").not_read == 1


def test_a_word_that_only_checks_the_fold_and_was_not_read_changes_nothing() -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    node.slots[record_slot(BOB, 0)] = NotRead("not recorded")
    state, evidence = state_of(node, ledger)
    assert state.unreadable == {}
    assert evidence.comparison("taker size").not_read == 1
    assert off(state) == []


def test_a_parameter_that_was_not_read_makes_everybody_unknown() -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    node.calls[CONTRACTS["clearing_house_config"], "getMmRatio"] = NotRead("not recorded")
    state, _ = state_of(node, ledger)
    fund = CONTRACTS["insurance_fund"]
    assert sorted(state.unreadable) == sorted([ALICE, BOB, CAROL, fund])


@pytest.mark.parametrize(
    ("contract", "function", "field"),
    [
        ("clearing_house_config", "getLiquidationPenaltyRatio", "liquidation_penalty_ratio"),
        ("collateral_manager", "getLiquidationRatio", "collateral_liquidation_ratio"),
        ("collateral_manager", "getCLInsuranceFundFeeRatio", "cl_insurance_fund_fee_ratio"),
        ("collateral_manager", "getCollateralValueDust", "collateral_value_dust"),
    ],
)
def test_a_parameter_of_liquidations_alone_that_was_not_read_makes_nobody_unknown(
    contract: str, function: str, field: str
) -> None:
    ledger = story().fold()
    node = ToldNode(ledger, TIME)
    node.calls[CONTRACTS[contract], function] = NotRead("not recorded")
    state, _ = state_of(node, ledger)
    assert state.unreadable == {}
    assert list(state.config.unread) == [field]


def test_the_ledger_is_left_as_it_was() -> None:
    ledger, twin = story().fold(), story().fold()
    node = ToldNode(ledger, TIME)
    node.slots[record_slot(BOB, 2)] = ledger.markets[BASE].growth.tw_premium_x96
    state_of(node, ledger)
    assert ledger == twin
