"""States that the recording does not have: balances in tokens, no price, a flag not read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gmx_recording import Recorded, recorded

from analyzer.model.book import Book
from analyzer.protocols.gmx_v2 import PLUG
from analyzer.protocols.gmx_v2.close.motion import in_motion
from analyzer.protocols.gmx_v2.records import Trader
from analyzer.protocols.gmx_v2.state.state import GmxState, state_of
from analyzer.protocols.gmx_v2.state.traders import NO_CODE
from analyzer.protocols.gmx_v2.value.fees import NO_AFFILIATE, Referral, referral_of
from analyzer.protocols.gmx_v2.value.margin import CLOSES_INSOLVENT
from analyzer.protocols.gmx_v2.value.prices import prices_of
from analyzer.protocols.kit.unreadable import Unreadable
from analyzer.solvency.verdicts import judge_accounts

IN_TOKENS = "USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"
SKIP = "SKIP_BORROWING_FEE_FOR_SMALLER_SIDE"


@pytest.fixture(scope="module")
def seed_a(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def with_state(book: Book, state: GmxState) -> Book:
    """The book around another state."""
    return replace(book, state=state)


def in_tokens(seed_a: Recorded, label: str) -> Book:
    """The book with the balance of markets in tokens, and the smaller side paying too."""
    book = seed_a.book(label)
    state = state_of(book)
    settings = {**state.settings, IN_TOKENS: 1, SKIP: 0}
    virtual = dict.fromkeys(state.virtual_in_tokens, 10**20)
    return with_state(book, replace(state, settings=settings, virtual_in_tokens=virtual))


def test_balances_in_tokens_are_valued_alike_exactly_and_in_floats(seed_a: Recorded) -> None:
    book = in_tokens(seed_a, "F")
    factors, shocks = ("ETH", "SOL"), np.array([[1.0, 0.8], [1.0, 1.2]])
    valued = PLUG.value(book, PLUG.prices(book))
    repriced = PLUG.reprice(valued, factors, shocks)
    state = state_of(book)
    for scenario in (0, 1):
        by = dict(zip(("WETH", "SOL"), shocks[:, scenario], strict=True))
        pairs = {
            address: (
                int(t.price.low * by.get(t.symbol, 1)),
                int(t.price.high * by.get(t.symbol, 1)),
            )
            for address, t in state.tokens.items()
            if t.price is not None
        }
        for number, row in enumerate(PLUG.margin(PLUG.value(book, prices_of(state, pairs)))):
            assert row.margin_equity_e18 is not None
            size = state.positions[row.account_id].size_in_usd / 1e30
            off = abs(repriced.margin_equity[number, scenario] - row.margin_equity_e18 / 1e18)
            assert off <= 1e-6 * size + 0.01, row.account_id


def test_a_position_in_motion_moves_the_inventory_in_tokens(seed_a: Recorded) -> None:
    book = in_tokens(seed_a, "H")
    simulation = PLUG.simulate(PLUG.value(book, PLUG.prices(book)))
    state = simulation.state  # type: ignore[attr-defined]
    before = dict(state.virtual_in_tokens)
    for key in simulation.breaching():
        position = state.positions.get(key)
        if position is None or not state.markets[position.market].virtual_id:
            continue
        simulation.liquidate(key)
        now = state.virtual_in_tokens
        signed = position.size_in_tokens if position.is_long else -position.size_in_tokens
        assert sum(now.values()) - sum(before.values()) == signed
        return
    raise AssertionError("nothing to close")


def test_a_token_without_a_price_makes_its_positions_unknown(seed_a: Recorded) -> None:
    book = seed_a.book("B")
    state = state_of(book)
    tokens = {
        address: replace(token, price=None) if token.symbol == "SOL" else token
        for address, token in state.tokens.items()
    }
    bare = with_state(book, replace(state, tokens=tokens))
    valued = PLUG.value(bare, PLUG.prices(bare))
    rows = judge_accounts(PLUG.margin(valued))
    of_sol = {
        key
        for key, position in state.positions.items()
        if state.symbol(position.market).startswith("SOL")
    }
    unknown = {row.margin.account_id: row.margin.unknown_reason for row in rows}
    assert {key for key, why in unknown.items() if why} == of_sol
    assert {why for why in unknown.values() if why} == {"price of SOL: no log has one"}
    statuses = {p.symbol: p.status for p in valued.prices.by_asset.values()}
    assert statuses["SOL/USD [WETH-USDC]"] == "missing"
    details = PLUG.details(valued)
    assert len(details.positions) == len(rows)
    assert np.isnan(PLUG.reprice(valued, (), np.ones((0, 1))).equity).sum() == len(of_sol)
    simulation = PLUG.simulate(valued)
    assert all(simulation.standing(key) is None for key in of_sol)
    assert not of_sol & set(simulation.breaching())


def test_a_setting_that_was_not_read_makes_whoever_needs_it_unknown(seed_a: Recorded) -> None:
    book = seed_a.book("B")
    state = state_of(book)
    broken = Unreadable("MIN_COLLATERAL_FACTOR", "not in the recording")
    first = next(iter(state.markets))
    markets = dict(state.markets)
    settings = {**markets[first].settings, "MIN_COLLATERAL_FACTOR": broken}
    markets[first] = replace(markets[first], settings=settings)
    bare = with_state(book, replace(state, markets=markets))
    rows = PLUG.margin(PLUG.value(bare, PLUG.prices(bare)))
    unknown = {row.account_id for row in rows if row.unknown_reason}
    assert unknown == {key for key, p in state.positions.items() if p.market == first}


def test_a_position_with_equity_that_closing_eats_is_liquidatable_with_its_note(
    seed_a: Recorded,
) -> None:
    valued = seed_a.valued("A")
    noted = [
        row for row in judge_accounts(PLUG.margin(valued)) if row.margin.note == CLOSES_INSOLVENT
    ]
    assert [row.verdict.value for row in noted] == ["liquidatable"]
    (row,) = (row.margin for row in noted)
    assert row.equity_e18 is not None
    assert row.margin_equity_e18 is not None
    assert row.margin_equity_e18 < 0 <= row.equity_e18


def test_a_book_comes_back_from_its_bytes(seed_a: Recorded) -> None:
    book = seed_a.book("F")
    again = PLUG.unpack(PLUG.pack(book))
    rows = [PLUG.margin(PLUG.value(one, PLUG.prices(one))) for one in (book, again)]
    assert rows[0] == rows[1]
    assert PLUG.pack(again) == PLUG.pack(book)


def of_one_token(seed_a: Recorded) -> tuple[GmxState, str, str]:
    """A copy of the state at I, its market of one token, and a long of it."""
    state = in_motion(seed_a.state("I"))
    market = next(m for m, found in state.markets.items() if found.ledger.is_single_token)
    key = next(k for k, p in state.positions.items() if p.market == market and p.is_long)
    return state, market, key


def test_what_halves_round_off_the_last_long_of_a_market_makes_the_contract_refuse(
    seed_a: Recorded,
) -> None:
    state, market, key = of_one_token(seed_a)
    position = state.positions[key]
    ledger = state.markets[market].ledger
    for size in (position.size_in_usd, position.size_in_usd + 1):
        ledger.long.open_interest = {ledger.long_token: size}
        state.positions[key] = replace(position, size_in_usd=size)
        book = with_state(seed_a.book("I"), replace(state, positions=dict(state.positions)))
        valued = PLUG.value(book, PLUG.prices(book))
        row = next(row for row in PLUG.margin(valued) if row.account_id == key)
        assert bool(row.unknown_reason) == bool(size % 2)
        refused = {
            judge.expected_revert
            for judge in PLUG.truth(valued, [row], [key])
            if judge.contract == "Reader.getPositionInfo"
        }
        assert refused == {"0xeadaf93a" if size % 2 else None}


def test_a_market_whose_other_side_has_no_pool_closes_nothing_and_its_views_refuse(
    seed_a: Recorded,
) -> None:
    state, book = in_motion(seed_a.state("F")), seed_a.book("F")
    before = PLUG.margin(PLUG.value(book, PLUG.prices(book)))
    key = next(
        row.account_id
        for row in before
        if row.liquidatable
        and not state.markets[state.positions[row.account_id].market].ledger.is_single_token
    )
    position = state.positions[key]
    ledger = state.markets[position.market].ledger
    ledger.pool[ledger.token(not position.is_long)] = 0
    drained = with_state(book, state)
    valued = PLUG.value(drained, PLUG.prices(drained))
    rows = PLUG.margin(valued)
    simulation = PLUG.simulate(valued)
    assert not simulation.liquidate(key)
    assert not simulation.unwind(key)
    assert key not in simulation.breaching()
    others = {
        k
        for k, p in state.positions.items()
        if p.market == position.market and p.is_long != position.is_long
    }
    assert {row.account_id for row in rows if row.unknown_reason} == others
    asked = PLUG.truth(valued, rows, drained.account_ids)
    refused = {judge.contract for judge in asked if judge.expected_revert == "0x6afad778"}
    assert refused == {
        "Reader.getMarketInfo",
        "Reader.getMarketTokenPrice",
        "Reader.getPositionInfo",
    }


def test_a_code_that_nobody_owns_gives_what_the_tier_of_nobody_does() -> None:
    trader = Trader(
        code="0x" + "1" * 64, affiliate=NO_AFFILIATE, total_rebate=1000, discount_share=5000
    )
    found = referral_of(trader)
    assert (found.code, found.affiliate) == (trader.code, NO_AFFILIATE)
    assert (found.reward_factor, found.discount_factor) == (5 * 10**28, 5 * 10**28)
    assert referral_of(replace(trader, code=NO_CODE)) == Referral()


@pytest.mark.parametrize(
    "name",
    [
        "LIQUIDATION_FEE_FACTOR",
        "POSITION_IMPACT_POOL_DISTRIBUTION_RATE",
        "MAX_POSITION_IMPACT_FACTOR_FOR_LIQUIDATIONS",
    ],
)
def test_what_only_a_close_or_other_prices_need_may_be_missing(seed_a: Recorded, name: str) -> None:
    state, book = in_motion(seed_a.state("F")), seed_a.book("F")
    for market in state.markets.values():
        market.settings[name] = Unreadable(name, "not in the recording")
    bare = with_state(book, state)
    valued = PLUG.value(bare, PLUG.prices(bare))
    rows = PLUG.margin(valued)
    assert any(not row.unknown_reason for row in rows)
    repriced = PLUG.reprice(valued, ("ETH",), np.array([[0.7]])).equity
    assert np.isnan(repriced).all() == name.startswith("MAX_POSITION")
    simulation = PLUG.simulate(valued)
    due = [row.account_id for row in rows if row.liquidatable]
    assert due
    closed = [key for key in due if simulation.liquidate(key)]
    assert bool(closed) == name.startswith("MAX_POSITION")
    told = [key for key in due if PLUG.liquidate(valued, key)]
    assert bool(told) != name.startswith("LIQUIDATION")
