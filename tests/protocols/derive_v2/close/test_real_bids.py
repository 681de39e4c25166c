"""Every bid of the recording, made again: who paid what, to the wei, at the moment it was made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from derive_recording import Recorded, recorded

from analyzer.model.block import BlockRef
from analyzer.model.logs import Event
from analyzer.protocols.derive_v2 import PLUG
from analyzer.protocols.derive_v2.close.simulate import DeriveSimulation, simulate
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.value import value
from analyzer.protocols.simulation import Offer
from analyzer.solvency.drive import CountedReads

PINS = {range(1356, 1365): "H", range(1368, 1376): "I", range(1378, 1382): "J"}
"""Blocks of bids -> the pin whose parameters and feeds they were made at."""


@pytest.fixture(scope="module")
def recording(shared: Path) -> Recorded:
    """The recording of Derive V2."""
    return recorded(shared)


def bids_of(recording: Recorded) -> list[Event]:
    """Every bid, in order."""
    return [event for event in recording.events if event.name == "Bid"]


def before(recording: Recorded, bid: Event) -> DeriveSimulation:
    """The protocol as the bid met it: the logs up to it, at its own time."""
    label = next(pin for blocks, pin in PINS.items() if bid.block_number in blocks)
    block: BlockRef = recording.block(label)
    past = [event for event in recording.events if event.block_number < bid.block_number]
    reads = CountedReads(recording.replay, block)
    ledger = reads.drive(PLUG.fold(recording.deployment, past))
    observation = reads.drive(PLUG.observe(recording.deployment, ledger, block))
    book = PLUG.book(recording.deployment, block, ledger, observation)
    assert isinstance(book.state, DeriveState)
    accrued = [e.time for e in past if e.name == "InterestAccrued"]
    cash = replace(book.state.cash, last_timestamp=max(accrued))
    state = replace(book.state, block_time=bid.time, cash=cash)
    moved = replace(book, state=state)
    return simulate(value(moved, PLUG.prices(moved)))


def number(event: Event, name: str) -> int:
    """A number of an event."""
    return int(str(event.args[name]))


def test_every_real_bid_takes_and_pays_what_it_did(recording: Recorded) -> None:
    """Shares that were asked for, and those that were cut to the largest: that ended auctions."""
    ended = {(e.tx_hash, e.args["accountId"]) for e in recording.events if e.name == "AuctionEnded"}
    partial = insolvent = 0
    made = bids_of(recording)
    assert len(made) == 21
    for bid in made:
        moving, account = before(recording, bid), str(bid.args["accountId"])
        share = number(bid, "finalPercentage")
        (offer,) = moving.offers(account)
        assert offer.choosable
        done = moving.execute(offer, share)
        paid, payout = number(bid, "cashFromBidder"), number(bid, "cashToBidder")
        assert (done.closure.amount, done.closure.value_e18) == (share, paid + payout)
        ends = (bid.tx_hash, bid.args["accountId"]) in ended
        assert ends == (share == offer.most)
        auction = moving.state.auction_house.auctions[int(account)]
        assert (auction.ongoing, auction.reserved_cash) == (not ends, paid)
        partial += not ends
        insolvent += payout > 0
    assert (partial, insolvent) == (8, 12)


def test_a_share_beyond_the_largest_is_refused(recording: Recorded) -> None:
    bid = bids_of(recording)[0]
    moving = before(recording, bid)
    (offer,) = moving.offers(str(bid.args["accountId"]))
    with pytest.raises(ValueError, match="nobody can bid"):
        moving.execute(offer, offer.most + 1)


def test_withdrawals_wait_for_an_insolvent_auction_until_all_of_it_is_taken(
    recording: Recorded,
) -> None:
    """The bids on account 70: 60 % of it, and an hour later the rest."""
    first, last = (bid for bid in bids_of(recording) if bid.args["accountId"] == 70)
    for bid, ends in ((first, False), (last, True)):
        moving = before(recording, bid)
        owed = moving.state.auction_house.total_insolvent_mm
        (offer,) = moving.offers("70")
        moving.execute(offer, number(bid, "finalPercentage"))
        cached = moving.state.auction_house.auctions[70].cached_mm
        assert cached > 0
        assert moving.state.auction_house.total_insolvent_mm == owed - cached * ends


def waiting(offer: Offer) -> tuple[int, int]:
    """Seconds waited, and the longest wait."""
    assert offer.waiting is not None
    return offer.waiting.waited_s, offer.waiting.longest_s


def test_terms_follow_the_schedule_while_prices_stand_still(recording: Recorded) -> None:
    """95 % to 70 % in 900 s, to nothing in 43,200 s, then a payout up to -MM within 3,600 s."""
    book = recording.book("G")
    moving = simulate(value(book, PLUG.prices(book)))
    solvent = insolvent = 0
    for account in moving.breaching():
        (offer,) = moving.offers(account)
        assert offer.waiting is not None
        mtm, mm = (offer.largest.closure.after[key] for key in ("mtm", "mm"))
        last = offer.waiting.at(offer.waiting.longest_s)
        assert last is not None
        assert waiting(last) == (offer.waiting.longest_s,) * 2
        assert last.largest.closure.price_e18 == mm
        if mtm <= 0:
            assert offer.waiting.longest_s == 3_600
            half = offer.waiting.at(1_800)
            assert half is not None
            assert abs(half.largest.closure.price_e18 - (mm + mtm) // 2) <= 1
            insolvent += 1
            continue
        assert offer.waiting.longest_s == 900 + 43_200 + 3_600
        for seconds, percent in ((0, 95), (450, 82.5), (900, 70), (900 + 21_600, 35)):
            then = offer.waiting.at(seconds)
            assert then is not None
            asked = mtm * int(percent * 10) // 1_000
            assert abs(then.largest.closure.price_e18 - asked) <= 2
            assert then.most >= offer.most
        converted = offer.waiting.at(900 + 43_200)
        assert converted is not None
        assert (converted.most, converted.largest.closure.price_e18) == (10**18, 0)
        solvent += 1
    assert (solvent, insolvent) == (29, 21)
