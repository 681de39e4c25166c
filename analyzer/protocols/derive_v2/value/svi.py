"""Volatility of a strike on a signed SVI surface.

    w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))      vol = sqrt(w / tau)
    k = ln(K / F), held inside +- 4 sqrt(a + b sigma)

Source: derivexyz/lyra-utils `SVI`; F and tau are those that were signed, not the block's.
"""

from __future__ import annotations

from analyzer.model.integers import WAD, clamp
from analyzer.protocols.derive_v2.fixed_point import div, ln, mul, sqrt
from analyzer.protocols.derive_v2.records.feeds import VolData
from analyzer.protocols.kit.unreadable import UnreadableNumberError, reverts

MAX_TOTAL_VARIANCE = 144 * WAD
BOUND_SCALE = 4 * WAD


def volatility(strike: int, surface: VolData) -> int:
    """Annualised volatility, 18 decimals; 0 for strike 0.

    Raises: UnreadableNumberError SVI_NoForwardPrice, SVI_InvalidParameters (negative variance), or
    the cast error of a negative a + b * sigma, or the division by a zero time as the contract
    panics.
    """
    if strike == 0:
        return 0
    if surface.fwd == 0:
        raise _refused("SVI_NoForwardPrice")
    at_the_money = surface.a + mul(surface.b, surface.sigma)
    if at_the_money < 0:
        raise _refused("SVI: value must be positive")
    bound = mul(sqrt(at_the_money), BOUND_SCALE)
    ratio = div(strike, surface.fwd)
    k = clamp(ln(ratio), -bound, bound) if ratio else -bound
    distance = k - surface.m
    root = sqrt(mul(distance, distance) + mul(surface.sigma, surface.sigma))
    variance = surface.a + mul(surface.b, root + mul(surface.rho, distance))
    if variance < 0:
        raise _refused("SVI_InvalidParameters")
    if surface.ref_tau == 0:
        raise _refused("Panic(0x12)")
    return sqrt(div(min(variance, MAX_TOTAL_VARIANCE), surface.ref_tau))


def _refused(name: str) -> UnreadableNumberError:
    """The library's own refusal."""
    return UnreadableNumberError(reverts("volatility surface", name))
