"""The close factor: how much of a reserve's debt one liquidation may repay.

    before 3.3   50 % of it; all of it at a health factor of 0.95 or less
    since 3.3    all of it, but where the pair's collateral and debt are worth 2,000 or more and the
                 health factor is above 0.95: at most 50 % of the account's whole debt

Which rule a revision has: `revisions.CloseFactor`. Token amounts in the token's decimals, values in
the base currency, the health factor at 18 decimals.
Source: LiquidationLogic._calculateDebt (before 3.3), LiquidationLogic.executeLiquidationCall.
"""

from __future__ import annotations

from analyzer.protocols.aave_v3.ray_math import percent_mul

CLOSE_FACTOR_THRESHOLD = 95 * 10**16
"""Health factor above which only a part may be repaid; also the sentinel's limit."""
HALF_BPS = 5_000
MIN_BASE_FOR_PARTIAL = 2_000 * 10**8
"""Below it a pair may be closed whole. The contract's own number, made for 8-decimal units."""


def of_reserve_debt(owed: int, health_factor: int) -> int:
    """The rule before 3.3: how much of `owed` may be repaid, half rounded half up."""
    return percent_mul(owed, HALF_BPS) if health_factor > CLOSE_FACTOR_THRESHOLD else owed


def of_whole_debt(
    owed: int,
    health_factor: int,
    *,
    collateral_value: int,
    debt_value: int,
    whole_debt: int,
    price: int,
    unit: int,
) -> int:
    """The rule since 3.3: how much of `owed` may be repaid, rounded down.

    collateral_value, debt_value: of the pair; whole_debt: of the account, all reserves. price: the
    debt's, of one token of `unit` parts.
    """
    if (
        collateral_value < MIN_BASE_FOR_PARTIAL
        or debt_value < MIN_BASE_FOR_PARTIAL
        or health_factor <= CLOSE_FACTOR_THRESHOLD
    ):
        return owed
    limit = percent_mul(whole_debt, HALF_BPS)
    return limit * unit // price if debt_value > limit else owed
