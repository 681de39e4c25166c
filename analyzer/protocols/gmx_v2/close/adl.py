"""Auto-deleveraging: which winners a keeper may close, and how much of each.

A side whose profits exceed MAX_PNL_FACTOR_FOR_ADL of its pool is open to it. Each order has to
lower the factor and may not lead below MIN_PNL_FACTOR_AFTER_ADL; whom to close the keeper chooses.
Source: gmx-synthetics `AdlHandler.sol`, `AdlUtils.sol`.
"""

from __future__ import annotations

from analyzer.protocols.gmx_v2.close.decrease import Decrease, decrease
from analyzer.protocols.gmx_v2.close.motion import accrue, apply, in_motion
from analyzer.protocols.gmx_v2.records import Position
from analyzer.protocols.gmx_v2.settings import DISABLED, FOR_ADL
from analyzer.protocols.gmx_v2.value.valuation import Valuation
from analyzer.protocols.kit.unreadable import UnreadableNumberError

_PARTS = 16
"""A part of a position is looked for in so many halvings."""


def is_due(valuation: Valuation, market: str, is_long: bool) -> bool:
    """Whether a side may be deleveraged at these prices. Raises: UnreadableNumberError."""
    pool = valuation.pool(market)
    if pool.market.settings[DISABLED] == 1:
        return False
    return pool.pnl_to_pool(is_long, True) > pool.setting(FOR_ADL, is_long)


def factor_after(valuation: Valuation, found: Decrease) -> int:
    """A side's profits as a part of its pool once the close has happened, 1e30."""
    state = in_motion(valuation.state)
    position = found.position
    before = Valuation(state, valuation.pairs)
    accrue(before, position.market)
    apply(state, found)
    after = Valuation(state, valuation.pairs)
    return after.pool(position.market).pnl_to_pool(position.is_long, True)


def allowed(valuation: Valuation, found: Decrease) -> bool:
    """Whether an order of this size would go through: the factor falls (else `AdlNotRequired` or
    `InvalidAdl`), and not too far (else `PnlOvercorrected`). Raises: UnreadableNumberError."""
    position = found.position
    pool = valuation.pool(position.market)
    before, after = pool.pnl_to_pool(position.is_long, True), factor_after(valuation, found)
    return pool.setting("MIN_PNL_FACTOR_AFTER_ADL", position.is_long) <= after < before


def largest(valuation: Valuation, position: Position) -> Decrease | None:
    """The largest order against a winner of a side that may be deleveraged: all of it, else what
    is found by halving; None where none goes through, or it is no winner."""
    try:
        if not is_due(valuation, position.market, position.is_long):
            return None
        whole = decrease(valuation, position, position.size_in_usd, liquidation=False)
        if whole.profit.capped <= 0:
            return None
        if allowed(valuation, whole):
            return whole
        return _part(valuation, position)
    except UnreadableNumberError:
        return None


def _part(valuation: Valuation, position: Position) -> Decrease | None:
    """The largest part of 2^-16 steps that goes through."""
    low, found = 0, None
    for step in range(1, _PARTS + 1):
        tried = low + (position.size_in_usd >> step)
        if tried == low:
            break
        part = decrease(valuation, position, tried, liquidation=False)
        if allowed(valuation, part):
            low, found = tried, part
    return found
