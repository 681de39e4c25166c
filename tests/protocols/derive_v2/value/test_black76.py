"""Black-76 and SVI: bounds, parity, and distance from arbitrary-precision prices."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.protocols.derive_v2.records.feeds import VolData
from analyzer.protocols.derive_v2.value.black76 import SECONDS_PER_YEAR, prices
from analyzer.protocols.derive_v2.value.svi import volatility
from analyzer.protocols.kit.unreadable import UnreadableNumberError

E18 = 10**18
mp: Any = mpmath.mp
SECONDS = st.integers(min_value=0, max_value=2 * SECONDS_PER_YEAR)
VOLS = st.integers(min_value=E18 // 100, max_value=3 * E18)
MONEY = st.integers(min_value=E18, max_value=200_000 * E18)


def surface(**changes: int) -> VolData:
    """A surface of a quarter of a year."""
    base = {
        "a": E18 // 20,
        "b": E18 // 5,
        "rho": -E18 // 10,
        "m": -E18 // 20,
        "sigma": E18 // 4,
        "fwd": 2_000 * E18,
        "ref_tau": E18 // 4,
        "confidence": E18,
        "timestamp": 1,
    }
    return VolData(**{**base, **changes})


@given(SECONDS, VOLS, MONEY, MONEY)
def test_prices_lie_between_zero_and_what_is_delivered(
    seconds: int, vol: int, forward: int, strike: int
) -> None:
    call, put = prices(
        seconds=seconds, volatility=vol, forward=forward, strike=strike, discount=E18
    )
    assert 0 <= call <= forward
    assert 0 <= put <= strike


@settings(max_examples=200, deadline=None)
@given(SECONDS.filter(bool), VOLS, MONEY, st.integers(min_value=20, max_value=500))
def test_a_call_is_within_1e_13_of_its_forward(
    seconds: int, vol: int, forward: int, percent: int
) -> None:
    strike = forward * percent // 100
    call, put = prices(
        seconds=seconds, volatility=vol, forward=forward, strike=strike, discount=E18
    )
    f, k = mp.mpf(forward) / E18, mp.mpf(strike) / E18
    total = mp.mpf(vol) / E18 * mp.sqrt(mp.mpf(seconds) / SECONDS_PER_YEAR)
    d1 = (mp.log(f / k) + total * total / 2) / total
    truth = f * mp.ncdf(d1) - k * mp.ncdf(d1 - total)
    assert abs(mp.mpf(call) / E18 - truth) <= f * mp.mpf("1e-13")
    assert abs(mp.mpf(call - put) / E18 - (f - k)) <= f * mp.mpf("1e-13")


def test_an_expired_option_is_worth_its_intrinsic_value_to_a_rounding() -> None:
    call, put = prices(
        seconds=0, volatility=E18, forward=2_000 * E18, strike=1_500 * E18, discount=E18
    )
    assert (call, put) == (500 * E18, 0)


@pytest.mark.parametrize(
    ("strike", "forward", "expected"), [(0, 5 * E18, (5 * E18, 0)), (7 * E18, 0, (0, 7 * E18))]
)
def test_zero_strike_and_zero_forward_need_no_volatility(
    strike: int, forward: int, expected: tuple[int, int]
) -> None:
    assert (
        prices(seconds=100, volatility=0, forward=forward, strike=strike, discount=E18) == expected
    )


@given(MONEY)
def test_volatility_is_flat_beyond_four_total_deviations(strike: int) -> None:
    found = volatility(strike, surface())
    assert volatility(10**9 * E18, surface()) >= found or volatility(1, surface()) >= found


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"fwd": 0}, "SVI_NoForwardPrice"),
        ({"a": -E18}, "SVI: value must be positive"),
        ({"ref_tau": 0}, "Panic(0x12)"),
        ({"a": 0, "b": E18, "rho": -2 * E18, "m": -E18}, "SVI_InvalidParameters"),
    ],
)
def test_a_surface_that_the_contract_refuses_is_refused(changes: dict[str, int], name: str) -> None:
    with pytest.raises(UnreadableNumberError) as caught:
        volatility(2_000 * E18, surface(**changes))
    assert caught.value.unreadable.reason == name


def test_strike_zero_has_no_volatility() -> None:
    assert volatility(0, surface(fwd=0)) == 0
