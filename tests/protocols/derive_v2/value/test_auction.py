"""Dutch auctions: the repository's sequences, and the legs of an auction by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.protocols.derive_v2.fixed_point import mul
from analyzer.protocols.derive_v2.records.auctions import Auction, AuctionParams
from analyzer.protocols.derive_v2.value.auction import (
    AuctionStatus,
    bid_price,
    buffer_margin,
    discount,
    max_proportion,
    start_fee,
    status,
)
from analyzer.protocols.kit.unreadable import UnreadableNumberError

E18 = 10**18
PARAMS = AuctionParams(
    starting_mtm_percentage=95 * E18 // 100,
    fast_cutoff_percentage=70 * E18 // 100,
    fast_length_s=900,
    slow_length_s=43_200,
    insolvent_length_s=3_600,
    liquidator_fee_rate=E18 // 10,
    buffer_margin_percentage=15 * E18 // 100,
)
SEQUENCES = Path("data") / "derive_v2_vectors" / "liquidation" / "auction_sequences_1_2.json"
SEQUENCE_PARAMS = replace(
    PARAMS,
    starting_mtm_percentage=98 * E18 // 100,
    liquidator_fee_rate=2 * E18 // 100,
    buffer_margin_percentage=E18 // 5,
)
"""As the published numbers give them: BM, first price and fee."""


def auction(**changes: int | bool) -> Auction:
    """A live solvent auction that began at second 0."""
    base = Auction(
        account=7,
        scenario_id=3,
        insolvent=False,
        ongoing=True,
        cached_mm=0,
        start_time=0,
        reserved_cash=0,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def near(found: int, expected: float) -> bool:
    """Within 1e-9: the published numbers were doubles."""
    return abs(found - expected) <= 1e-9 * abs(expected)


@pytest.mark.parametrize("name", ["Test1", "Test2"])
def test_the_first_action_of_a_published_sequence_comes_out(shared: Path, name: str) -> None:
    case = json.loads((shared / SEQUENCES).read_text())[name]
    action = case["Actions"][0]
    result, wanted = action["Results"], action["Liquidator"]["PercentWant"]
    mtm, mm = result["PreMtM"], result["PreMM"]
    bm = buffer_margin(SEQUENCE_PARAMS, mm=mm, mtm=mtm)
    share = max_proportion(
        mtm=mtm, bm=bm, discount=discount(SEQUENCE_PARAMS, 0), reserved=0, mtm_cutoff=0
    )
    price = bid_price(auction(), SEQUENCE_PARAMS, mm=mm, mtm=mtm, now=action["Time"])
    taken = min(share, wanted)
    assert near(bm, result["PreBM"])
    assert near(share, result["PreFMax"])
    assert near(taken, result["FinalPercentageReceived"])
    assert near(mul(price, taken), result["ExpectedBidPrice"])


def test_the_fee_of_the_published_sequence_is_taken_at_the_start(shared: Path) -> None:
    case = json.loads((shared / SEQUENCES).read_text())["Test1"]
    result = case["Actions"][0]["Results"]
    paid = case["InitialPortfolio"]["Cash"] - case["Actions"][0]["PortfolioAndFeeds"]["Cash"]
    mtm, mm = result["PreMtM"] + paid, result["PreMM"] + paid
    bm = buffer_margin(SEQUENCE_PARAMS, mm=mm, mtm=mtm)
    assert near(start_fee(SEQUENCE_PARAMS, mtm=mtm, bm=bm, mtm_cutoff=0), paid)


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        (0, 950),
        (450, 825),
        (899, 700),
        (900, 700),
        (900 + 21_600, 350),
        (44_099, 0),
        (44_100, 0),
        (99_999, 0),
    ],
)
def test_the_discount_falls_to_the_cutoff_and_then_to_nothing(elapsed: int, expected: int) -> None:
    assert round(discount(PARAMS, elapsed) / E18, 3) == round(expected / 1000, 3)


def test_a_solvent_price_leaves_reserved_cash_out() -> None:
    held = auction(reserved_cash=40 * E18)
    assert bid_price(held, PARAMS, mm=-5 * E18, mtm=140 * E18, now=0) == 95 * E18


@pytest.mark.parametrize(("now", "expected"), [(0, -10), (1_800, -35), (3_600, -60), (9_999, -60)])
def test_an_insolvent_payout_rises_to_the_maintenance_margin(now: int, expected: int) -> None:
    held = auction(insolvent=True)
    assert bid_price(held, PARAMS, mm=-60 * E18, mtm=-10 * E18, now=now) == expected * E18


def test_past_both_legs_the_price_is_zero_and_the_auction_lives_on() -> None:
    assert bid_price(auction(), PARAMS, mm=-1, mtm=E18, now=44_100) == 0
    assert status(auction(), PARAMS, mm=-1, mtm=E18, now=44_100).can_terminate is False


@pytest.mark.parametrize(
    ("mm", "mtm", "reserved", "expected"),
    [
        (-10, 100, 0, False),
        (-10, -1, 0, True),
        (-10, 100, 100, True),
        (20, 100, 0, True),
        (10, 100, 0, False),
    ],
)
def test_a_solvent_auction_ends_at_its_buffer_margin_or_when_it_is_none_any_more(
    mm: int, mtm: int, reserved: int, expected: bool
) -> None:
    found = status(auction(reserved_cash=reserved), PARAMS, mm=mm, mtm=mtm, now=1)
    assert found == AuctionStatus(expected, mtm, mm, buffer_margin(PARAMS, mm=mm, mtm=mtm))


def test_below_the_cutoff_all_of_it_can_be_taken() -> None:
    assert (
        max_proportion(mtm=9 * E18, bm=-E18, discount=E18, reserved=0, mtm_cutoff=10 * E18) == E18
    )


def test_an_emptied_account_divides_by_zero_as_the_contract_panics() -> None:
    with pytest.raises(ZeroDivisionError):
        max_proportion(mtm=0, bm=0, discount=0, reserved=0, mtm_cutoff=0)


@pytest.mark.parametrize(
    ("held", "mtm", "name"),
    [
        (auction(ongoing=False), 1, "DA_AuctionNotStarted"),
        (auction(reserved_cash=5), 4, "DA_ReservedCashGreaterThanMtM"),
    ],
)
def test_a_price_that_the_contract_refuses_is_refused(held: Auction, mtm: int, name: str) -> None:
    with pytest.raises(UnreadableNumberError) as caught:
        bid_price(held, PARAMS, mm=-1, mtm=mtm, now=1)
    assert caught.value.unreadable.reason == name
