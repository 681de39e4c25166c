"""Liquidations of accounts that can be computed by hand, each step as the contract takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bare_book import bare_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.model.closure import Closure, Transfer
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.close.liquidate import close_position, liquidate
from analyzer.protocols.perp_v2.records import (
    Account,
    AccountMarket,
    FundingGrowth,
    MarketStatus,
    Order,
)
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import Reverts, max_position_size
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.settlement import pnl_to_realize
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import value

E18 = 10**18
USD = 10**6
ONE = f"0x{1:040x}"
MakeState = Callable[..., PerpState]
MakeAccount = Callable[..., Account]


def closures(state: PerpState) -> list[Closure]:
    """What may be liquidated of the state's first account."""
    return liquidate(value(bare_book(state), reference_prices(state)), next(iter(state.accounts)))


def most(state: PerpState, base: str) -> int | Reverts:
    """What of the first account's position may be taken over at most."""
    account = state.accounts[next(iter(state.accounts))]
    valuation = Valuation(state, reference_prices(state))
    return max_position_size(AccountMath(valuation, account), base)


def two_markets(state: PerpState) -> str:
    """Adds a second market like the first and gives its name."""
    still = next(iter(state.markets.values()))
    state.markets["other"] = replace(still, base_token="other", symbol="vBTC")
    return "other"


def test_a_healthy_account_has_no_closure(make_state: MakeState, make_account: MakeAccount) -> None:
    assert closures(make_state(make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18)))) == []


def test_a_small_position_is_taken_over_whole_and_the_penalty_is_halved(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18)))
    assert closures(state) == [
        Closure(
            account_id=ONE,
            kind="position",
            asset_id=next(iter(state.markets)),
            amount=100 * E18,
            price_e18=E18,
            value_e18=100 * E18,
            penalty_e18=25 * E18 // 10,
            transfers=(
                Transfer(ONE, "liquidator", 125 * E18 // 100, "liquidation penalty"),
                Transfer(ONE, "insurance_fund", 125 * E18 // 100, "liquidation penalty"),
            ),
            reverts=None,
            after={
                "owed_realized_pnl": -225 * E18 // 10,
                "settlement_balance": 26 * USD,
                "insurance_fund_owed_realized_pnl": 125 * E18 // 100,
                "insurance_fund_settlement_balance": 0,
                "bad_debt_settled": 0,
                "taker_position_size": 0,
                "taker_open_notional": 0,
                "realized_pnl": -20 * E18,
                "funding_paid": 0,
                "account_value_before": 6 * E18,
                "account_value_after_penalty": 35 * E18 // 10,
                "liquidator_size": 100 * E18,
                "liquidator_notional": -100 * E18 + 125 * E18 // 100,
                "penalty_to_liquidator": 125 * E18 // 100,
                "penalty_to_insurance_fund": 125 * E18 // 100,
            },
        )
    ]


def test_an_account_under_water_pays_the_liquidator_alone_and_the_fund_pays_its_debt(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=10 * USD, eth=(100 * E18, -120 * E18)))
    (closure,) = closures(state)
    assert closure.reverts is None
    assert closure.transfers == (
        Transfer(ONE, "liquidator", 25 * E18 // 10, "liquidation penalty"),
        Transfer("insurance_fund", ONE, 125 * E18 // 10, "bad debt settled", bad_debt=True),
    )
    picked = ("settlement_balance", "insurance_fund_settlement_balance", "bad_debt_settled")
    assert [closure.after[name] for name in picked] == [22_500_000, -12_500_000, 12_500_000]
    assert state.accounts[ONE].balances[state.settlement_token] == 10 * USD


@pytest.mark.parametrize(
    ("wallet", "reverts"),
    [
        (12_500_000, None),
        (12_499_999, "CH_IIC"),
        (None, "the insurance fund's capacity was not read"),
    ],
)
def test_a_deficit_above_the_funds_capacity_freezes_the_liquidation(
    make_state: MakeState, make_account: MakeAccount, wallet: int | None, reverts: str | None
) -> None:
    state = make_state(make_account(usdc=10 * USD, eth=(100 * E18, -120 * E18)))
    state.insurance_fund_wallet = wallet
    (closure,) = closures(state)
    assert closure.reverts == reverts
    (row,) = margin(value(bare_book(state, [ONE]), reference_prices(state)))
    assert row.status == ("open" if reverts is None else "blocked")


def test_a_deficit_is_rounded_up_to_the_settlement_token_before_it_is_tested(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=10 * USD, owed=-1, eth=(100 * E18, -120 * E18)))
    state.insurance_fund_wallet = 12_500_000
    assert [closure.reverts for closure in closures(state)] == ["CH_IIC"]


def test_bad_debt_is_not_settled_while_another_token_is_left(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=10 * USD, weth=1, eth=(100 * E18, -120 * E18))
    closure = closures(make_state(account))[0]
    assert (closure.kind, closure.after["bad_debt_settled"]) == ("position", 0)


def test_above_half_the_requirement_half_of_all_positions_is_taken(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Requirement 62.5, value 50: half of the only position, and its PnL pro rata."""
    state = make_state(make_account(usdc=150 * USD, eth=(1_000 * E18, -1_100 * E18)))
    (closure,) = closures(state)
    assert (closure.amount, closure.penalty_e18) == (500 * E18, 125 * E18 // 10)
    picked = ("taker_position_size", "taker_open_notional", "realized_pnl", "owed_realized_pnl")
    assert [closure.after[name] for name in picked] == [
        500 * E18,
        -550 * E18,
        -50 * E18,
        -625 * E18 // 10,
    ]


def test_below_half_the_requirement_the_whole_position_is_taken(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=31_249_999, eth=(1_000 * E18, -1_000 * E18)))
    assert [closure.amount for closure in closures(state)] == [1_000 * E18]
    state = make_state(make_account(usdc=31_250_000, eth=(1_000 * E18, -1_000 * E18)))
    assert [closure.amount for closure in closures(state)] == [500 * E18]


def test_a_short_is_taken_over_as_a_short(make_state: MakeState, make_account: MakeAccount) -> None:
    state = make_state(make_account(usdc=50 * USD, eth=(-1_000 * E18, 1_000 * E18)))
    (closure,) = closures(state)
    assert closure.amount == -500 * E18
    assert closure.after["liquidator_notional"] == 500 * E18 + closure.penalty_e18 // 2


def test_a_leg_too_small_for_a_24_bit_share_cannot_be_liquidated(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """10,101 in all: a leg of 101 would be 50 times its half, which does not fit 24 bits."""
    account = make_account(
        usdc=500 * USD, eth=(10_000 * E18, -10_000 * E18), other=(101 * E18, -101 * E18)
    )
    state = make_state(account)
    two_markets(state)
    whole, small = closures(state)
    assert (whole.reverts, whole.amount) == (None, 10_000 * E18 * 505_050 // 10**6)
    assert (small.reverts, small.amount) == ("SafeCast: value doesn't fit in 24 bits", 0)
    (row,) = margin(value(bare_book(state, [ONE]), reference_prices(state)))
    assert (row.status, row.note) == (
        "open",
        "liquidation reverts for vBTC: SafeCast: value doesn't fit in 24 bits",
    )
    assert most(state, "other") == Reverts("SafeCast: value doesn't fit in 24 bits")


def test_a_leg_whose_share_just_fits_is_taken_whole(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Share floor(total * 1e6 / (2 * leg)) of 16,777,215 is the largest that fits."""
    leg = 1_000 * E18
    rest = leg * 2 * 16_777_215 // 10**6 - leg
    total = rest + leg
    sizes = []
    for more in (0, leg * 2 // 10**6):
        account = make_account(
            usdc=total // E18 * 5 // 100 * USD,
            eth=(rest + more, -rest - more),
            other=(leg, -leg),
        )
        state = make_state(account)
        two_markets(state)
        sizes.append(most(state, "other"))
    assert sizes == [leg, Reverts("SafeCast: value doesn't fit in 24 bits")]


def test_a_number_that_cannot_be_had_leaves_size_and_closures_unknown(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=USD, eth=(100 * E18, -120 * E18)))
    base, market = next(iter(state.markets.items()))
    market.tick_cumulatives[900] = Unreadable("observe", "OLD", True)
    assert closures(state) == []
    with pytest.raises(UnreadableNumberError, match="observe: OLD"):
        most(state, base)


@pytest.mark.parametrize(
    "name", ["liquidation_penalty_ratio", "collateral_value_dust", "cl_insurance_fund_fee_ratio"]
)
def test_an_unread_parameter_of_liquidations_leaves_margin_known_and_closures_unknown(
    make_state: MakeState, make_account: MakeAccount, name: str
) -> None:
    state = make_state(make_account(usdc=-2_000 * USD, weth=E18, eth=(E18, -E18)))
    known = margin(value(bare_book(state, [ONE]), reference_prices(state)))
    state.config.unread[name] = Unreadable(name, "was not read")
    (row,) = margin(value(bare_book(state, [ONE]), reference_prices(state)))
    assert closures(state) == []
    assert row.unknown_reason is None
    assert row.liquidatable
    assert [replace(row, note="")] == known
    only_tokens = name != "liquidation_penalty_ratio"
    assert row.note == (
        "" if only_tokens else f"what a liquidation would do is not known: {name}: was not read"
    )


@pytest.mark.parametrize("status", [MarketStatus.PAUSED, MarketStatus.CLOSED])
def test_a_market_that_is_not_open_cannot_be_liquidated_in(
    make_state: MakeState, make_account: MakeAccount, status: MarketStatus
) -> None:
    state = make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18)))
    market = next(iter(state.markets.values()))
    market.status, market.paused_timestamp = status, state.block_time
    market.paused_index_price_e18 = market.closed_price_e18 = E18
    assert closures(state) == [
        Closure(ONE, "position", market.base_token, 100 * E18, E18, 100 * E18, 0, (), "CH_MNO")
    ]


def test_a_paused_contract_stops_every_liquidation(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-2_000 * USD, weth=E18, eth=(E18, -E18)))
    state.clearing_house_paused = state.vault_paused = True
    found = [(closure.kind, closure.reverts) for closure in closures(state)]
    assert found == [("position", "Pausable: paused"), ("collateral", "Pausable: paused")]


def test_open_orders_come_first_and_the_numbers_are_those_after_their_removal(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """His range lies above the price: all base, and exactly as much of it as he owes."""
    account = make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18))
    state = make_state(account)
    base = next(iter(state.markets))
    (plain,) = closures(state)
    debt, _ = amounts_in_range(2**96, 60, 120, 10**22)
    account.markets[base].orders[(60, 120)] = Order("0x", 60, 120, 10**22, base_debt=debt)
    (closure,) = closures(state)
    assert replace(closure, reverts=None) == plain
    assert closure.reverts == "CH_CLWTISO"
    (row,) = margin(value(bare_book(state, [ONE]), reference_prices(state)))
    assert (row.status, row.note) == ("open", "liquidation reverts for vETH: CH_CLWTISO")


def test_an_order_in_a_paused_market_does_not_stop_a_liquidation(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18))
    state = make_state(account)
    two_markets(state)
    other = state.markets["other"]
    state.markets["other"] = replace(
        other,
        status=MarketStatus.PAUSED,
        paused_index_price_e18=E18,
        paused_timestamp=state.block_time,
    )
    account.markets["other"] = AccountMarket(orders={(60, 120): Order("0x", 60, 120, 10)})
    (closure,) = closures(state)
    assert (closure.reverts, closure.amount) == (None, 100 * E18)
    assert closure.after["bad_debt_settled"] == 0


def test_funding_is_settled_before_the_position_is_taken_over(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18)))
    market = next(iter(state.markets.values()))
    market.growth = FundingGrowth(2**96 * 86_400 // 100, 0)  # 1 % of the size
    (closure,) = closures(state)
    assert closure.after["funding_paid"] == E18
    assert closure.after["account_value_before"] == 5 * E18
    assert closure.after["owed_realized_pnl"] == -235 * E18 // 10


@pytest.mark.parametrize(
    ("requested", "amount", "reverts"),
    [
        (0, 500 * E18, None),
        (200 * E18, 200 * E18, None),
        (900 * E18, 500 * E18, None),
        (-1, -1, "CH_WLD"),
    ],
)
def test_a_request_is_capped_and_must_point_the_same_way(
    make_state: MakeState,
    make_account: MakeAccount,
    requested: int,
    amount: int,
    reverts: str | None,
) -> None:
    state = make_state(make_account(usdc=50 * USD, eth=(1_000 * E18, -1_000 * E18)))
    base = next(iter(state.markets))
    closure = close_position(Valuation(state), state.accounts[ONE], base, requested)
    assert (closure.amount, closure.reverts) == (amount, reverts)


@pytest.mark.parametrize(
    ("size", "notional", "base", "quote", "pnl"),
    [
        (100, -100, -50, 60, 10),
        (100, -100, -100, 120, 20),
        (-100, 100, 50, -60, -10),
        (20, -250, -30, 330, -30),  # beyond a full close: 330 / 1.5 = 220 belongs to the 20
        (100, -100, 50, -60, 0),
        (0, 0, 50, -60, 0),
        (3, -10, -1, 4, 1),  # a third, cut to 18 digits, of -10 is -3, cut toward zero
    ],
)
def test_pnl_is_realized_pro_rata_on_a_reduction(
    size: int, notional: int, base: int, quote: int, pnl: int
) -> None:
    assert pnl_to_realize(size, notional, base, quote) == pnl


# The fixtures are factories: every example makes its own state.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    usdc=st.integers(-(10**11), 10**11),
    size=st.integers(-(10**24), 10**24).filter(lambda size: abs(size) >= 10),
    entry=st.integers(0, 2 * 10**24),
)
def test_a_liquidation_changes_the_account_value_by_its_penalty_and_roundings_only(
    make_state: MakeState, make_account: MakeAccount, usdc: int, size: int, entry: int
) -> None:
    notional = -entry if size > 0 else entry
    state = make_state(make_account(usdc=usdc, eth=(size, notional)))
    state.insurance_fund_wallet = 10**30
    for closure in closures(state):
        before = closure.after["account_value_before"]
        after = closure.after["account_value_after_penalty"]
        assert abs(before - closure.penalty_e18 - after) <= 10**12 + 2
        left = closure.after["settlement_balance"] * 10**12 + closure.after["owed_realized_pnl"]
        if closure.after["taker_position_size"] == 0 and after < 0:
            assert 0 <= left < 10**12
