"""The feeds' own rules of age and of the settlement window, and the errors they refuse with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from derive_recording import recorded

from analyzer.model.integers import WAD
from analyzer.protocols.derive_v2.errors import error_name, revert_words
from analyzer.protocols.derive_v2.records.feeds import ForwardData
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value import feeds
from analyzer.protocols.kit.unreadable import UnreadableNumberError

EXPIRY = 2_000_000_000
START = EXPIRY - feeds.SETTLEMENT_TWAP_S


@pytest.fixture
def state(shared: Path) -> DeriveState:
    """Seed A's first pin, its feeds not shared with other tests."""
    found = recorded(shared).state("A")
    return replace(found, feeds=replace(found.feeds, spot=dict(found.feeds.spot)))


def forward_at(
    state: DeriveState, *, now: int, signed: int, diff: int = 0, heartbeat_s: int = 3_600
) -> feeds.Forward:
    """The forward of one expiry, signed at `signed`, with spot 2,000 and 900 gathered."""
    (address, forward), *_ = state.feeds.forward.items()
    data = ForwardData(diff, WAD, signed, 10 * WAD, 10 * WAD + 900 * feeds.SETTLEMENT_TWAP_S)
    state.block_time = now
    spot = state.feeds.spot[forward.spot_feed]
    state.feeds.spot[spot.address] = replace(spot, price=2_000, confidence=7, timestamp=now)
    fresh = replace(
        forward, heartbeat_s=heartbeat_s, settlement_heartbeat_s=180, expiries={EXPIRY: data}
    )
    state.feeds = replace(state.feeds, forward={**state.feeds.forward, address: fresh})
    return feeds.forward(state, address, EXPIRY)


def test_before_the_window_all_of_a_forward_moves_with_spot(state: DeriveState) -> None:
    assert forward_at(state, now=START, signed=START, diff=5) == feeds.Forward(0, 2_005, 7)


def test_inside_the_window_what_was_gathered_is_fixed_and_the_rest_is_scaled(
    state: DeriveState,
) -> None:
    signed = EXPIRY - 600
    found = forward_at(state, now=signed + 10, signed=signed, diff=10)
    assert found == feeds.Forward(900, 2_010 * 600 // 1_800, 7)


def test_data_of_the_expiry_itself_is_final_and_never_stale(state: DeriveState) -> None:
    assert forward_at(state, now=EXPIRY + 10**6, signed=EXPIRY) == feeds.Forward(900, 0, 7)


@pytest.mark.parametrize(
    ("now", "signed", "diff", "error"),
    [
        (START - 10, START - 10 - 3_601, 0, "BLF_DataTooOld"),
        (START + 1, START - 180, 0, "LFF_SettlementDataTooOld"),
        (START, 0, 0, "LFF_MissingExpiryData"),
        (START, START, -2_001, "SafeCastOverflowedIntToUint"),
    ],
)
def test_a_forward_refuses_with_the_contracts_own_error(
    state: DeriveState, now: int, signed: int, diff: int, error: str
) -> None:
    with pytest.raises(UnreadableNumberError) as refusal:
        forward_at(state, now=now, signed=signed, diff=diff)
    assert (refusal.value.unreadable.reason, refusal.value.unreadable.reverted) == (error, True)


def test_the_last_second_of_every_heartbeat_still_counts(state: DeriveState) -> None:
    assert forward_at(state, now=START, signed=START - 3_600).price == 2_000
    assert forward_at(state, now=START + 1, signed=START - 179).price == 2_000


def test_errors_are_told_by_name_and_compared_by_selector() -> None:
    assert error_name("0x1141796d") == "BLF_DataTooOld"
    assert revert_words("BLF_DataTooOld") == "0x1141796d"
    assert (error_name("Panic(0x12)"), revert_words("Panic(0x12)")) == ("Panic(0x12)",) * 2
