"""Price impact of closing many positions of one market in many scenarios, float64.

The same rules as `impact`, with a float power; shapes: [position, scenario].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.protocols.gmx_v2.fixed_point import ONE
from analyzer.protocols.gmx_v2.value.impact import Curve, curves, virtual_inventory
from analyzer.protocols.gmx_v2.value.pool import Pool

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_USD = 1e30


def close_impacts(
    pool: Pool, is_long: Flags, size: Floats, tokens: Floats, middle: Floats
) -> tuple[Floats, Floats]:
    """(impact of closing each position whole, USD; the fee factor that goes with it).

    is_long, size (USD), tokens (raw): [position]; middle: of the index price in USD for the
    smallest unit, [scenario]. Shapes of both: [position, scenario].
    """
    scenarios = len(middle)
    if pool.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"):
        delta = tokens[:, None] * middle
        sides = [float(pool.in_tokens(side)) * middle for side in (True, False)]
    else:
        delta = np.repeat(size[:, None], scenarios, axis=1)
        sides = [np.full(scenarios, pool.open_interest(side) / _USD) for side in (True, False)]
    longs, shorts = (np.broadcast_to(side, delta.shape) for side in sides)
    own, improved = _impact(pool, is_long, longs, shorts, delta)
    inventory = _inventory(pool, middle)
    if inventory is not None:
        other, other_improved = _impact(
            pool,
            is_long,
            np.maximum(-inventory, 0) + delta,
            np.maximum(inventory, 0) + delta,
            delta,
        )
        worse = (own < 0) & (other < own)
        own, improved = np.where(worse, other, own), np.where(worse, other_improved, improved)
    most = min(pool.setting("MAX_POSITION_IMPACT_FACTOR", sign) for sign in (True, False)) / ONE
    fees = [pool.setting("POSITION_FEE_FACTOR", sign) / ONE for sign in (True, False)]
    return np.minimum(own, size[:, None] * most), np.where(improved, fees[0], fees[1])


def _inventory(pool: Pool, middle: Floats) -> Floats | None:
    """The inventory that markets of this index share, USD, [scenario]; None = none."""
    found = virtual_inventory(pool, 1)
    if found is None:
        return None
    if pool.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"):
        return float(found) * middle
    return np.full(len(middle), found / _USD)


def _impact(
    pool: Pool, is_long: Flags, longs: Floats, shorts: Floats, delta: Floats
) -> tuple[Floats, Flags]:
    """(impact, whether the imbalance falls) of lessening each position's side by its size."""
    flags = is_long[:, None]
    next_longs = np.where(flags, longs - delta, longs)
    next_shorts = np.where(flags, shorts, shorts - delta)
    before, after = np.abs(longs - shorts), np.abs(next_longs - next_shorts)
    improved = after < before
    positive, negative = curves(pool)
    paid = [_curve(positive, gap) for gap in (before, after)]
    charged = [_curve(negative, gap) for gap in (before, after)]
    same = np.where(improved, np.abs(paid[0] - paid[1]), -np.abs(charged[0] - charged[1]))
    is_same = (longs <= shorts) == (next_longs <= next_shorts)
    return np.where(is_same, same, paid[0] - charged[1]), improved


def _curve(curve: Curve, gap: Floats) -> Floats:
    """factor x gap ^ exponent; 0 below one dollar."""
    scaled = np.power(np.maximum(gap, 1.0), curve.exponent / ONE) * (curve.factor / ONE)
    return np.where(gap < 1, 0.0, scaled)
