"""What a bid pays, takes and costs, by hand: made-up margins, no recording."""

from __future__ import annotations

from typing import Any, cast

import pytest
from derive_house import E18, SRM, House

from analyzer.model.closure import Closure, Transfer
from analyzer.protocols.derive_v2.close import liquidate as module
from analyzer.protocols.derive_v2.close.liquidate import (
    Lot,
    bid,
    largest_bid,
    largest_share,
    lot_of,
    worst_startable,
)
from analyzer.protocols.derive_v2.records.auctions import Auction
from analyzer.protocols.derive_v2.value.account import ManagerMargin, Valuation
from analyzer.protocols.kit.unreadable import reverts

NOW = 100_000
FEE = 27_536_231_884_057_971_000
"""A tenth of 1,000 times the share 380 / 1,380, cut off at 18 decimals: no bid discount yet."""


def house(**given: Any) -> Valuation:
    """A house at second NOW."""
    return cast(Valuation, House(**{"margins": [-1], "block_time": NOW, **given}))


def lot(*, mm: int, mtm: int, insolvent: bool = False, since: int = 0, fee: int = 0) -> Lot:
    """Account 7 in an auction that began `since` seconds ago; money in whole dollars."""
    auction = Auction(7, 3, insolvent, True, 0, NOW - since, 0)
    return Lot(auction, ManagerMargin(mm * E18, mtm * E18), fee)


def test_a_solvent_bid_takes_what_brings_the_account_back_to_its_buffer() -> None:
    # buffer margin -200 - 15 % of 1,200 = -380; 95 % of 1,000 asked; share 380 / (380 + 950).
    share = 285_714_285_714_285_714
    paid = 271_428_571_428_571_428_300
    assert bid(house(), lot(mm=-200, mtm=1_000)) == Closure(
        account_id="7",
        kind="auction",
        asset_id="portfolio",
        amount=share,
        price_e18=950 * E18,
        value_e18=paid,
        penalty_e18=1_000 * share - paid,
        transfers=(Transfer("liquidator", "7", paid, "bid"),),
        reverts=None,
        after={
            "mtm": 1_000 * E18,
            "mm": -200 * E18,
            "bm": -380 * E18,
            "scenario": 3,
            "fee": 0,
            "reserved_cash": paid,
        },
    )


def test_a_smaller_bid_pays_its_share_and_the_fee_of_the_start_is_a_penalty() -> None:
    found = bid(house(), lot(mm=-200, mtm=1_000, fee=7 * E18), E18 // 10)
    assert (found.amount, found.value_e18, found.penalty_e18) == (E18 // 10, 95 * E18, 12 * E18)
    assert found.transfers == (
        Transfer("liquidator", "7", 95 * E18, "bid"),
        Transfer("7", "security_module", 7 * E18, "liquidation fee"),
    )
    assert (found.after["fee"], found.after["reserved_cash"]) == (7 * E18, 95 * E18)


def test_earlier_bids_are_kept_for_the_account_and_lower_the_price() -> None:
    earlier = lot(mm=-200, mtm=1_000)
    earlier.auction.reserved_cash = 100 * E18
    found = bid(house(), earlier, E18 // 10)
    # 95 % of 900; what is taken is worth 90.
    assert (found.price_e18, found.value_e18) == (855 * E18, E18 * 855 // 10)
    assert found.penalty_e18 == 90 * E18 - E18 * 855 // 10
    assert found.after["reserved_cash"] == 100 * E18 + E18 * 855 // 10


def test_a_solvent_auction_that_has_run_out_has_ended() -> None:
    found = bid(house(), lot(mm=-200, mtm=1_000, since=44_100))
    assert (found.reverts, found.price_e18, found.amount) == ("DA_SolventAuctionEnded", 0, E18)
    assert bid(house(), lot(mm=-200, mtm=1_000, since=44_099)).reverts is None


def test_an_auction_that_should_end_takes_no_bid() -> None:
    found = bid(house(), lot(mm=200, mtm=1_000))
    assert found == Closure(
        *("7", "auction", "portfolio", 0, 950 * E18, 0, 0),
        reverts="DA_AuctionShouldBeTerminated",
        after={"mtm": 1_000 * E18, "mm": 200 * E18, "bm": 80 * E18, "scenario": 3, "fee": 0},
    )


@pytest.mark.parametrize(
    ("cash", "module_pays", "printed"),
    [(50, 50, 150), (200, 200, 0), (500, 200, 0), (0, 0, 200), (-10, 0, 200)],
)
def test_an_insolvent_bid_is_paid_by_the_module_and_then_by_all_cash(
    monkeypatch: pytest.MonkeyPatch, cash: int, module_pays: int, printed: int
) -> None:
    monkeypatch.setattr(module, "security_module_cash", lambda _: cash * E18)
    # Half of the hour has gone: half of the way from -(-100) to -(-300).
    found = bid(house(), lot(mm=-300, mtm=-100, insolvent=True, since=1_800))
    transfers = [Transfer("security_module", "liquidator", module_pays * E18, "payout")]
    if printed:
        loss = Transfer("cash_holders", "liquidator", printed * E18, "socialised loss")
        transfers.append(loss)
    assert found == Closure(
        *("7", "auction", "portfolio", E18, -200 * E18, 200 * E18, 100 * E18),
        transfers=tuple(transfers),
        after={"mtm": -100 * E18, "mm": -300 * E18, "bm": -330 * E18, "scenario": 3, "fee": 0},
    )


def test_half_of_an_insolvent_account_costs_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "security_module_cash", lambda _: E18)
    found = bid(house(), lot(mm=-300, mtm=-100, insolvent=True, since=1_800), E18 // 2)
    assert (found.amount, found.value_e18, found.penalty_e18) == (E18 // 2, 100 * E18, 50 * E18)
    assert [transfer.amount_e18 for transfer in found.transfers] == [E18, 99 * E18]


def test_the_largest_share_is_all_of_an_insolvent_account_and_of_a_small_one() -> None:
    assert largest_share(house(), lot(mm=-300, mtm=-100, insolvent=True)) == E18
    assert largest_share(house(mtm_cutoff=1_001 * E18), lot(mm=-200, mtm=1_000)) == E18
    assert largest_share(house(mtm_cutoff=1_000 * E18), lot(mm=-200, mtm=1_000)) < E18


@pytest.mark.parametrize(
    ("margins", "worst"),
    [([-1, -9, -4], 1), ([5, -1, 5], 1), ([-7], 0), ([0, 1], None), ([-9, -9], 0), ([-1, -2], 1)],
)
def test_an_auction_starts_under_the_worst_scenario_that_can(
    margins: list[int], worst: int | None
) -> None:
    assert worst_startable(house(margins=margins), 7) == worst


def test_a_solvent_auction_that_starts_now_charges_its_fee_first() -> None:
    found = lot_of(house(margins=[-200 * E18], mtm=1_000 * E18, manager=SRM), 7)
    started = Auction(7, 0, False, True, 0, NOW, 0)
    assert found == Lot(started, ManagerMargin(-200 * E18 - FEE, 1_000 * E18 - FEE), FEE)


@pytest.mark.parametrize("mtm", [0, -50])
def test_an_account_worth_nothing_starts_as_insolvent_without_a_fee(mtm: int) -> None:
    found = lot_of(house(margins=[-70], mtm=mtm, manager=SRM), 7)
    assert found == Lot(Auction(7, 0, True, True, 70, NOW, 0), ManagerMargin(-70, mtm), 0)


def test_a_live_auction_is_the_lot_and_above_maintenance_there_is_none() -> None:
    auction = Auction(7, 0, False, True, 0, NOW - 5, 0)
    found = lot_of(house(margins=[-3], auction=auction, manager=SRM), 7)
    assert found == Lot(auction, ManagerMargin(-3, 50), 0)
    assert lot_of(house(margins=[0], manager=SRM), 7) is None
    assert largest_bid(house(margins=[0], manager=SRM), 7) is None


def test_a_live_auction_on_which_nobody_can_bid_says_the_contracts_error() -> None:
    auction = Auction(7, 0, False, True, 0, NOW, 0)
    stale = reverts("spot", "BLF_DataTooOld")
    holdings = House(margins=[-1]).holdings
    given: dict[str, Any] = {"margins": [-1], "refusal": stale, "holdings": holdings}
    refused = largest_bid(house(**given, auction=auction), 7)
    assert refused == Closure(*("7", "auction", "portfolio", 0, 0, 0, 0), reverts="BLF_DataTooOld")
    assert largest_bid(house(**given), 7) is None
