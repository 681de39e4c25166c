"""Why a liquidation is refused, in the contract's own words.

Up to revision 7 the words are the numbers of Errors.sol, later the names of custom errors.
Source: Errors.sol of `@aave/core-v3` 1.19.3 and `@aave-dao/aave-v3-origin` 3.6.0; 97 and 103 as in
the public repository's revisions 4 to 7.
"""

from __future__ import annotations

from enum import Enum

from analyzer.protocols.aave_v3.revisions import Rules


class Refusal(Enum):
    """(number, custom error) of each check."""

    SELF = ("", "SelfLiquidation")
    INACTIVE = ("27", "ReserveInactive")
    PAUSED = ("29", "ReservePaused")
    SENTINEL = ("59", "PriceOracleSentinelCheckFailed")
    GRACE = ("97", "LiquidationGraceSentinelCheckFailed")
    HEALTHY = ("45", "HealthFactorNotBelowThreshold")
    NOT_COLLATERAL = ("46", "CollateralCannotBeLiquidated")
    NO_DEBT = ("47", "SpecifiedCurrencyNotBorrowedByUser")
    BURNS_NOTHING = ("25", "InvalidBurnAmount")
    DUST = ("103", "MustNotLeaveDust")


def error_name(rules: Rules, refusal: Refusal) -> str:
    """What the revert says in this revision."""
    number, name = refusal.value
    return number if rules.error_texts else name
