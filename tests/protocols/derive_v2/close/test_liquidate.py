"""Auctions of the recording: what can be started, what a bid would do, and who pays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bare_book import bare_book
from derive_recording import Recorded, recorded

from analyzer.model.closure import Closure
from analyzer.protocols.derive_v2.close.backstops import backstops
from analyzer.protocols.derive_v2.close.liquidate import liquidate
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.auction_views import (
    auction_status,
    current_bid_price,
    max_proportion,
)
from analyzer.protocols.derive_v2.value.cash import withdraw_blocked
from analyzer.protocols.derive_v2.value.margin import margin
from analyzer.protocols.derive_v2.value.prices import at_prices, market_factor, reference_prices
from analyzer.protocols.derive_v2.value.startable import startable, startable_scenarios
from analyzer.protocols.derive_v2.value.value import value
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError

E18 = 10**18


@pytest.fixture(scope="module")
def recording(shared: Path) -> Recorded:
    return recorded(shared)


def closures(state: DeriveState) -> dict[int, Closure]:
    """The closure of every account that has one."""
    prices = reference_prices(state, {})
    found = {
        number: liquidate(value(bare_book(state), prices), str(number)) for number in state.accounts
    }
    assert all(len(each) <= 1 for each in found.values())
    return {number: each[0] for number, each in found.items() if each}


def test_exactly_the_liquidatable_accounts_have_a_closure(recording: Recorded) -> None:
    state = recording.state("H")
    rows = margin(value(bare_book(state), reference_prices(state, {})))
    expected = {int(row.account_id) for row in rows if row.liquidatable}
    found = closures(state)
    assert set(found) == expected
    assert {closure.reverts for closure in found.values()} == {None}


def test_a_live_bid_is_the_views_price_times_the_views_share_but_for_interest(
    recording: Recorded,
) -> None:
    """The views leave interest out, the bid settles it first: a few cents apart here."""
    state = recording.state("H")
    valuation, found = Valuation(state), closures(state)
    compared = 0
    for number, auction in state.auction_house.auctions.items():
        if not auction.ongoing or auction.insolvent:
            continue
        price = current_bid_price(valuation, number)
        share = max_proportion(valuation, number, auction.scenario_id)
        assert isinstance(price, int)
        assert isinstance(share, int)
        closure = found[number]
        assert abs(closure.price_e18 - price) < E18
        assert abs(closure.amount - share) < E18 // 10_000
        compared += 1
    assert compared >= 5


def test_a_solvent_bid_pays_the_account_and_the_fee_goes_to_the_security_module(
    recording: Recorded,
) -> None:
    state = recording.state("G")
    solvent = [one for one in closures(state).values() if one.after["mtm"] > 0]
    assert solvent
    for closure in solvent:
        bid, *fee = closure.transfers
        assert (bid.from_party, bid.to_party) == ("liquidator", closure.account_id)
        assert bid.amount_e18 == closure.value_e18 == closure.after["reserved_cash"]
        assert closure.penalty_e18 > 0
        assert sum(one.amount_e18 for one in fee) == closure.after["fee"]


def test_an_insolvent_bid_is_paid_by_the_module_and_then_by_everybody(recording: Recorded) -> None:
    state = recording.state("H")
    held = backstops(value(bare_book(state), reference_prices(state, {})))[0].capacity_e18
    insolvent = [one for one in closures(state).values() if one.after["mtm"] < 0]
    assert held is not None
    assert insolvent
    for closure in insolvent:
        paid = {one.from_party: one.amount_e18 for one in closure.transfers}
        assert sum(paid.values()) == closure.value_e18 == -closure.price_e18
        assert paid["security_module"] == min(held, closure.value_e18)
        assert paid.get("cash_holders", 0) == max(0, closure.value_e18 - held)


def test_an_account_above_maintenance_has_no_closure_and_says_why(recording: Recorded) -> None:
    state = recording.state("A")
    assert closures(state) == {}
    valuation = Valuation(state)
    assert startable(valuation, 5, 0) == "DA_AccountIsAboveMaintenanceMargin"
    assert startable_scenarios(valuation, 7) == []


def test_an_auction_that_never_was_has_no_status_and_no_price(recording: Recorded) -> None:
    valuation = Valuation(recording.state("A"))
    answers = (auction_status(valuation, 5), current_bid_price(valuation, 5))
    reasons = [one.reason for one in answers if isinstance(one, Unreadable)]
    assert reasons == ["DA_NotOngoingAuction", "DA_AuctionNotStarted"]


def test_a_disabled_perp_blocks_a_live_auction(recording: Recorded) -> None:
    state = recording.state("N")
    rows = margin(value(bare_book(state), reference_prices(state, {})))
    blocked = {row.account_id: row.note for row in rows if row.status == "blocked"}
    assert set(blocked) == {"74", "122"}
    assert all("BM_AccountUnderLiquidation" in note for note in blocked.values())
    found = liquidate(value(bare_book(state), reference_prices(state, {})), "74")
    assert [one.reverts for one in found] == ["BM_AccountUnderLiquidation"]


def test_withdrawals_are_blocked_while_insolvent_auctions_owe_more_than_the_module_holds(
    recording: Recorded,
) -> None:
    assert [withdraw_blocked(recording.state(label)) for label in "GHK"] == [False, True, False]


def test_a_security_module_in_debt_makes_the_view_revert(recording: Recorded) -> None:
    state = recording.state("H")
    number = state.auction_house.sm_account
    account = state.accounts[number]
    balances = [replace(held, balance=-1) for held in account.balances]
    broken = replace(
        state, accounts={**state.accounts, number: replace(account, balances=balances)}
    )
    with pytest.raises(UnreadableNumberError):
        withdraw_blocked(broken)
    assert backstops(value(bare_book(broken), reference_prices(broken, {})))[0].capacity_e18 == 0


def test_the_last_layer_is_everybodys_cash(recording: Recorded) -> None:
    layers = backstops(
        value(bare_book(recording.state("J")), reference_prices(recording.state("J"), {}))
    )
    assert [(one.order, one.unlimited) for one in layers] == [(1, False), (2, False), (3, True)]
    assert "exchange rate now 99688" in layers[2].rule


def test_prices_given_move_margin_as_the_feeds_would(recording: Recorded) -> None:
    state = recording.state("A")
    prices = reference_prices(state, {})
    feed = next(one for one in state.feeds.spot.values() if one.name == "ETH_SpotFeed")
    perp = next(one for one in state.perps.values() if one.spot_feed == feed.address)
    mark = prices.e18(perp.address)
    assert mark is not None
    lower = prices.with_e18({feed.address: feed.price // 2, perp.address: mark // 2})
    moved = at_prices(state, lower)
    assert reference_prices(moved, {}).e18(perp.address) == mark // 2
    assert reference_prices(moved, {}).e18(feed.address) == feed.price // 2
    ids = [str(one) for one in state.accounts]
    before, after = (
        margin(value(bare_book(state, ids), prices)),
        margin(value(bare_book(state, ids), lower)),
    )
    assert sum(a != b for a, b in zip(before, after, strict=True)) > 50


def test_every_price_has_a_factor_and_the_options_their_market(recording: Recorded) -> None:
    state = recording.state("A")
    prices = reference_prices(state, {})
    assert {price.factor for price in prices.by_asset.values()} == {"ETH", "BTC", "USDT", "USDC"}
    options = [asset for asset in prices.by_asset if ":" in asset]
    assert options
    for asset in options:
        assert prices.by_asset[asset].factor == market_factor(state, asset.split(":")[0])


def test_a_stale_price_is_shown_and_called_stale(recording: Recorded) -> None:
    state = recording.state("L")
    feed = next(one for one in state.feeds.spot.values() if one.name == "ETH_SpotFeed")
    price = reference_prices(state, {}).by_asset[feed.address]
    assert (price.status, price.price_e18) == ("stale", feed.price)
