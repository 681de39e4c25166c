"""Why an account is unknown, in the words of the contract or of the reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from derive_recording import recorded

from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.records.options import OptionId, encode_sub_id
from analyzer.protocols.derive_v2.records.parameters import PortfolioManager
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.kit.unreadable import Unreadable

E18 = 10**18


@pytest.fixture(scope="module")
def state(shared: Path) -> DeriveState:
    return recorded(shared).state("A")


def holder(state: DeriveState, manager: str, *balances: Holding) -> DeriveState:
    """The state with one account alone."""
    account = Account(1, "0xOwner", manager, list(balances))
    return replace(state, accounts={1: account})


def eth(state: DeriveState) -> PortfolioManager:
    """The portfolio manager of ETH."""
    return next(one for one in state.pmrms.values() if one.name.startswith("ETH"))


def reasons(state: DeriveState) -> tuple[str | None, str | None]:
    """Why (MM, IM) of the only account are unknown; None where they are known."""
    found = Valuation(state).numbers(1)
    mm, im = (one.reason if isinstance(one, Unreadable) else None for one in (found.mm, found.im))
    return mm, im


def aged(state: DeriveState, seconds: int) -> DeriveState:
    """The same chain, later, with nothing signed since."""
    return replace(state, block_time=state.block_time + seconds)


def test_an_account_with_nothing_is_known(state: DeriveState) -> None:
    assert reasons(holder(state, state.srm.address)) == (None, None)


def test_cash_under_the_standard_manager_needs_the_stable_price_for_initial_margin_alone(
    state: DeriveState,
) -> None:
    cash = holder(state, state.srm.address, Holding(state.cash.address, 0, E18))
    assert reasons(aged(cash, 10_000)) == (None, "BLF_DataTooOld")


def test_cash_under_a_portfolio_manager_needs_its_spot_feed_for_both(state: DeriveState) -> None:
    cash = holder(state, eth(state).address, Holding(state.cash.address, 0, E18))
    assert reasons(aged(cash, 10_000)) == ("BLF_DataTooOld", "BLF_DataTooOld")


@pytest.mark.parametrize("manager", ["srm", "pmrm"])
def test_an_option_of_an_expiry_without_data_is_the_feeds_own_error(
    state: DeriveState, manager: str
) -> None:
    sub_id = encode_sub_id(OptionId(state.block_time + 9_999, 2_000 * E18, True))
    address = state.srm.address if manager == "srm" else eth(state).address
    held = holder(state, address, Holding(eth(state).option, sub_id, E18))
    assert reasons(held) == ("LFF_MissingExpiryData", "LFF_MissingExpiryData")


def test_crossed_impact_prices_hide_every_holder_of_the_perp(state: DeriveState) -> None:
    perp = state.perps[eth(state).perp]
    feeds = state.feeds
    ask = replace(feeds.diff[perp.impact_ask_feed], diff=-(10**20))
    crossed = replace(state, feeds=replace(feeds, diff={**feeds.diff, ask.address: ask}))
    held = holder(crossed, state.srm.address, Holding(perp.address, 0, E18))
    assert reasons(held) == ("PA_InvalidImpactPrices", "PA_InvalidImpactPrices")


def test_too_many_expiries_are_refused_before_any_feed_is_asked(state: DeriveState) -> None:
    manager = replace(eth(state), max_expiries=1)
    balances = [
        Holding(manager.option, encode_sub_id(OptionId(expiry, E18, True)), E18)
        for expiry in (1, 2)
    ]
    few = replace(state, pmrms={**state.pmrms, manager.address: manager})
    held = holder(few, manager.address, *balances)
    assert reasons(held) == ("PMRM_2_TooManyExpiries", "PMRM_2_TooManyExpiries")


def unknown_manager(state: DeriveState) -> DeriveState:
    return holder(state, "0xNobody")


def unknown_asset(state: DeriveState) -> DeriveState:
    return holder(state, state.srm.address, Holding("0xAsset", 0, E18))


def unread_account(state: DeriveState) -> DeriveState:
    problem = Unreadable("balances", "not recorded", False)
    return replace(holder(state, state.srm.address), unreadable={1: problem})


def unread_market(state: DeriveState) -> DeriveState:
    problem = Unreadable("market 1", "not recorded", False)
    markets = {**state.srm.markets, 1: problem}
    changed = replace(state, srm=replace(state.srm, markets=markets))
    return holder(changed, state.srm.address, Holding(eth(state).perp, 0, E18))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (unknown_manager, "is not a manager of the deployment"),
        (unknown_asset, "is not an asset of the manager"),
        (unread_account, "not recorded"),
        (unread_market, "not recorded"),
    ],
)
def test_what_was_not_read_is_unknown_and_no_revert(
    state: DeriveState, change: Callable[[DeriveState], DeriveState], reason: str
) -> None:
    found = Valuation(change(state)).numbers(1)
    assert isinstance(found.mm, Unreadable)
    assert (found.mm.reason, found.mm.reverted) == (reason, False)


def test_a_perp_that_cannot_be_settled_is_no_reason_to_start_an_auction(
    state: DeriveState,
) -> None:
    from analyzer.protocols.derive_v2.value.startable import startable

    broke = holder(state, eth(state).address, Holding(state.cash.address, 0, -E18))
    assert startable(Valuation(broke), 1, 0) is None
    perp = state.perps[eth(state).perp]
    feeds = state.feeds
    stale = replace(feeds.diff[perp.perp_feed], timestamp=1)
    changed = replace(broke, feeds=replace(feeds, diff={**feeds.diff, stale.address: stale}))
    assert startable(Valuation(changed), 1, 0) == "BLF_DataTooOld"
