"""A reserve's indexes: stored at its last update, grown from there to any later second.

    income = supply index * (1 + rate * t)            debt = debt index * compound(rate, t)

The views grow both whatever they are; an update of the reserve stores the supply index only where
the supply rate is not 0, and the debt index only where there is variable debt (in 3.0.0 only where
besides the supply rate is not 0: what the interest was, nobody is ever charged).
Source: ReserveLogic.getNormalizedIncome, getNormalizedDebt, _updateIndexes.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.protocols.aave_v3.ray_math import (
    RAY,
    compound_binomial,
    compound_taylor,
    linear_interest,
    ray_mul,
)
from analyzer.protocols.aave_v3.revisions import Compound, Rules


@dataclass(frozen=True, slots=True)
class ReserveIndexes:
    """Indexes and yearly rates in ray, as stored at `updated_at` (unix seconds)."""

    supply_ray: int = RAY
    debt_ray: int = RAY
    supply_rate_ray: int = 0
    debt_rate_ray: int = 0
    updated_at: int = 0


def compound(rules: Rules, rate_ray: int, elapsed_s: int) -> int:
    """Growth of a variable-debt index by the revision's series."""
    if rules.compound is Compound.BINOMIAL:
        return compound_binomial(rate_ray, elapsed_s)
    return compound_taylor(rate_ray, elapsed_s)


def grown(rules: Rules, indexes: ReserveIndexes, now: int) -> tuple[int, int]:
    """(normalized income, normalized variable debt) at `now`, in ray."""
    elapsed = now - indexes.updated_at
    if elapsed == 0:
        return indexes.supply_ray, indexes.debt_ray
    return (
        ray_mul(linear_interest(indexes.supply_rate_ray, elapsed), indexes.supply_ray),
        ray_mul(compound(rules, indexes.debt_rate_ray, elapsed), indexes.debt_ray),
    )


def updated(rules: Rules, indexes: ReserveIndexes, now: int, *, scaled_debt: int) -> ReserveIndexes:
    """The indexes as an update at `now` stores them; rates are not touched."""
    if now == indexes.updated_at:
        return indexes
    income, debt = grown(rules, indexes, now)
    stores_debt = scaled_debt and (indexes.supply_rate_ray or not rules.debt_index_needs_income)
    return ReserveIndexes(
        income if indexes.supply_rate_ray else indexes.supply_ray,
        debt if stores_debt else indexes.debt_ray,
        indexes.supply_rate_ray,
        indexes.debt_rate_ray,
        now,
    )
