"""Black-76 and the normal distribution in float64, over arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.protocols.derive_v2.fixed_point.normal import DENOMINATOR, NUMERATOR
from analyzer.protocols.derive_v2.value.black76 import SECONDS_PER_YEAR

Floats = npt.NDArray[np.float64]
_BASE = 2.0**64
_TOP = tuple(value / _BASE for value in NUMERATOR)
_BOTTOM = tuple(value / _BASE for value in DENOMINATOR)
_SQRT_TWO_PI = 2.5066282746310002
_SWITCH = 7.07106781186547
_TINY = 1e-18
"""The contracts' smallest volatility and moneyness: one unit."""


def normal_cdf(x: Floats) -> Floats:
    """N(x), with the contracts' own approximation (no closer than 1e-15)."""
    z = np.minimum(np.abs(x), 37.0)
    density = np.exp(-0.5 * z * z)
    tail = density * np.polyval(_TOP, z) / np.polyval(_BOTTOM, z)
    # Few are that far out: the fraction is computed for them alone.
    far = z >= _SWITCH
    if far.any():
        outer = z[far]
        fraction = np.full_like(outer, 0.65)
        for level in (4.0, 3.0, 2.0, 1.0):
            fraction = level / (outer + fraction)
        tail[far] = density[far] / ((fraction + outer) * _SQRT_TWO_PI)
    cdf: Floats = np.where(x <= 0, tail, 1.0 - tail)
    return cdf


def black76(
    *,
    seconds: Floats,
    volatility: Floats,
    forward: Floats,
    strike: Floats,
    is_call: npt.NDArray[np.bool_],
    discount: Floats,
) -> Floats:
    """One unit of each option, discounted. All arguments broadcast against each other."""
    total = np.maximum(volatility * np.sqrt(seconds / SECONDS_PER_YEAR), _TINY)
    safe = np.maximum(forward, _TINY)
    moneyness = np.maximum(strike / safe, _TINY)
    d1 = (0.5 * total * total - np.log(moneyness)) / total
    call = np.maximum(0.0, normal_cdf(d1) - moneyness * normal_cdf(d1 - total))
    unit = np.where(is_call, call, np.maximum(0.0, call + moneyness - 1.0)) * safe
    price: Floats = np.minimum(unit, np.where(is_call, forward, strike)) * discount
    return price
