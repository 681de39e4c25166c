"""Margin of accounts that can be computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bare_book import bare_book
from hypothesis import given
from hypothesis import strategies as st

from analyzer.model.rows import MarginRow
from analyzer.protocols.kit.ticks import amounts_in_range
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError
from analyzer.protocols.perp_v2.records import Account, AccountMarket, MarketStatus, Order
from analyzer.protocols.perp_v2.state.state import PerpState
from analyzer.protocols.perp_v2.value.account import AccountMath
from analyzer.protocols.perp_v2.value.limits import floored_account_value
from analyzer.protocols.perp_v2.value.margin import margin
from analyzer.protocols.perp_v2.value.numbers import AccountNumbers
from analyzer.protocols.perp_v2.value.prices import reference_prices
from analyzer.protocols.perp_v2.value.takeover import ORDERS_FIRST
from analyzer.protocols.perp_v2.value.valuation import Valuation
from analyzer.protocols.perp_v2.value.value import PerpValued, value

E18 = 10**18
USD = 10**6
MakeState = Callable[..., PerpState]
MakeAccount = Callable[..., Account]


def row(state: PerpState) -> MarginRow:
    """The margin row of the state's only account."""
    (only,) = margin(value(bare_book(state), reference_prices(state)))
    return only


def amounts(found: MarginRow) -> tuple[int | None, ...]:
    """equity, margin equity, initial, maintenance, free collateral."""
    return (
        found.equity_e18,
        found.margin_equity_e18,
        found.initial_margin_e18,
        found.maintenance_margin_e18,
        found.free_collateral_e18,
    )


def test_a_long_of_100_bought_for_120_with_30_has_10_left(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18)))
    assert row(state) == MarginRow(
        account_id=f"0x{1:040x}",
        owner=f"0x{1:040x}",
        equity_e18=10 * E18,
        margin_equity_e18=10 * E18,
        initial_margin_e18=12 * E18,
        maintenance_margin_e18=E18 * 625 // 100,
        free_collateral_e18=-2 * E18,
        liquidatable=False,
        closable=True,
        collateral_liquidatable=False,
        settled_equity_e18=10 * E18,
    )


def test_profit_that_is_not_realized_counts_as_value_but_not_as_free_collateral(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=5 * USD, eth=(100 * E18, -80 * E18)))
    assert amounts(row(state)) == (25 * E18, 25 * E18, 28 * E18, E18 * 625 // 100, -3 * E18)


def test_tokens_enter_margin_after_their_ratio_and_equity_in_full(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=-100 * USD, weth=E18))
    assert amounts(row(state)) == (1_900 * E18, 1_300 * E18, 0, 0, 1_300 * E18)


def test_a_short_owes_its_base_and_quote_is_netted_over_the_markets(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(
        make_account(usdc=100 * USD, eth=(-100 * E18, 100 * E18), other=(100 * E18, -50 * E18))
    )
    base, still = next(iter(state.markets.items()))
    state.markets["other"] = replace(still, base_token="other", symbol="vBTC")
    numbers = value(bare_book(state), reference_prices(state)).numbers(f"0x{1:040x}")
    assert isinstance(numbers, AccountNumbers)
    assert numbers.total_debt_value == 100 * E18
    assert numbers.total_abs_position_value == 200 * E18
    assert numbers.unrealized_pnl == 50 * E18
    assert numbers.free_collateral == 90 * E18
    assert numbers.markets[base].value == -100 * E18


def test_an_account_below_its_maintenance_is_liquidatable(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = row(make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18))))
    assert (found.liquidatable, found.closable, found.status, found.note) == (
        True,
        True,
        "open",
        "",
    )


def test_exactly_at_maintenance_is_not_liquidatable(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = row(make_state(make_account(usdc=6_250_000, eth=(100 * E18, -100 * E18))))
    assert found.margin_equity_e18 == found.maintenance_margin_e18
    assert found.liquidatable is False


def test_the_floor_of_the_account_value_can_make_an_account_without_headroom_liquidatable(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    size = 100 * E18 + 16
    found = row(make_state(make_account(usdc=6_250_000, owed=1, eth=(size, -size))))
    assert found.margin_equity_e18 == found.maintenance_margin_e18
    assert found.liquidatable is True
    assert found.note == "the test floors the account value to the settlement token's decimals"


def test_a_debt_of_one_wei_without_a_position_tests_true_but_there_is_nothing_to_close(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = row(make_state(make_account(owed=-1)))
    assert (found.equity_e18, found.liquidatable, found.closable) == (-1, True, False)


def test_an_account_with_nothing_has_a_row_of_zeros(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = row(make_state(make_account()))
    assert amounts(found) == (0, 0, 0, 0, 0)
    assert (found.liquidatable, found.closable, found.collateral_liquidatable) == (False,) * 3


@pytest.mark.parametrize(
    ("usdc", "weth", "expected"),
    [
        (-1_050 * USD, E18, False),  # 75 % of 1,400
        (-1_050 * USD - 1, E18, True),
        (-10_000 * USD, 100 * E18, False),
        (-10_000 * USD - 1, 100 * E18, True),  # the threshold
        (-20_000 * USD, 0, False),  # no token, no test
    ],
)
def test_tokens_are_liquidatable_by_debt_ratio_and_by_threshold(
    make_state: MakeState, make_account: MakeAccount, usdc: int, weth: int, expected: bool
) -> None:
    found = row(make_state(make_account(usdc=usdc, weth=weth)))
    assert found.collateral_liquidatable is expected


def test_a_whitelisted_threshold_replaces_the_global_one_and_zero_means_none(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=-10_001 * USD, weth=100 * E18)
    state = make_state(account)
    state.config.whitelisted_debt_threshold = {account.address: 20_000 * USD}
    assert row(state).collateral_liquidatable is False
    state.config.whitelisted_debt_threshold = {account.address: 0}
    assert row(state).collateral_liquidatable is True


def test_tokens_are_liquidatable_below_the_buffered_requirement_without_a_floor(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """Requirement 6.45 % of 10,000 = 645; the tokens count 1,400, so the loss decides."""
    notional = -(10_000 + 755) * E18
    position = {"eth": (10_000 * E18, notional)}
    at = make_state(make_account(weth=E18, **position))
    below = make_state(make_account(weth=E18, owed=-1, **position))
    assert [row(state).collateral_liquidatable for state in (at, below)] == [False, True]


def test_a_size_below_ten_wei_reads_as_no_position(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    found = row(make_state(make_account(eth=(9, 0))))
    assert (found.equity_e18, found.closable) == (0, False)
    found = row(make_state(make_account(eth=(10, 0))))
    assert (found.equity_e18, found.closable) == (10, True)


def test_a_maker_owns_what_his_range_holds_and_owes_what_he_put_in(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    """He put in 60 base and 100 quote; the pool now holds other amounts of his liquidity."""
    account = make_account(usdc=50 * USD)
    liquidity = 10**22
    maker = Order("0x", -600, 600, liquidity, base_debt=60 * E18, quote_debt=100 * E18)
    state = make_state(account)
    base = next(iter(state.markets))
    account.markets[base] = AccountMarket(orders={(-600, 600): maker})
    in_base, in_quote = amounts_in_range(2**96, -600, 600, liquidity)
    numbers = value(bare_book(state), reference_prices(state)).numbers(account.address)
    assert isinstance(numbers, AccountNumbers)
    found = numbers.markets[base]
    assert found.size == in_base - 60 * E18
    assert found.value == found.size
    assert found.open_notional == in_quote - 100 * E18
    assert numbers.account_value == 50 * E18 + in_base + in_quote - 160 * E18
    assert numbers.total_debt_value == 160 * E18


def test_an_account_in_a_market_whose_pool_is_too_young_is_unknown_and_others_are_not(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    inside = make_account(usdc=USD, eth=(E18, -E18), number=1)
    outside = make_account(usdc=USD, number=2)
    state = make_state(inside, outside)
    next(iter(state.markets.values())).tick_cumulatives[900] = Unreadable("observe", "OLD", True)
    unknown, known = margin(value(bare_book(state), reference_prices(state)))
    assert unknown == MarginRow(
        account_id=inside.address,
        owner=inside.address,
        equity_e18=None,
        margin_equity_e18=None,
        initial_margin_e18=None,
        maintenance_margin_e18=None,
        free_collateral_e18=None,
        liquidatable=None,
        closable=None,
        collateral_liquidatable=None,
        status="unknown",
        unknown_reason="observe: OLD",
    )
    assert known.equity_e18 == E18


def test_a_stale_feed_makes_its_holders_unknown_with_the_age(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(weth=E18))
    token, info = next(iter(state.collateral.items()))
    state.collateral[token] = replace(info, feed_time=state.block_time - 100, feed_timeout_s=60)
    assert row(state).unknown_reason == (
        "price of WETH: is stale: the feed's last valid answer is 100 s old (its limit 60 s)"
    )


def test_an_account_whose_own_reads_failed_is_unknown(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    account = make_account(usdc=USD)
    state = make_state(account)
    state.unreadable[account.address] = Unreadable("order slot", "time-out")
    assert row(state).unknown_reason == "order slot: time-out"


def test_a_position_that_only_a_paused_market_holds_is_liquidatable_and_blocked(
    make_state: MakeState, make_account: MakeAccount
) -> None:
    state = make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18)))
    market = next(iter(state.markets.values()))
    market.status, market.paused_index_price_e18 = MarketStatus.PAUSED, E18
    market.paused_timestamp = state.block_time
    found = row(state)
    assert (found.liquidatable, found.closable, found.status, found.note) == (
        True,
        True,
        "blocked",
        "liquidation reverts for vETH: CH_MNO",
    )


@given(
    usdc=st.integers(-(10**15), 10**15),
    weth=st.integers(0, 10**24),
    owed=st.integers(-(10**30), 10**30),
    size=st.integers(-(10**26), 10**26),
    notional=st.integers(-(10**26), 10**26),
    price=st.integers(1, 10**15),
)
def test_the_identities_of_margin_hold_whatever_an_account_holds(
    usdc: int, weth: int, owed: int, size: int, notional: int, price: int
) -> None:
    state = property_state(price)
    base = next(iter(state.markets))
    account = Account("0x1", {"usdc": usdc, "weth": weth}, owed)
    account.markets[base] = AccountMarket(size, notional)
    state.accounts["0x1"] = account
    found, numbers = row(state), AccountMath(Valuation(state), account)
    assert found.free_collateral_e18 is not None
    assert found.margin_equity_e18 is not None
    assert found.initial_margin_e18 is not None
    assert found.equity_e18 is not None
    assert found.free_collateral_e18 == found.margin_equity_e18 - found.initial_margin_e18
    assert found.equity_e18 - found.margin_equity_e18 == (
        numbers.token_value - numbers.token_margin_value
    )
    assert 0 <= found.margin_equity_e18 - floored_account_value(numbers) < 10**12
    if found.liquidatable is False:
        assert found.margin_equity_e18 >= (found.maintenance_margin_e18 or 0)


def property_state(price: int) -> PerpState:
    """A state without fixtures, which hypothesis would share between examples."""
    from analyzer.protocols.perp_v2.records import Config
    from analyzer.protocols.perp_v2.state.state import CollateralState, MarketState

    market = MarketState("0xb", "vETH", "0xa", sqrt_price_x96=2**96)
    market.tick_cumulatives = {0: 0, 15: 0, 900: 0, 1800: 0}
    market.index_price_e18 = {0: E18, 900: E18}
    token = CollateralState("weth", "WETH", 18, 8, price, 700_000, 100_000, 10**30)
    return PerpState(
        1, 1000, {}, "usdc", "USDC", 6, "0xf", Config(), {"0xb": market}, {"weth": token}, {}
    )


BASE_AND_OTHER = [
    ({"eth": None}, "open", ""),
    ({"eth": ORDERS_FIRST}, "open", f"liquidation reverts for vETH: {ORDERS_FIRST}"),
    ({"eth": "CH_X"}, "blocked", "liquidation reverts for vETH: CH_X"),
    ({"eth": None, "btc": "CH_X"}, "open", "liquidation reverts for vBTC: CH_X"),
    ({"eth": "CH_X", "btc": "CH_Y"}, "blocked", "liquidation reverts for vETH: CH_X, vBTC: CH_Y"),
    ({}, "open", ""),
]


@pytest.mark.parametrize(("obstacles", "status", "note"), BASE_AND_OTHER)
def test_an_account_is_blocked_where_no_position_can_be_taken_over(
    make_state: MakeState,
    make_account: MakeAccount,
    monkeypatch: pytest.MonkeyPatch,
    obstacles: dict[str, str | None],
    status: str,
    note: str,
) -> None:
    state = make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18)))
    base, still = next(iter(state.markets.items()))
    state.markets["btc"] = replace(still, base_token="btc", symbol="vBTC")
    found = {base if name == "eth" else name: why for name, why in obstacles.items()}
    monkeypatch.setattr(PerpValued, "obstacles", lambda *_: found)
    assert (row(state).status, row(state).note) == (status, note)


def test_what_a_liquidation_would_do_may_not_be_known_while_all_else_is(
    make_state: MakeState, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_read(*_: object) -> None:
        raise UnreadableNumberError(Unreadable("fund's capacity", "not recorded"))

    monkeypatch.setattr(PerpValued, "obstacles", not_read)
    found = row(make_state(make_account(usdc=26 * USD, eth=(100 * E18, -120 * E18))))
    note = "what a liquidation would do is not known: fund's capacity: not recorded"
    assert (found.liquidatable, found.status, found.note) == (True, "open", note)
    healthy = row(make_state(make_account(usdc=30 * USD, eth=(100 * E18, -120 * E18))))
    assert (healthy.status, healthy.note) == ("open", "")
