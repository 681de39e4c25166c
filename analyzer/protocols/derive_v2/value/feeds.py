"""What the signed feeds answer at the block: their own staleness rules, their own errors.

Every function raises `UnreadableNumberError` with the contract's error name where the feed's view
reverts.
Source: v2-core `src/feeds/*`; the rules and selectors are in the README of this folder.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.integers import WAD, clamp, mul_div, trunc_div
from analyzer.protocols.derive_v2.records.feeds import ForwardData, ForwardFeed, VolData
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, known, reverts

NEGATIVE_CAST = "SafeCastOverflowedIntToUint"
"""OpenZeppelin's error where a price would be below zero."""
SETTLEMENT_TWAP_S = 1_800
"""ForwardFeed.SETTLEMENT_TWAP_DURATION: the settlement price is the mean of this window."""


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward price in its two portions: only the variable one moves with spot."""

    fixed: int
    variable: int
    confidence: int

    @property
    def price(self) -> int:
        """Both portions."""
        return self.fixed + self.variable


def _refuse(what: str, reason: str) -> UnreadableNumberError:
    """The contract's own refusal."""
    return UnreadableNumberError(reverts(what, reason))


def _missing(state: DeriveState, address: str, kind: str) -> UnreadableNumberError:
    """A feed that the deployment does not have: nothing can be said."""
    name = state.names.get(address.lower(), address)
    return UnreadableNumberError(
        Unreadable(f"{kind} feed {name}", "is not in the deployment", False)
    )


def _fresh(state: DeriveState, what: str, timestamp: int, heartbeat: int | Unreadable) -> None:
    """Raises BLF_DataTooOld when the data is older than the heartbeat."""
    if timestamp + known(heartbeat) < state.block_time:
        raise _refuse(what, "BLF_DataTooOld")


def spot(state: DeriveState, feed: str) -> tuple[int, int]:
    """getSpot: (price, confidence). Raises: UnreadableNumberError BLF_DataTooOld."""
    found = state.feeds.spot.get(feed)
    if found is None:
        raise _missing(state, feed, "spot")
    _fresh(state, found.name, found.timestamp, found.heartbeat_s)
    return found.price, found.confidence


def diff_result(state: DeriveState, feed: str) -> tuple[int, int]:
    """getResult of a perp or impact feed: (spot + clipped difference, min of confidences).

    Raises: UnreadableNumberError BLF_DataTooOld (its own or spot's), the cast's error for a price
    below zero.
    """
    found = state.feeds.diff.get(feed)
    if found is None:
        raise _missing(state, feed, "spot difference")
    _fresh(state, found.name, found.timestamp, found.heartbeat_s)
    price, confidence = spot(state, found.spot_feed)
    cap = mul_div(price, known(found.cap), WAD)
    result = price + clamp(found.diff, -cap, cap)
    if result < 0:
        raise _refuse(found.name, NEGATIVE_CAST)
    return result, min(found.confidence, confidence)


def forward(state: DeriveState, feed: str, expiry: int) -> Forward:
    """getForwardPricePortions: fixed and variable portion, min of the confidences.

    Raises: UnreadableNumberError LFF_MissingExpiryData, BLF_DataTooOld, LFF_SettlementDataTooOld.
    """
    found = state.feeds.forward.get(feed)
    if found is None:
        raise _missing(state, feed, "forward")
    # The contract asks spot first: where both are wrong, spot's error is the one.
    price, confidence = spot(state, found.spot_feed)
    what = f"{found.name} expiry {expiry}"
    data = found.expiries.get(expiry)
    if data is None or data.timestamp == 0:
        raise _refuse(what, "LFF_MissingExpiryData")
    _check_forward_age(state, found, data, expiry)
    confidence = min(confidence, data.confidence)
    unscaled = price + data.diff
    if unscaled < 0:
        raise _refuse(what, NEGATIVE_CAST)
    left = expiry - data.timestamp
    if left >= SETTLEMENT_TWAP_S:
        return Forward(0, unscaled, confidence)
    fixed = trunc_div(data.current_aggregate - data.start_aggregate, SETTLEMENT_TWAP_S)
    return Forward(fixed, trunc_div(unscaled * left, SETTLEMENT_TWAP_S), confidence)


def _check_forward_age(
    state: DeriveState, feed: ForwardFeed, data: ForwardData, expiry: int
) -> None:
    """Data signed for the expiry itself is final; in the window before it a shorter heartbeat
    holds beside the ordinary one."""
    if data.timestamp >= expiry:
        return
    what = f"{feed.name} expiry {expiry}"
    _fresh(state, what, data.timestamp, feed.heartbeat_s)
    in_window = state.block_time + SETTLEMENT_TWAP_S > expiry
    if in_window and data.timestamp + known(feed.settlement_heartbeat_s) < state.block_time:
        raise _refuse(what, "LFF_SettlementDataTooOld")


def settlement_price(state: DeriveState, feed: str, expiry: int) -> int | None:
    """getSettlementPrice: the final price, None while it is not settled."""
    found = state.feeds.forward.get(feed)
    if found is None:
        raise _missing(state, feed, "forward")
    data = found.expiries.get(expiry)
    if data is None or data.timestamp != expiry:
        return None
    return trunc_div(data.current_aggregate - data.start_aggregate, SETTLEMENT_TWAP_S)


def vol_data(state: DeriveState, feed: str, expiry: int) -> VolData:
    """The surface of `expiry`, fresh. Raises: UnreadableNumberError LVF_MissingExpiryData,
    BLF_DataTooOld."""
    found = state.feeds.vol.get(feed)
    if found is None:
        raise _missing(state, feed, "volatility")
    what = f"{found.name} expiry {expiry}"
    data = found.expiries.get(expiry)
    if data is None or data.timestamp == 0:
        raise _refuse(what, "LVF_MissingExpiryData")
    _fresh(state, what, data.timestamp, found.heartbeat_s)
    return data


def interest_rate(state: DeriveState, feed: str, expiry: int) -> tuple[int, int]:
    """getInterestRate: (rate, confidence). Raises: UnreadableNumberError BLF_DataTooOld, also for
    an expiry that was never signed (its timestamp is 0)."""
    found = state.feeds.rate.get(feed)
    if found is None:
        raise _missing(state, feed, "rate")
    data = found.expiries.get(expiry)
    what = f"{found.name} expiry {expiry}"
    _fresh(state, what, 0 if data is None else data.timestamp, found.heartbeat_s)
    if data is None:
        raise _refuse(what, "BLF_DataTooOld")
    return data.rate, data.confidence
