"""Price impact of closing a position: by the market's own imbalance, and the shared one.

Source: gmx-synthetics `PositionPricingUtils.sol` (getPriceImpactUsd), `PricingUtils.sol`,
`MarketUtils.sol` (getAdjustedPositionImpactFactors, capPositiveImpactUsdBy...).
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.protocols.gmx_v2.fixed_point import apply_exponent, apply_factor
from analyzer.protocols.gmx_v2.value.market_prices import low
from analyzer.protocols.gmx_v2.value.pool import Pool
from analyzer.protocols.gmx_v2.value.prices import middle
from analyzer.protocols.kit.unreadable import Unreadable, UnreadableNumberError, known, reverts


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change of open interest is charged (< 0) or paid, USD. improved: whether it makes the
    imbalance smaller, which the fee depends on."""

    usd: int
    improved: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """One sign's impact: factor x imbalance ^ exponent."""

    factor: int
    exponent: int

    def usd(self, imbalance: int) -> int:
        """The impact of an imbalance from zero, USD."""
        return apply_factor(apply_exponent(imbalance, self.exponent), self.factor)


def curves(pool: Pool) -> tuple[Curve, Curve]:
    """(positive, negative): what improves the balance never earns more than what worsens it
    costs. Raises: UnreadableNumberError."""
    factors = [pool.setting("POSITION_IMPACT_FACTOR", sign) for sign in (True, False)]
    exponents = [pool.setting("POSITION_IMPACT_EXPONENT_FACTOR", sign) for sign in (True, False)]
    return Curve(min(factors), min(exponents)), Curve(factors[1], exponents[1])


def closing_impact(pool: Pool, is_long: bool, size_usd: int, size_tokens: int) -> Impact:
    """The impact of closing `size_usd` (`size_tokens`) of a side, before any bound.

    Raises: UnreadableNumberError.
    """
    delta = size_usd
    if pool.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"):
        delta = size_tokens * middle(pool.prices.index)
    sides = pool.balance_interest(True), pool.balance_interest(False)
    own = _impact(pool, sides, delta, is_long)
    if own.usd >= 0:
        return own
    inventory = virtual_inventory(pool, middle(pool.prices.index))
    if inventory is None:
        return own
    # Both sides grow by what is closed, so that none falls below zero.
    shared = (max(-inventory, 0) + delta, max(inventory, 0) + delta)
    other = _impact(pool, shared, delta, is_long)
    return other if other.usd < own.usd else own


def virtual_inventory(pool: Pool, index_price: int) -> int | None:
    """The inventory that markets of this index share, USD, > 0 = sold to the pools; None = none.

    index_price: what its tokens count at, where the global flag counts tokens. Raises:
    UnreadableNumberError.
    """
    found = pool.market.virtual_id
    virtual_id = known(found) if isinstance(found, Unreadable) else found
    if virtual_id is None:
        return None
    if pool.flag("USE_OPEN_INTEREST_IN_TOKENS_FOR_BALANCE"):
        return known(pool.state.virtual_in_tokens[virtual_id]) * index_price
    return pool.state.virtual.get(virtual_id, 0)


def _impact(pool: Pool, sides: tuple[int, int], delta: int, is_long: bool) -> Impact:
    """The impact of lessening one of (longs, shorts) by `delta`. Raises: UnreadableNumberError
    where the side is less: what halves round off a market of one token can leave it so."""
    longs, shorts = sides
    if delta > (longs if is_long else shorts):
        what = f"price impact in market {pool.ledger.market_token}"
        side = "Long" if is_long else "Short"
        raise UnreadableNumberError(reverts(what, f"UsdDeltaExceeds{side}OpenInterest"))
    after = (longs - delta, shorts) if is_long else (longs, shorts - delta)
    return impact_of(sides, after, curves(pool))


def impact_of(before: tuple[int, int], after: tuple[int, int], both: tuple[Curve, Curve]) -> Impact:
    """The impact of moving two sides. both: the curve of an impact that is paid, and of one that
    is charged; where the heavier side changes, what was is paid by one and what is charged by the
    other."""
    gaps = abs(before[0] - before[1]), abs(after[0] - after[1])
    improved = gaps[1] < gaps[0]
    positive, negative = both
    if (before[0] <= before[1]) == (after[0] <= after[1]):
        curve = positive if improved else negative
        size = abs(curve.usd(gaps[0]) - curve.usd(gaps[1]))
        return Impact(size if improved else -size, improved)
    return Impact(positive.usd(gaps[0]) - negative.usd(gaps[1]), improved)


def capped_by_size(pool: Pool, usd: int, size_usd: int) -> int:
    """An impact that is paid, within the market's largest share of the size; a charge as it is.

    Raises: UnreadableNumberError.
    """
    if usd <= 0:
        return usd
    most = min(pool.setting("MAX_POSITION_IMPACT_FACTOR", sign) for sign in (True, False))
    return min(usd, apply_factor(size_usd, most))


def capped_by_pool(pool: Pool, usd: int) -> int:
    """An impact that is paid, within what the impact pool holds and the pool lends; a charge as it
    is. Raises: UnreadableNumberError."""
    if usd <= 0:
        return usd
    held = pool.ledger.impact_pool * low(pool.prices.index)
    return min(usd, held + pool.lendable_usd())
