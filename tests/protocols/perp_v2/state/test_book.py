"""The book: accounts, assets, legs, factors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from perp_story import (
    ALICE,
    BASE,
    BOB,
    DEPLOYMENT,
    E18,
    FUND,
    USDC,
    WETH,
    Story,
    ToldNode,
)

from analyzer.model.book import Asset, Book, LegKind
from analyzer.model.deployment import Deployment
from analyzer.model.reads import NotRead
from analyzer.protocols.kit.factors import default_factor
from analyzer.protocols.kit.ticks import amounts_in_range, sqrt_ratio_at_tick
from analyzer.protocols.perp_v2 import PLUG
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.state.state import PerpState

TIME = 1_700_010_000


def told() -> Story:
    """Alice holds USDC and a range, Bob WETH and a long position."""
    story = Story().market().weth().deposit(ALICE, 7 * 10**6).deposit(BOB, 2 * E18, WETH).block()
    story.add_range(ALICE, -200, 200, 10**21, (10 * E18, 10 * E18)).block()
    return story.swap(-E18, E18, 1).position(BOB, E18, -E18, open_notional=-E18)


def book_of(story: Story, deployment: Deployment = DEPLOYMENT) -> Book:
    """The book that the plug makes of a story."""
    ledger = story.fold()
    node = ToldNode(ledger, TIME)
    return PLUG.book(deployment, node.block, ledger, node.drive(ledger))


def test_accounts_come_in_order_of_appearance_and_the_fund_is_one_of_them() -> None:
    book = book_of(told())
    assert list(book.account_ids) == [ALICE, BOB, FUND]
    assert list(book.owners) == [ALICE, BOB, FUND]
    assert isinstance(book.state, PerpState)
    assert book.state.accounts[FUND] == Account(FUND, {USDC: 0})


def test_legs_are_balances_and_total_sizes_with_ranges_counted() -> None:
    book = book_of(told())
    usdc, weth, market = book.assets
    assert book.indptr.tolist() == [0, 2, 5, 6]
    alice, bob = book.legs(0), book.legs(1)
    assert alice[0] == (usdc, 7 * 10**6)
    assert alice[1][0] == market
    held, _ = amounts_in_range(sqrt_ratio_at_tick(1), -200, 200, 10**21)
    assert alice[1][1] == held - 10 * E18
    assert bob == [(usdc, 0), (weth, 2 * E18), (market, E18)]
    assert np.allclose(book.amounts_f64()[2:5], [0, 2, 1])


def test_assets_name_symbol_decimals_and_factor() -> None:
    assert list(book_of(told()).assets) == [
        Asset(USDC, "USDC", LegKind.COLLATERAL, 6, "USDC"),
        Asset(WETH, "WETH", LegKind.COLLATERAL, 18, "ETH"),
        Asset(BASE, "vETH", LegKind.POSITION, 18, "ETH"),
    ]


@pytest.mark.parametrize(
    ("symbol", "factor"),
    [
        ("vETH", "ETH"),
        ("WETH", "ETH"),
        ("WBTC", "BTC"),
        ("vBTC", "BTC"),
        ("vOP", "OP"),
        ("OP", "OP"),
        ("v", "v"),
        ("USDC", "USDC"),
    ],
)
def test_default_factors_go_by_symbol(symbol: str, factor: str) -> None:
    assert default_factor(symbol) == factor


def test_a_deployment_names_factors_by_symbol_or_by_address() -> None:
    named = replace(DEPLOYMENT, factors={"WETH": "stETH/ETH", BASE: "my-eth"})
    assert [asset.factor for asset in book_of(told(), named).assets] == [
        "USDC",
        "stETH/ETH",
        "my-eth",
    ]


def test_prices_carry_the_factors_and_the_settlement_token_is_one() -> None:
    book = book_of(told())
    prices = PLUG.prices(book)
    assert {p.symbol: (p.factor, p.status) for p in prices.by_asset.values()} == {
        "USDC": ("USDC", "fixed"),
        "WETH": ("ETH", "fresh"),
        "vETH": ("ETH", "fresh"),
    }
    assert prices.e18(USDC) == E18


def test_a_market_that_was_not_read_makes_only_its_accounts_unknown() -> None:
    ledger = told().deposit("0x" + "0" * 39 + "C", 1).fold()
    node = ToldNode(ledger, TIME)
    pool = ledger.markets[BASE].pool.address
    node.calls[pool, "slot0"] = NotRead("not recorded")
    book = PLUG.book(DEPLOYMENT, node.block, ledger, node.drive(ledger))
    rows = PLUG.margin(PLUG.value(book, PLUG.prices(book)))
    assert [row.unknown_reason is None for row in rows] == [False, False, True, True]
    assert rows[0].unknown_reason == f"UniswapV3Pool.slot0({BASE}): not recorded"


@pytest.mark.parametrize(
    ("contract", "function"),
    [("pool", "slot0"), ("base", "isPaused"), ("base", "getPausedIndexPrice")],
)
def test_what_was_not_read_of_a_market_is_no_price_and_contradicts_nothing(
    contract: str, function: str
) -> None:
    def broken() -> list[str]:
        book = PLUG.book(DEPLOYMENT, node.block, ledger, node.drive(ledger))
        prices = PLUG.prices(book)
        totals = PLUG.details(PLUG.value(book, prices)).totals
        return [total.name for total in totals if total.holds is False]

    ledger = told().fold()
    node = ToldNode(ledger, TIME)
    intact = broken()
    at = ledger.markets[BASE].pool.address if contract == "pool" else BASE
    node.calls[at, function] = NotRead("not recorded")
    book = PLUG.book(DEPLOYMENT, node.block, ledger, node.drive(ledger))
    prices = PLUG.prices(book)
    assert (prices.by_asset[BASE].status, prices.by_asset[BASE].price_e18) == ("missing", None)
    valued = PLUG.value(book, prices)
    judges = PLUG.truth(valued, PLUG.margin(valued), [])
    mark = [j for j in judges if j.fields == ("getMarkPrice",)]
    assert [(j.expected, j.expected_revert) for j in mark] == [((None,), None)]
    assert broken() == intact


def test_the_plug_refuses_a_book_and_a_ledger_of_another_protocol() -> None:
    book = replace(book_of(told()), state=object())
    with pytest.raises(TypeError, match="another protocol"):
        PLUG.margin(PLUG.value(book, PLUG.prices(book_of(told()))))


def test_a_story_without_a_market_has_a_book_too() -> None:
    book = book_of(Story().deposit(ALICE, 5))
    assert [asset.symbol for asset in book.assets] == ["USDC"]
    assert book.legs(0) == [(book.assets[0], 5)]
