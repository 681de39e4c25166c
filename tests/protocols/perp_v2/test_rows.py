"""Rows beside margin: accounts, collateral, positions, orders, markets, totals, statements."""

from __future__ import annotations

import pytest
from perp_story import (
    ALICE,
    BASE,
    BOB,
    CAROL,
    CHAINLINK,
    DEPLOYMENT,
    E18,
    FUND,
    POOL,
    USDC,
    WETH,
    Story,
    ToldNode,
)

from analyzer.model.book import Book, Prices
from analyzer.model.reads import NotRead
from analyzer.model.rows import AccountRow, CollateralRow, MarginRow, MarketRow, TotalRow
from analyzer.protocols.base import Details, Plug
from analyzer.protocols.kit.ticks import amounts_in_range, sqrt_ratio_at_tick
from analyzer.protocols.perp_v2 import PLUG

TIME = 1_700_010_000
PLUG_CHECKED: Plug = PLUG


def told(long: int = E18) -> Story:
    """Alice is a maker, Bob long with WETH behind him, Carol short against him."""
    base, quote = amounts_in_range(2**96, -200, 200, 10**21)
    story = Story().market().weth().deposit(ALICE, 7 * 10**9).deposit(CAROL, 10**9)
    story.deposit(BOB, E18 // 1000, WETH).block().funding(E18, E18).add_range(
        ALICE, -200, 200, 10**21, (base + 1, quote + 1)
    )
    sold = long * 100 // 99 + 1
    story.block().swap(-long, sold, 0).position(BOB, long, -long, open_notional=-long)
    return story.tx().swap(sold, -long, 0).position(CAROL, -long, long, open_notional=long)


class Scan:
    """Everything the plug makes of a story, with the node's answers changeable before."""

    def __init__(self, story: Story, **changes: tuple[object, ...] | NotRead) -> None:
        self.ledger = story.fold()
        self.node = ToldNode(self.ledger, TIME)
        tokens = (self.ledger.accounts[BOB].account.balances.get(WETH, 0),)
        self.node.calls[WETH, "balanceOf"] = tokens
        self.node.calls[USDC, "balanceOf"] = (8 * 10**9,)
        for key, value in changes.items():
            where, name = key.split("_", 1)
            self.node.calls[
                {"usdc": USDC, "weth": WETH, "pool": POOL, "base": BASE}[where], name
            ] = value  # type: ignore[assignment]

    def finish(self) -> tuple[Book, Prices, list[MarginRow], Details]:
        """Book, prices, margin and rows."""
        book = PLUG.book(DEPLOYMENT, self.node.block, self.ledger, self.node.drive(self.ledger))
        prices = PLUG.prices(book)
        valued = PLUG.value(book, prices)
        return book, prices, list(PLUG.margin(valued)), PLUG.details(valued)


def test_accounts_are_listed_with_their_kind_and_their_blocks() -> None:
    *_, details = Scan(told()).finish()
    assert [(row.account_id, row.kind) for row in details.accounts] == [
        (ALICE, "maker"),
        (CAROL, "trader"),
        (BOB, "trader"),
        (FUND, "insurance_fund"),
    ]
    assert details.accounts[0] == AccountRow(ALICE, ALICE, "maker", 1, 2, 2)


def test_collateral_is_listed_raw_at_price_and_after_the_haircut() -> None:
    *_, details = Scan(told()).finish()
    assert [row for row in details.collateral if row.account_id != CAROL] == [
        CollateralRow(ALICE, USDC, "USDC", 6, 7 * 10**9, E18, 7_000 * E18, 7_000 * E18, 1_000_000),
        CollateralRow(
            BOB, WETH, "WETH", 18, E18 // 1000, 2_000 * E18, 2 * E18, 14 * E18 // 10, 700_000
        ),
    ]


def test_positions_and_orders_are_listed_with_what_they_hold() -> None:
    *_, details = Scan(told()).finish()
    sizes = {row.account_id: (row.size_e18, row.value_e18) for row in details.positions}
    assert sizes == {ALICE: (0, 0), BOB: (E18, E18), CAROL: (-E18, -E18)}
    (order,) = details.orders
    base, quote = amounts_in_range(sqrt_ratio_at_tick(0), -200, 200, 10**21)
    assert (order.base_amount_e18, order.quote_amount_e18) == (base, quote)
    assert (order.base_debt_e18, order.quote_debt_e18) == (base + 1, quote + 1)
    assert order.pending_fee_e18 == 0


def test_a_market_is_listed_with_its_prices_and_open_interest() -> None:
    *_, details = Scan(told()).finish()
    assert list(details.markets) == [
        MarketRow(BASE, "vETH", "ETH", "open", E18, E18, E18, E18, E18, 100_000, 62_500)
    ]


def totals(details: Details) -> dict[str, TotalRow]:
    """Totals by name."""
    return {row.name: row for row in details.totals}


def test_every_control_total_of_a_sound_story_holds() -> None:
    *_, details = Scan(told()).finish()
    assert [(row.name, row.difference) for row in details.totals if row.holds is not True] == []
    assert {"USDC in the Vault", "WETH in the Vault", "taker size vETH", "taker notional vETH"} <= (
        totals(details).keys()
    )


def test_a_direct_transfer_is_a_surplus_and_a_missing_token_is_not() -> None:
    *_, more = Scan(told(), usdc_balanceOf=(8 * 10**9 + 1,)).finish()
    assert totals(more)["USDC in the Vault"].holds is True
    assert totals(more)["USDC in the Vault"].difference == -1
    *_, less = Scan(told(), usdc_balanceOf=(8 * 10**9 - 1,)).finish()
    assert totals(less)["USDC in the Vault"].holds is False
    *_, token = Scan(told(), weth_balanceOf=(0,)).finish()
    assert totals(token)["WETH in the Vault"].holds is False


def test_an_unread_total_neither_holds_nor_fails() -> None:
    *_, details = Scan(told(), weth_balanceOf=NotRead("not recorded")).finish()
    assert totals(details)["WETH in the Vault"].holds is None


def test_a_taker_change_that_no_swap_moved_breaks_the_markets_total() -> None:
    story = told().block().position(BOB, 7, 0, open_notional=-E18)
    *_, details = Scan(story).finish()
    assert totals(details)["taker size vETH"].difference == 7


def test_a_trade_within_the_exact_output_tolerance_is_allowed_and_counted() -> None:
    story = told().block().swap(-E18, E18 * 100 // 99 + 1, 0)
    story.position(BOB, E18 + 9, -E18, open_notional=-2 * E18)
    *_, details = Scan(story).finish()
    total = totals(details)["taker size vETH"]
    assert (total.difference, total.allowed, total.holds) == (9, 9, True)
    assert "of 3 trades 1 of exact output" in total.why


def test_a_pools_tokens_and_liquidity_must_be_what_its_logs_say() -> None:
    *_, details = Scan(told(), pool_liquidity=(1,), base_balanceOf=(0,)).finish()
    off = [name for name, row in totals(details).items() if row.holds is False]
    assert off == ["liquidity vETH", "pool base vETH"]


def test_an_event_without_a_rule_is_a_total_that_fails() -> None:
    *_, details = Scan(told().tell("vault", "Surprise")).finish()
    total = totals(details)["events explained"]
    assert (total.difference, total.holds) == (1, False)
    assert "vault.Surprise" in total.why


def test_a_statement_leads_from_the_balance_to_the_headroom() -> None:
    *_, margin, details = Scan(told()).finish()
    lines = {
        (line.section, line.label): line.amount
        for line in details.statements
        if line.account_id == BOB
    }
    (bob,) = [row for row in margin if row.account_id == BOB]
    assert lines["collateral", "WETH balance"] == E18 // 1000
    assert lines["collateral", "WETH value after haircut"] == 14 * E18 // 10
    assert lines["position vETH", "size"] == E18
    assert lines["requirement", "maintenance margin"] == bob.maintenance_margin_e18
    assert lines["result", "margin equity"] == bob.margin_equity_e18
    assert lines["result", "free collateral"] == bob.free_collateral_e18
    headroom = (bob.margin_equity_e18 or 0) - (bob.maintenance_margin_e18 or 0)
    assert lines["result", "headroom"] == headroom
    assert all(line.source for line in details.statements)


def test_the_statement_of_an_unknown_account_says_what_logs_know_and_why_no_more() -> None:
    *_, details = Scan(told(), weth_decimals=NotRead("not recorded")).finish()
    lines = [line for line in details.statements if line.account_id == BOB]
    assert [(line.label, line.amount) for line in lines] == [
        ("USDC balance", 0),
        ("WETH balance", E18 // 1000),
        ("owed realized PnL", 0),
        ("unknown", None),
    ]
    assert "not recorded" in lines[-1].source


def test_rows_of_an_unknown_account_hold_none_and_never_zero() -> None:
    *_, details = Scan(told(), base_getIndexPrice=NotRead("not recorded")).finish()
    (bob,) = [row for row in details.positions if row.account_id == BOB]
    assert (bob.size_e18, bob.value_e18, bob.unrealized_pnl_e18) == (E18, None, None)
    assert bob.liquidatable_size_e18 is None
    assert details.markets[0].mark_price_e18 is None


def cautions(scan: Scan) -> list[tuple[str, str | None, str | None]]:
    """(kind, account, market) of every caution."""
    book, prices, margin, _ = scan.finish()
    return [
        (c.kind, c.account_id, c.market_id) for c in PLUG.cautions(PLUG.value(book, prices), margin)
    ]


def test_a_sound_scan_has_no_cautions() -> None:
    assert cautions(Scan(told())) == []


def test_a_paused_market_with_positions_is_a_caution() -> None:
    kinds = cautions(Scan(told(), base_isPaused=(True,), base_getPausedTimestamp=(TIME - 9,)))
    assert ("paused_market", None, BASE) in kinds


def test_a_position_that_ought_to_be_liquidated_in_a_paused_market_is_named() -> None:
    scan = Scan(told(100 * E18), base_isPaused=(True,), base_getPausedTimestamp=(TIME - 9,))
    kinds = cautions(scan)
    assert ("paused_market", BOB, BASE) in kinds
    *_, details = scan.finish()
    (bob,) = [row for row in details.positions if row.account_id == BOB]
    assert (bob.blocked, bob.liquidatable_size_e18) == ("CH_MNO", None)


def test_a_stale_feed_is_a_caution_with_the_accounts_that_it_makes_unknown() -> None:
    scan = Scan(told())
    scan.node.calls[CHAINLINK, "getTimeout"] = (10,)
    book, prices, margin, _ = scan.finish()
    found = PLUG.cautions(PLUG.value(book, prices), margin)
    assert {(c.kind, c.market_id) for c in found} == {
        ("stale_oracle", BASE),
        ("stale_oracle", WETH),
    }
    weth = next(c for c in found if c.market_id == WETH)
    assert weth.amounts["age_s"] == 60
    assert weth.amounts["accounts_count"] == 1
    assert weth.amounts["unknown_accounts_count"] == 1


@pytest.mark.parametrize("role", ["vault", "clearing_house"])
def test_a_paused_contract_is_a_caution(role: str) -> None:
    scan = Scan(told())
    scan.node.calls[DEPLOYMENT.contracts[role], "paused"] = (True,)
    assert [kind for kind, _, _ in cautions(scan)] == ["paused_market"]
