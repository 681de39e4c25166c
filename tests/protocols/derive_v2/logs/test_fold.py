"""Logs to state: balances in the contract's order, cash totals, perps, auctions, feeds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from derive_recording import recorded

from analyzer.model.deployment import Deployment
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold import DeriveLedger, fold
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.records.perps import PerpPosition

CASH = "0x" + "11" * 20
PERP = "0x" + "22" * 20
MANAGER = "0x" + "33" * 20
HOUSE = "0x" + "44" * 20
DEPLOYMENT = Deployment("d", "derive-v2", 1, 0, {"CashAsset": CASH})


def event(
    contract: str, name: str, *, address: str = HOUSE, time: int = 0, **args: object
) -> Event:
    """One decoded log."""
    return Event(1, 0, "0x", address, contract, name, args, time)


def moved(asset: str, before: int, after: int, sub_id: int = 0, account: int = 7) -> Event:
    """BalanceAdjusted."""
    return event(
        "SubAccounts",
        "BalanceAdjusted",
        accountId=account,
        manager=MANAGER,
        assetAndSubId=bytes.fromhex(asset[2:]) + sub_id.to_bytes(12, "big"),
        amount=after - before,
        preBalance=before,
        postBalance=after,
        tradeId=1,
    )


def created(account: int = 7) -> Event:
    """AccountCreated under the manager."""
    return event("SubAccounts", "AccountCreated", owner=HOUSE, accountId=account, manager=MANAGER)


def at_the_end(deployment: Deployment, events: Iterable[Event]) -> DeriveLedger:
    """The ledger after the events; the fold of Derive V2 asks nothing."""
    with pytest.raises(StopIteration) as done:
        next(fold(deployment, events))
    assert isinstance(done.value.value, DeriveLedger)
    return done.value.value


def folded(*events: Event) -> DeriveLedger:
    """The ledger after the events."""
    return at_the_end(DEPLOYMENT, events)


def test_a_balance_that_goes_to_zero_leaves_its_place_to_the_last_one() -> None:
    ledger = folded(
        created(),
        moved(CASH, 0, 5),
        moved(PERP, 0, 1),
        moved(PERP, 0, 2, sub_id=9),
        moved(CASH, 5, 0),
        moved(PERP, 1, 4),
    )
    assert ledger.accounts[7].balances == [Holding(PERP, 9, 2), Holding(PERP, 0, 4)]
    assert ledger.notes == []


def test_a_balance_that_the_log_saw_otherwise_is_noted() -> None:
    ledger = folded(created(), moved(CASH, 3, 5))
    (note,) = ledger.notes
    assert note.kind == "balance differs"
    assert ledger.accounts[7].balances == [Holding(CASH, 0, 5)]


def test_cash_totals_move_by_what_is_beyond_interest() -> None:
    accrued = event(
        "CashAsset",
        "InterestAccrued",
        interestAccrued=2,
        borrowIndex=WAD + 1,
        supplyIndex=WAD + 2,
        totalSupply=102,
        totalBorrow=52,
        time=99,
    )
    touched = event(
        "CashAsset",
        "InterestAccruedOnAccount",
        accountId=7,
        preBalance=100,
        interestAccrued=2,
        accountIndex=WAD + 2,
    )
    cash = folded(created(), moved(CASH, 0, 100), accrued, touched, moved(CASH, 100, -30)).cash
    assert (cash.total_supply, cash.total_borrow) == (0, 82)
    assert (cash.borrow_index, cash.supply_index, cash.accrued_at) == (WAD + 1, WAD + 2, 99)


def test_a_ledger_begins_with_nothing_and_counts_how_often_a_fee_was_switched_on() -> None:
    enabled = event("CashAsset", "WithdrawFeeEnabled", exchangeRate=WAD)
    start, later = folded().cash, folded(enabled, enabled)
    assert (start.borrow_index, start.supply_index) == (WAD, WAD)
    amounts = (start.total_supply, start.total_borrow, start.net_settled_cash, start.accrued_at)
    allowed = (start.supply_allowed, start.borrow_allowed)
    assert {*amounts, *allowed, start.fee_enabled_times} == {0}
    assert (later.cash.fee_enabled_times, later.notes) == (2, [])


def test_a_perp_keeps_mark_and_index_when_its_pnl_goes_into_cash() -> None:
    ledger = folded(
        event(
            "PerpAsset",
            "PositionSettled",
            address=PERP,
            account=7,
            pnlChange=4,
            totalPnl=9,
            perpPrice=2_000,
        ),
        event(
            "PerpAsset",
            "FundingAppliedOnAccount",
            address=PERP,
            accountId=7,
            funding=-3,
            aggregatedFunding=50,
        ),
        event("PerpAsset", "PositionCleared", address=PERP, account=7),
    )
    assert ledger.perps[PERP].positions[7] == PerpPosition(2_000, 0, 0, 50)


def test_sizes_deleted_after_a_market_was_disabled_are_remembered() -> None:
    disabled = event("PerpAsset", "Disabled", address=PERP, frozenPerpPrice=8, aggregatedFunding=1)
    ledger = folded(created(), moved(PERP, 0, -6), disabled, moved(PERP, -6, 0))
    assert ledger.perps[PERP].cleared == {MANAGER: 6}
    assert (ledger.perps[PERP].disabled, ledger.perps[PERP].frozen_price) == (True, 8)


def test_cash_of_solvent_bids_is_reserved_and_a_conversion_starts_anew() -> None:
    def bid(paid: int) -> Event:
        return event(
            "DutchAuction",
            "Bid",
            accountId=7,
            bidderId=8,
            finalPercentage=1,
            cashFromBidder=paid,
            cashToBidder=0,
        )

    start = event(
        "DutchAuction",
        "SolventAuctionStarted",
        accountId=7,
        scenarioId=3,
        markToMarket=1,
        fee=0,
        time=10,
    )
    solvent = folded(start, bid(5), bid(6)).auctions[7]
    assert solvent == Auction(7, 3, False, True, 0, 10, 11)
    converted = event(
        "DutchAuction",
        "InsolventAuctionStarted",
        accountId=7,
        scenarioId=3,
        maintenanceMargin=-40,
        time=20,
    )
    ended = event("DutchAuction", "AuctionEnded", accountId=7, endTime=30)
    insolvent = folded(start, bid(5), converted, bid(0), ended).auctions[7]
    assert insolvent == Auction(7, 3, True, False, 40, 20, 0)


def test_an_event_that_no_rule_explains_becomes_a_note() -> None:
    (note,) = folded(event("VolFeed", "Renamed")).notes
    assert (note.kind, note.text) == ("unhandled event", "VolFeed.Renamed")


def test_the_recording_has_no_log_that_the_rules_do_not_explain(shared: Path) -> None:
    recording = recorded(shared)
    ledger = at_the_end(recording.deployment, recording.events)
    assert (ledger.notes, len(ledger.accounts), ledger.events) == ([], 125, len(recording.events))


def test_a_change_of_manager_is_counted_because_no_recording_has_one() -> None:
    changed = event(
        "SubAccounts", "AccountManagerChanged", accountId=7, oldManager=MANAGER, newManager=PERP
    )
    ledger = folded(created(), changed)
    assert ledger.accounts[7].manager == PERP
    assert ledger.manager_changes == [7]
    assert folded(created()).manager_changes == []
