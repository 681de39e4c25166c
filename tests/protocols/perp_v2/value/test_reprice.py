"""Repricing: the exact margin where nothing moves, closed forms where something does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from bare_book import bare_book

from analyzer.model.book import Asset, Book, LegKind
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.protocols.perp_v2.records import Account, AccountMarket, MarketStatus, Order
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.reprice import reprice
from analyzer.protocols.perp_v2.value.value import value

E18 = 10**18
USD = 10**6


def book_of(state: PerpState) -> Book:
    """A book with the state's accounts; the market is ETH and so is the token."""
    assets = [Asset(b, m.symbol, LegKind.POSITION, 18, "ETH") for b, m in state.markets.items()]
    assets += [
        Asset(t, c.symbol, LegKind.COLLATERAL, c.decimals, "ETH")
        for t, c in state.collateral.items()
    ]
    ids = list(state.accounts)
    nothing = np.zeros(0, dtype=np.int32)
    return Book(ids, ids, assets, np.zeros(len(ids) + 1, dtype=np.int64), nothing, [], state)


def maker(state: PerpState, usdc: int, lower: int, upper: int, number: int) -> None:
    """Adds an account whose range was put in at price 1 and never touched."""
    liquidity = 10**24
    base, quote = amounts_in_range(2**96, lower, upper, liquidity)
    account = Account(f"0x{number:040x}", {state.settlement_token: usdc})
    order = Order("0x", lower, upper, liquidity, base, quote)
    account.markets[next(iter(state.markets))] = AccountMarket(orders={(lower, upper): order})
    state.accounts[account.address] = account


def shocked(state: PerpState, multipliers: Sequence[float]) -> dict[str, np.ndarray]:
    """The four arrays for these multipliers of ETH, by name."""
    found = reprice(
        value(book_of(state), reference_prices(state)), ["ETH"], np.array([multipliers])
    )
    names = ("equity", "margin_equity", "maintenance", "initial")
    return {name: getattr(found, name) for name in names}


@pytest.fixture
def crowd(make_state: Callable[..., PerpState], make_account: Callable[..., Account]) -> PerpState:
    """A long, a short, a holder of tokens, one with all of it, and makers on every side."""
    state = make_state(
        make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18), number=1),
        make_account(usdc=-7, owed=3, eth=(-50 * E18, 40 * E18), number=2),
        make_account(usdc=-100 * USD, weth=E18, number=3),
        make_account(usdc=-100 * USD, weth=E18, owed=-5, eth=(E18, -2 * E18), number=4),
    )
    for number, (lower, upper) in enumerate(
        ((-600, 600), (600, 1200), (-1200, -600), (-887220, 887220)), start=5
    ):
        maker(state, 1_000 * USD, lower, upper, number)
    return state


def test_at_one_it_is_the_exact_margin_to_fourteen_digits(crowd: PerpState) -> None:
    rows = margin(value(bare_book(crowd), reference_prices(crowd)))
    found = shocked(crowd, [1.0])
    columns = {
        "equity": [row.equity_e18 for row in rows],
        "margin_equity": [row.margin_equity_e18 for row in rows],
        "maintenance": [row.maintenance_margin_e18 for row in rows],
        "initial": [row.initial_margin_e18 for row in rows],
    }
    for name, exact in columns.items():
        assert found[name][:, 0] == pytest.approx(
            np.array(exact, dtype=float) / E18, rel=1e-14, abs=1e-9
        ), name


def test_a_taker_moves_with_the_price_and_his_requirement_too(crowd: PerpState) -> None:
    found = shocked(crowd, [0.5, 2.0])
    assert found["equity"][0] == pytest.approx([30 - 120 + 50, 30 - 120 + 200])
    assert found["maintenance"][0] == pytest.approx([50 * 0.0625, 200 * 0.0625])
    assert found["equity"][2] == pytest.approx([900, 3_900])
    assert found["margin_equity"][2] == pytest.approx([600, 2_700])


def test_a_maker_loses_whichever_way_the_price_goes(crowd: PerpState) -> None:
    equity = shocked(crowd, [0.81, 1.0, 1.21])["equity"]
    assert equity[4, 0] < equity[4, 1] > equity[4, 2]


def test_a_full_range_maker_loses_what_the_constant_product_says(crowd: PerpState) -> None:
    """L = 1e6 at price 1, debts 1e6 each: value 2 L sqrt(p), owed L (p + 1)."""
    equity = shocked(crowd, [0.25, 4.0])["equity"][7]
    assert equity == pytest.approx(
        [1_000 + 1e6 * (2 * 0.5 - 1.25), 1_000 + 1e6 * (2 * 2 - 5)], rel=1e-9
    )


def test_a_range_that_the_price_left_upwards_is_a_short_of_what_it_sold(crowd: PerpState) -> None:
    lower, upper = 600, 1200
    base, _ = amounts_in_range(2**96, lower, upper, 10**24)
    _, quote = amounts_in_range(2**120, lower, upper, 10**24)
    equity = shocked(crowd, [2.0])["equity"][5, 0]
    assert equity == pytest.approx(1_000 + quote / E18 - 2.0 * base / E18, rel=1e-9)


def test_paused_markets_and_unnamed_factors_stand_still(crowd: PerpState) -> None:
    market = next(iter(crowd.markets.values()))
    market.status, market.paused_index_price_e18 = MarketStatus.PAUSED, E18
    market.paused_timestamp = crowd.block_time
    found = shocked(crowd, [0.5])["equity"]
    assert found[0, 0] == pytest.approx(10)
    assert found[2, 0] == pytest.approx(900)
    other = reprice(
        value(book_of(crowd), reference_prices(crowd)), ["BTC"], np.array([[0.5]])
    ).equity
    assert other[2, 0] == pytest.approx(1_900)


def test_an_unknown_account_is_not_a_number_and_leaves_the_others_alone(crowd: PerpState) -> None:
    token, info = next(iter(crowd.collateral.items()))
    crowd.collateral[token] = replace(info, price=Unreadable("getPrice", "CPF_NP", True))
    found = shocked(crowd, [1.0])["equity"][:, 0]
    assert np.isnan(found).tolist() == [False, False, True, True, False, False, False, False]
