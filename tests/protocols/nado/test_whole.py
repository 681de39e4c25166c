"""Logs of Nado that are missing: what notices it, and what cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from nado_recording import Recorded, recorded

from analyzer.findings.proof import doubts
from analyzer.model.integers import WAD
from analyzer.model.logs import Event
from analyzer.model.rows import Proves
from analyzer.solvency.whole import Lack, shortages

LABEL = "settled"
"""Near the end: losses were shared, nothing is delisted yet."""


@pytest.fixture(scope="module")
def venue(shared: Path) -> Recorded:
    """Seed A."""
    return recorded(shared)


def off(venue: Recorded, keep: Callable[[Event], bool]) -> set[str]:
    """The control totals that a scan of these logs breaks; all of them are told."""
    result = venue.rebuilt(LABEL, keep=keep).result
    broken = {total.name for total in result.details.totals if total.holds is False}
    assert bool(doubts(result)) == bool(broken)
    return broken


def without(venue: Recorded, name: str, place: int = -1) -> Callable[[Event], bool]:
    """All logs but one of that name; a tick that moves nothing is nobody's loss."""
    last = venue.replay.resolve(LABEL).number
    gone = [
        event
        for event in venue.events
        if event.name == name
        and event.block_number <= last
        and event.args.get("payment") != 0
        and event.args.get("borrowRateMultiplierX18") != WAD
    ][place]
    return lambda event: event is not gone


def test_all_logs_prove_the_venue_whole(venue: Recorded) -> None:
    result = venue.book(LABEL).result
    assert doubts(result) == ()
    counts = {t.name: t.on_chain for t in result.details.totals if t.proves is Proves.ACCOUNTS}
    assert counts["accounts"] == len(result.margin) + len(result.own) - 3 == 104
    assert {"deposits of USDT0", "open interest of kBTC-PERP"} <= counts.keys()


def test_without_a_single_log_nothing_is_proven(venue: Recorded) -> None:
    result = venue.rebuilt(LABEL, keep=lambda _: False).result
    assert len(result.margin) == len(venue.book(LABEL).result.margin)
    assert Lack.NO_ACCOUNT in {shortage.lack for shortage in shortages(result)}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_beginning_or_an_end_that_is_missing_is_noticed(venue: Recorded, share: float) -> None:
    middle = venue.events[int(len(venue.events) * share)].block_number
    assert off(venue, lambda event: event.block_number > middle)
    assert off(venue, lambda event: event.block_number <= middle)


@pytest.mark.parametrize("place", [0, 7, -1])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("FillOrder", "traded sizes of"),
        ("FundingPayment", "funding of"),
        ("InterestPayment", "interest of"),
    ],
)
def test_any_order_and_any_tick_that_is_missing_is_noticed(
    venue: Recorded, name: str, said: str, place: int
) -> None:
    assert any(total.startswith(said) for total in off(venue, without(venue, name, place)))


def test_a_missing_liquidation_of_a_perp_is_noticed(venue: Recorded) -> None:
    perps = venue.valued(LABEL).state.perps
    gone = [e for e in venue.events if e.name == "Liquidation" and e.args["productId"] in perps]
    for event in (gone[0], gone[-1]):
        broken = off(venue, lambda other, event=event: other is not event)  # type: ignore[misc]
        assert "perp sizes of the logs" in broken


def test_the_last_log_of_a_balance_that_is_missing_is_noticed(venue: Recorded) -> None:
    assert off(venue, without(venue, "SpotBalance")) == {"spot balances of the logs"}


def test_a_log_between_two_of_the_same_balance_is_missed_by_what_moved_it(venue: Recorded) -> None:
    moved = next(e for e in venue.events if e.name == "ModifyCollateral")
    same = [
        event
        for event in venue.events
        if event.name == "SpotBalance"
        and event.args["subaccount"] == moved.args["subaccount"]
        and event.args["productId"] == moved.args["productId"]
    ]
    assert len(same) > 1
    first = same[0]
    assert off(venue, lambda event: event is not first) == {"logs that no rule explains"}


def test_deposits_and_withdrawals_that_are_missing_are_noticed(venue: Recorded) -> None:
    def moves(event: Event, sign: int) -> bool:
        amount = event.args.get("amount")
        of_weth = event.name == "ModifyCollateral" and event.args["productId"] == 3
        return of_weth and isinstance(amount, int) and amount * sign > 0

    paid_in = [event for event in venue.events if moves(event, 1)]
    # One small deposit less could be a gift of so much.
    without_all = venue.rebuilt(LABEL, keep=lambda event: event not in paid_in).result
    assert any("deposits less withdrawals of WETH" in doubt for doubt in doubts(without_all))
    for event in (event for event in venue.events if moves(event, -1)):
        broken = off(venue, lambda other, event=event: other is not event)  # type: ignore[misc]
        assert broken == {"deposits less withdrawals of WETH"}


def test_every_log_of_an_account_that_is_missing_is_noticed(venue: Recorded) -> None:
    for account in list(venue.book(LABEL).result.book.account_ids)[::25]:
        raw = bytes.fromhex(account[2:])
        assert off(venue, lambda event, raw=raw: raw not in event.args.values())  # type: ignore[misc]


def test_a_charge_of_a_builder_that_is_missing_is_noticed(venue: Recorded) -> None:
    assert off(venue, without(venue, "BuilderFeePayment"))
