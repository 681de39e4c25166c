"""Owners over several scans at common prices, on a rule simple enough to be done by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_results import BLOCK, E18, clean_result

from analyzer.model.book import Asset, Book, LegKind, Price, Prices
from analyzer.model.deployment import Deployment
from analyzer.model.integers import WAD, mul_div
from analyzer.model.rows import MarginRow, unknown_margin
from analyzer.solvency.owners import common_prices, short_together
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import judge_accounts

COIN = "coin"


def priced(
    asset_id: str, factor: str, price: int | None, *, status: str = "fresh", symbol: str = ""
) -> Price:
    price_e18 = None if price is None else price * E18
    return Price(asset_id, symbol or asset_id, factor, price_e18, status, "by hand")


def prices_of(*prices: Price) -> Prices:
    return Prices({price.asset_id: price for price in prices})


def margin_at(result: ScanResult, book: Book, prices: Prices) -> list[MarginRow]:
    """Each account: cash in `state` and coins; nothing may fall below zero. equity = margin
    equity = cash + coins x price; maintenance = 0."""
    cash: dict[str, int] = book.state  # type: ignore[assignment]
    rows = []
    for number, account in enumerate(book.account_ids):
        price = prices.e18(COIN)
        if price is None:
            rows.append(unknown_margin(account, "no price"))
            continue
        coins = sum(amount for _, amount in book.legs(number))
        equity = cash[account] * E18 + mul_div(coins, price, WAD)
        row = MarginRow(account, account, equity, equity, 0, 0, equity, equity < 0, True)
        rows.append(row)
    return rows


def scan(
    name: str, price: int | None, accounts: dict[str, tuple[int, int]], *, status: str = "fresh"
) -> ScanResult:
    """A scan of accounts -> (cash, coins) at a price of the coin."""
    ids = list(accounts)
    book = Book(
        ids,
        ids,
        [Asset(COIN, COIN, LegKind.COLLATERAL, 18, "ETH")],
        np.arange(len(ids) + 1, dtype=np.int64),
        np.zeros(len(ids), dtype=np.int32),
        [coins * E18 for _, coins in accounts.values()],
        {account: cash for account, (cash, _) in accounts.items()},
    )
    prices = prices_of(priced(COIN, "ETH", price, status=status))
    result = clean_result(
        [],
        scan_id=f"scan-{name}",
        deployment=Deployment(name, "by-hand", 31_337, 1, {}),
        book=book,
        prices=prices,
    )
    return replace(result, margin=judge_accounts(margin_at(result, book, prices)))


def found(results: Sequence[ScanResult]) -> list[tuple[str, int, int, int, int]]:
    """(owner, number of accounts, whose prices, headroom alone, headroom together) in units."""
    return [
        (t.owner, len(t.accounts), t.priced_by, t.headroom_alone_e18 // E18, t.headroom_e18 // E18)
        for t in short_together(results, margin_at)
    ]


def test_who_is_long_at_the_high_price_and_owes_at_the_low_one_is_short_at_either() -> None:
    # Long 10 at 110 with 1060 owed: +40. Short 10 at 90 with 905 in cash: +5. At one price: -155.
    results = [scan("a", 110, {"ann": (-1_060, 10)}), scan("b", 90, {"ann": (905, -10)})]
    assert found(results) == [("ann", 2, 0, 45, -155)]


def test_an_owner_who_can_bear_the_common_price_is_not_named() -> None:
    results = [scan("a", 110, {"ann": (-900, 10)}), scan("b", 90, {"ann": (905, -10)})]
    assert found(results) == []


def test_the_worst_of_the_price_sets_is_reported() -> None:
    # Long in both: short only at the low price.
    results = [scan("a", 110, {"ann": (-1_060, 10)}), scan("b", 90, {"ann": (-880, 10)})]
    assert found(results) == [("ann", 2, 1, 60, -140)]


def test_nobody_is_short_together_where_all_prices_agree() -> None:
    results = [scan("a", 100, {"ann": (-1_000, 10)}), scan("b", 100, {"ann": (1_000, -10)})]
    assert found(results) == []


def test_an_owner_whom_a_protocol_would_liquidate_by_itself_is_not_reported_again() -> None:
    results = [scan("a", 110, {"ann": (-1_160, 10)}), scan("b", 90, {"ann": (905, -10)})]
    assert found(results) == []


def test_nothing_is_said_of_an_owner_with_an_unknown_account() -> None:
    results = [
        scan("a", 110, {"ann": (-1_060, 10)}),
        scan("b", 90, {"ann": (905, -10)}),
        scan("c", None, {"ann": (0, 1)}),
    ]
    assert found(results) == []


@pytest.mark.parametrize("status", ["fixed", "stale"])
def test_only_a_fresh_price_takes_the_place_of_another(status: str) -> None:
    results = [
        scan("a", 110, {"ann": (-1_060, 10)}),
        scan("b", 90, {"ann": (905, -10)}, status=status),
    ]
    assert found(results) == []


def test_scans_of_different_blocks_are_not_added_up() -> None:
    later = replace(scan("b", 90, {"ann": (905, -10)}), block=replace(BLOCK, hash="0x" + "ef" * 32))
    assert found([scan("a", 110, {"ann": (-1_060, 10)}), later]) == []


def test_the_number_of_the_scan_is_the_one_in_the_run() -> None:
    other = replace(scan("x", 1, {"bob": (1, 0)}), block=replace(BLOCK, hash="0x" + "ef" * 32))
    results = [other, scan("a", 110, {"ann": (-1_060, 10)}), scan("b", 90, {"ann": (905, -10)})]
    [together] = short_together(results, margin_at)
    assert together.priced_by == 1
    assert [account.scan for account in together.accounts] == [1, 2]
    assert together.repriced == [(COIN, "ETH", 90 * E18, 110 * E18)]


amounts = st.integers(-50, 50)


@given(st.tuples(amounts, amounts), st.tuples(amounts, amounts), st.integers(1, 9))
def test_at_equal_prices_the_sum_of_safe_accounts_is_never_short(
    one: tuple[int, int], two: tuple[int, int], price: int
) -> None:
    assert found([scan("a", price, {"ann": one}), scan("b", price, {"ann": two})]) == []


@given(
    st.tuples(amounts, amounts),
    st.tuples(amounts, amounts),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_what_is_reported_is_the_sum_done_by_hand(
    one: tuple[int, int], two: tuple[int, int], high: int, low: int
) -> None:
    alone = [one[0] + one[1] * high, two[0] + two[1] * low]
    at = [one[0] + two[0] + (one[1] + two[1]) * price for price in (high, low)]
    expected = [("ann", 2, at.index(min(at)), sum(alone), min(at))]
    if min(alone) < 0 or min(at) >= 0 or high == low:
        expected = []
    assert found([scan("a", high, {"ann": one}), scan("b", low, {"ann": two})]) == expected


def test_a_common_price_goes_by_token_then_by_factor_and_a_ratio_moves_with_its_base() -> None:
    own = prices_of(
        priced("0xW", "ETH", 2_000, symbol="WETH"),
        priced("0xS", "stETH/ETH", 2_400, symbol="wstETH"),
        priced("0xL", "LINK", 7),
        priced("0xU", "USDC", 1, status="fixed"),
        priced("0xN", "ETH", None, status="missing"),
    )
    other = prices_of(
        priced("vETH", "ETH", 1_000),
        priced("0xW", "ETH", 1_500, symbol="WETH"),
        priced("0xU", "USDC", 2),
        priced("0xX", "LINK", None, status="invalid"),
    )
    assert common_prices(own, other) == {"0xW": 1_500 * E18, "0xS": 1_200 * E18}
    assert common_prices(own, own) == {}
